"""The tables, as SQLAlchemy Core sees them. `migrations/` makes them; a test holds the two together."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970: SQLite keeps no zone, and comparing is exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Write an instant."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read an instant, in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


metadata = MetaData()

# Ids are never given twice, so that what runs under the id of a removed user cannot meet another one.
users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("language", String, nullable=False),
    Column("pbx", String, nullable=False),
    Column("hours", JSON(none_as_null=True)),
    Column("operator", String),
    Column("enabled", Boolean, nullable=False),
    Column("through", JSON, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)

numbers = Table(
    "numbers",
    metadata,
    Column("number", String, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

emails = Table(
    "emails",
    metadata,
    Column("email", String, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", String, nullable=False),
    Column("language", String, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("mode", String, nullable=False),
    Column("marker", String, nullable=False),
    Column("only_own", Boolean, nullable=False),
    Column("permitted", JSON, nullable=False),
    Column("operator", String),
    Column("through", JSON, nullable=False, server_default="[]"),
    Column("outside", JSON, nullable=False, server_default="[]"),
    Column("grace", Integer, nullable=False, server_default="900"),
    Column("dial_in", JSON, nullable=False, server_default="{}"),
    Column("numbering", JSON, nullable=False, server_default="{}"),
)

codes = Table(
    "codes",
    metadata,
    Column("key", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("names", JSON, nullable=False),
    Column("reason", String, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("internal", String, nullable=False),
    Column("external", String, nullable=False),
    Column("target", String),
    Column("shown", Boolean, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("availability", String, nullable=False),
    Column("digit", String),
    Column("takes", String, nullable=False),
    Column("until_next_working", Boolean, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("login", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("service", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("refusals", Integer, nullable=False, server_default="0"),
    Column("first_refused", Instant),
    Column("last_refused", Instant),
    Column("unanswered", Integer, nullable=False, server_default="0"),
    Column("tried", Instant),
    UniqueConstraint("source", "login", name="uq_accounts_source_login"),
    sqlite_autoincrement=True,
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("path", String),
    Column("refresh", Integer),
    Column("calendar", Boolean, nullable=False, server_default=true()),
    Column("token", Text),
    Column("day", Date),
    Column("epoch", Integer, nullable=False),
    Column("tried", Instant),
    Column("succeeded", Instant),
    Column("failing_since", Instant),
    Column("error", String),
    Column("said", Text),
    Column("set_aside", Integer, nullable=False),
    Column("remarks", JSON, nullable=False),
    UniqueConstraint("user", "account", name="uq_mailboxes_user_account"),
    sqlite_autoincrement=True,
)

diversions = Table(
    "diversions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox", ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key", String, nullable=False),
    Column("code", String, nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False, index=True),
    Column("diverts", Boolean, nullable=False),
    Column("target", String),
    Column("text", Text),
    Column("dismissed", Boolean, nullable=False, server_default=false()),
    Column("found", Instant, nullable=False, server_default="0"),
)

meetings = Table(
    "meetings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox", ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("organiser", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("meeting", String, nullable=False),
    Column("series", String, nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False, index=True),
    Column("autocall", Boolean, nullable=False),
    Column("subject", String, nullable=False),
    Column("participants", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    sqlite_autoincrement=True,
)

rooms = Table(
    "rooms",
    metadata,
    Column("number", String, primary_key=True),
    Column("pbx", String, nullable=False),
    Column("owner", ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("pin", String, nullable=False),
    Column("recorded", Boolean, nullable=False),
)

# Conferences, their calls and who is in them outlive the organiser and the calendar that they came from.
conferences = Table(
    "conferences",
    metadata,
    Column("key", String, primary_key=True),
    Column("meeting", String, nullable=False),
    Column("series", String, nullable=False),
    Column("organiser", Integer, nullable=False),
    Column("pbx", String, nullable=False),
    Column("room", String),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False),
    Column("opens", Instant, nullable=False),
    Column("closes", Instant, nullable=False, index=True),
    Column("autocall", Boolean, nullable=False),
    Column("subject", String, nullable=False),
    Column("participants", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("collided", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("told", String, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("id", String, primary_key=True),
    Column("conference", String, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("first", Instant, nullable=False),
    Column("ends", Instant, nullable=False, index=True),
    Column("waits", Boolean, nullable=False),
    Column("boot", String, nullable=False),
    Column("result", String),
    Column("over", Instant),
)

attendances = Table(
    "attendances",
    metadata,
    Column("conference", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("who", String, nullable=False),
    Column("joined", Instant, nullable=False),
    Column("left", Instant),
)

absences = Table(
    "absences",
    metadata,
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("code", String, nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False, index=True),
    Column("target", String),
)

# They are the number's and not its owner's: what a PBX still holds of somebody before is no news about the next one.
turns = Table(
    "turns",
    metadata,
    Column("number", String, primary_key=True),
    Column("turn", BigInteger, nullable=False),
)

books = Table(
    "books",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("owner", ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("name", String, nullable=False),
    Column("mailbox", ForeignKey("mailboxes.id", ondelete="CASCADE")),
    Column("path", String),
    Column("refresh", Integer),
    Column("enabled", Boolean, nullable=False),
    Column("token", Text),
    Column("day", Date),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("tried", Instant),
    Column("succeeded", Instant),
    Column("failing_since", Instant),
    Column("error", String),
    Column("said", Text),
    Column("set_aside", Integer, nullable=False, server_default="0"),
    Column("gone_at", Integer, nullable=False, server_default="0"),
    UniqueConstraint("mailbox", name="uq_books_mailbox"),
    sqlite_autoincrement=True,
)

# Their ids name entries of the directory, which telephones remember.
contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("book", ForeignKey("books.id", ondelete="CASCADE"), nullable=False),
    Column("key", String, nullable=False),
    Column("revision", Integer, nullable=False, index=True),
    Column("fields", JSON, nullable=False),
    UniqueConstraint("book", "key", name="uq_contacts_book_key"),
    sqlite_autoincrement=True,
)

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("vendor", String, nullable=False),
    Column("form", String),
    Column("salt", LargeBinary, nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    UniqueConstraint("user", "name", name="uq_devices_user_name"),
    sqlite_autoincrement=True,
)

wishes = Table(
    "wishes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("asked", Instant, nullable=False),
    sqlite_autoincrement=True,
)

switches = Table(
    "switches", metadata, Column("name", String, primary_key=True), Column("since", Instant, nullable=False)
)

health = Table(
    "health",
    metadata,
    Column("name", String, primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    Column("said", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("beat", Instant, nullable=False),
    Column("facts", JSON, nullable=False),
)

changes = Table(
    "changes", metadata, Column("noun", String, primary_key=True), Column("revision", Integer, nullable=False)
)
