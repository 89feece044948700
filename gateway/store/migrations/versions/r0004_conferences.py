"""Conferences: what calendars ask for, what is planned, the calls, who is in, the rooms, and what holds for all."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOUNS = ("attendances", "calls", "conferences", "meetings", "rooms")


def upgrade() -> None:
    """Make five tables and as many nouns, and give the organisation what it has not had: nobody outside is called."""
    _meetings()
    _rooms()
    _conferences()
    _calls()
    _attendances()
    op.add_column("organisation", sa.Column("outside", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("organisation", sa.Column("grace", sa.Integer(), server_default="900", nullable=False))
    op.add_column("organisation", sa.Column("dial_in", sa.JSON(), server_default="{}", nullable=False))
    changes = sa.table("changes", sa.column("noun", sa.String), sa.column("revision", sa.Integer))
    op.bulk_insert(changes, [{"noun": noun, "revision": 0} for noun in NOUNS])


def _meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("organiser", sa.Integer(), nullable=False),
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("autocall", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox"], ["mailboxes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organiser"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    for column in ("end", "mailbox", "organiser"):
        op.create_index(op.f(f"ix_meetings_{column}"), "meetings", [column], unique=False)


def _rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=True),
        sa.Column("pin", sa.String(), nullable=False),
        sa.Column("recorded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_rooms_owner"), "rooms", ["owner"], unique=False)


def _conferences() -> None:
    op.create_table(
        "conferences",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("organiser", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("opens", sa.BigInteger(), nullable=False),
        sa.Column("closes", sa.BigInteger(), nullable=False),
        sa.Column("autocall", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("collided", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_conferences_closes"), "conferences", ["closes"], unique=False)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conference", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("over", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("conference", "ends"):
        op.create_index(op.f(f"ix_calls_{column}"), "calls", [column], unique=False)


def _attendances() -> None:
    op.create_table(
        "attendances",
        sa.Column("conference", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("conference", "channel"),
    )
