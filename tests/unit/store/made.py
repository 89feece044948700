"""Things to put into a database, each with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.book import Book
from gateway.domain.conference import Attempt, CallState, Conference, LeftOut, Meeting, Participant, Why
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.diversion import Diversion
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.store import accounts, books, mailboxes, users
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


def meeting(organiser: int, name: str = "a", **values: object) -> Meeting:
    given = {
        "series": "5" * 32,
        "start": NOON,
        "end": NOON + HOUR,
        "autocall": True,
        "subject": "Styrgrupp",
        "participants": (Participant("anna@example.org", organiser), Participant("bo@example.net", None, "0046850050")),
        "left_out": (LeftOut("list@example.org", Why.GROUP),),
    } | values
    return Meeting(meeting=name * 32, organiser=organiser, **given)  # type: ignore[arg-type]


def conference(name: str = "a", **values: object) -> Conference:
    given = {
        "meeting": "b" * 32,
        "series": "5" * 32,
        "organiser": 1,
        "pbx": "main",
        "room": "8001",
        "start": NOON,
        "end": NOON + HOUR,
        "opens": NOON - HOUR / 6,
        "closes": NOON + HOUR * 5 / 4,
        "autocall": True,
        "subject": "Styrgrupp",
        "participants": (Participant("anna@example.org", 1), Participant("bo@example.net", None, "0046850050", True)),
        "left_out": (LeftOut("list@example.org", Why.GROUP),),
    } | values
    return Conference(key=name * 32, **given)  # type: ignore[arg-type]


def attempt(name: str = "a", **values: object) -> Attempt:
    given = {
        "conference": "c" * 32,
        "who": "d" * 32,
        "number": 1,
        "state": CallState.DUE,
        "at": NOON,
        "first": NOON,
        "ends": NOON + HOUR,
    } | values
    return Attempt(id=name * 32, **given)  # type: ignore[arg-type]


def contact(key: str = "k1", **values: object) -> Contact:
    numbers = (PhoneNumber(Kind.WORK, "08-123 45", "+46812345"),)
    return Contact(key, **({"name": f"Person {key}", "numbers": numbers} | values))  # type: ignore[arg-type]


async def someone(rows: Rows, extension: str = "1001") -> tuple[User, Mailbox]:
    """Add a user with a mailbox at an account of its own."""
    user = await users.add(rows, person(extension))
    opened = await accounts.add(rows, account(f"u{extension}", service=False))
    mailbox = Mailbox(0, user.id, opened.id, user.emails[0], frozenset(), ZONE)
    return user, await mailboxes.add(rows, mailbox)


async def filled(rows: Rows, extension: str = "1001") -> tuple[User, Book]:
    """Add a user with a book beside a mailbox."""
    user, _ = await someone(rows, extension)
    (book,) = await books.of(rows, user.id)
    return user, book
