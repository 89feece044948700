"""Contacts: the books that they come from, the devices that may search them, and what a number means here."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOUNS = ("books", "contacts", "devices")


def upgrade() -> None:
    """Make three tables and as many nouns; each mailbox gets a book beside it, and may be read on demand only."""
    _mailboxes()
    _books()
    _contacts()
    _devices()
    op.add_column("organisation", sa.Column("numbering", sa.JSON(), server_default="{}", nullable=False))
    changes = sa.table("changes", sa.column("noun", sa.String), sa.column("revision", sa.Integer))
    op.bulk_insert(changes, [{"noun": noun, "revision": 0} for noun in NOUNS])


def _mailboxes() -> None:
    """Let `refresh` be nullable, in place: a table that was made anew would take its diversions with the old one."""
    op.add_column("mailboxes", sa.Column("calendar", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("mailboxes", sa.Column("pace", sa.Integer(), nullable=True))
    op.execute("UPDATE mailboxes SET pace = refresh")
    op.drop_column("mailboxes", "refresh")
    op.execute("ALTER TABLE mailboxes RENAME COLUMN pace TO refresh")


def _books() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("refresh", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried", sa.BigInteger(), nullable=True),
        sa.Column("succeeded", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("set_aside", sa.Integer(), server_default="0", nullable=False),
        sa.Column("gone_at", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["mailbox"], ["mailboxes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mailbox", name="uq_books_mailbox"),
        sqlite_autoincrement=True,
    )
    for column in ("account", "owner"):
        op.create_index(op.f(f"ix_books_{column}"), "books", [column], unique=False)
    op.execute(
        "INSERT INTO books (account, address, owner, name, mailbox, refresh, enabled)"
        " SELECT account, address, \"user\", '', id, CASE WHEN refresh < 900 THEN 900 ELSE refresh END, true"
        " FROM mailboxes ORDER BY id"
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["books.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("book", "key", name="uq_contacts_book_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_contacts_revision"), "contacts", ["revision"], unique=False)


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user", "name", name="uq_devices_user_name"),
        sqlite_autoincrement=True,
    )
