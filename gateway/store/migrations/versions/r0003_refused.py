"""Refused credentials: how often and when, so that no restart tries them more often than a server bears."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each account what it has not had: no refusal, no try that nobody has answered, no change of credentials."""
    for count in ("epoch", "refusals", "unanswered"):
        op.add_column("accounts", sa.Column(count, sa.Integer(), server_default="0", nullable=False))
    for instant in ("first_refused", "last_refused", "tried"):
        op.add_column("accounts", sa.Column(instant, sa.BigInteger(), nullable=True))
