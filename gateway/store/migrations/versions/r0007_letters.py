"""Letters with an invitation that wait for the mail server."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a table."""
    op.create_table(
        "letters",
        sa.Column("signin", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["signin"], ["signins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("signin"),
    )
