"""Things to put into a database, each with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.diversion import Diversion
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.store import accounts, mailboxes, users
from gateway.store.rows import Rows

ZONE = ZoneInfo("Europe/Stockholm")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def person(extension: str = "1001", **values: object) -> User:
    given = {"emails": (f"u{extension}@example.org",), "zone": ZONE, "name": f"Person {extension}"} | values
    return User(id=0, extension=extension, **given)  # type: ignore[arg-type]


def account(login: str = "reader", **values: object) -> Account:
    given = {"source": "office", "password": Secret("s3cret"), "service": True} | values
    return Account(id=0, login=login, **given)  # type: ignore[arg-type]


def diversion(user: int, key: str = "k1", **values: object) -> Diversion:
    given = {"code": "M", "start": NOON, "end": NOON + HOUR, "text": "Styrgrupp"} | values
    return Diversion(user=user, key=key, **given)  # type: ignore[arg-type]


async def someone(rows: Rows, extension: str = "1001") -> tuple[User, Mailbox]:
    """Add a user with a mailbox at an account of its own."""
    user = await users.add(rows, person(extension))
    opened = await accounts.add(rows, account(f"u{extension}", service=False))
    mailbox = Mailbox(0, user.id, opened.id, user.emails[0], frozenset(), ZONE)
    return user, await mailboxes.add(rows, mailbox)
