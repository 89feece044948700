"""By hand: absences set on the telephone or by command, their turns, what was dismissed, and who always rings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two tables and a noun, and give those that are there what they have not had: nothing dismissed, nobody."""
    op.create_table(
        "absences",
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user"),
    )
    op.create_index(op.f("ix_absences_end"), "absences", ["end"], unique=False)
    op.create_table(
        "turns",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.add_column("diversions", sa.Column("dismissed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("diversions", sa.Column("found", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("users", sa.Column("through", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("organisation", sa.Column("through", sa.JSON(), server_default="[]", nullable=False))
    changes = sa.table("changes", sa.column("noun", sa.String), sa.column("revision", sa.Integer))
    op.bulk_insert(changes, [{"noun": "absences", "revision": 0}])
