"""The portal: who may sign in, their sessions, invitations and tokens, addresses to be confirmed, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOUNS = ("audit", "claims", "signins")


def upgrade() -> None:
    """Make six tables and three nouns."""
    _signins()
    _of_signins()
    _claims()
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("did", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    changes = sa.table("changes", sa.column("noun", sa.String), sa.column("revision", sa.Integer))
    op.bulk_insert(changes, [{"noun": noun, "revision": 0} for noun in NOUNS])


def _signins() -> None:
    op.create_table(
        "signins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )


def _of_signins() -> None:
    op.create_table(
        "invitations",
        sa.Column("signin", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["signin"], ["signins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("signin"),
        sa.UniqueConstraint("verifier"),
    )
    op.create_table(
        "sessions",
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("signin", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["signin"], ["signins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verifier"),
    )
    op.create_index(op.f("ix_sessions_signin"), "sessions", ["signin"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("signin", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["signin"], ["signins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("verifier"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tokens_signin"), "tokens", ["signin"], unique=False)


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user", "email", name="uq_claims_user_email"),
        sa.UniqueConstraint("verifier"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_claims_user"), "claims", ["user"], unique=False)
