"""The tables of the portal: who may enter, by what, and who did what there. They are part of `tables.metadata`."""

from sqlalchemy import JSON, Column, ForeignKey, Integer, LargeBinary, String, Table, UniqueConstraint

from gateway.store.tables import Instant, metadata

# Who may enter the portal: a user, or (user NULL) an administrator who has no telephone here.
signins = Table(
    "signins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), unique=True),
    Column("name", String, unique=True),
    Column("role", Integer, nullable=False),
    Column("hash", String),
    sqlite_autoincrement=True,
)

# Of what opens something, only SHA-256 is kept (`verifier`): invitations, sessions, tokens, addresses to be confirmed.
invitations = Table(
    "invitations",
    metadata,
    Column("signin", ForeignKey("signins.id", ondelete="CASCADE"), primary_key=True),
    Column("verifier", LargeBinary, nullable=False, unique=True),
    Column("until", Instant, nullable=False),
)

# Invitations that wait for their letter; `refused`: since when the mail server does not take it.
letters = Table(
    "letters",
    metadata,
    Column("signin", ForeignKey("signins.id", ondelete="CASCADE"), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("refused", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("verifier", LargeBinary, primary_key=True),
    Column("signin", ForeignKey("signins.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Instant, nullable=False),
    Column("used", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("agent", String, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("signin", ForeignKey("signins.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("verifier", LargeBinary, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created", Instant, nullable=False),
    Column("used", Instant),
    Column("until", Instant),
    sqlite_autoincrement=True,
)

# Addresses that somebody says are theirs: confirmed with a letter, or without mail by an administrator.
claims = Table(
    "claims",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("email", String, nullable=False),
    Column("verifier", LargeBinary, unique=True),
    Column("until", Instant, nullable=False),
    UniqueConstraint("user", "email", name="uq_claims_user_email"),
    sqlite_autoincrement=True,
)

# Who did what to which row, never what it says. No reference: it outlives both.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("did", String, nullable=False),
    Column("about", String, nullable=False),
    sqlite_autoincrement=True,
)
