"""Calendar servers of any kind: what the common suite needs of one, and items that can be put into each of them."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.appointment import Appointment
from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.domain.secret import Secret
from gateway.ports import CalendarSource, Connect, Opened
from peers.dav import event
from peers.process import until
from tests.fakes.exchange import items as exchange
from tests.fakes.exchange import series
from tests.fakes.exchange.mailbox import FakeCalendar
from tests.servers import PEOPLE

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))
ANSWERS = {"ACCEPTED": "Accept", "DECLINED": "Decline", "TENTATIVE": "Tentative", "NEEDS-ACTION": "NoResponseReceived"}
DAYS = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday"}


@dataclass(frozen=True, slots=True)
class Moved:
    """The occurrence that was planned for `day` has other times, another subject and another location."""

    day: date
    start: datetime
    end: datetime
    subject: str
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What somebody has in a calendar. `start` and `end`: times in Stockholm without a zone, or days (`end` is out).

    `asked_by`: an address; alice has accepted, if it is not hers, and `others` (addresses) have answered with these
    words of RFC 5545's PARTSTAT. `lists`: addresses of distribution lists that are asked. `weekly`: days such as MO, a
    series without end; `deleted` and `moved`: of its occurrences.
    """

    uid: str
    subject: str
    start: datetime | date
    end: datetime | date
    free: bool = False
    private: bool = False
    asked_by: str = ""
    others: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    weekly: tuple[str, ...] = ()
    deleted: tuple[date, ...] = ()
    moved: tuple[Moved, ...] = ()
    location: str = ""


@dataclass
class Wrist:
    """A clock that is moved by hand."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.time

    def later(self) -> None:
        self.time += timedelta(minutes=1)


@dataclass(frozen=True)
class Server:
    """`open`: by the address of the server, or of something else on it; `nowhere` is an address with nothing there.

    `put` and `delete`: as somebody's own program would, by person and item, or its UID. `clock`: what a source asks.
    """

    open: Callable[..., Connect]
    put: Callable[[str, Item], Awaitable[None]]
    delete: Callable[[str, str], Awaitable[None]]
    nowhere: str
    clock: Wrist


@dataclass(frozen=True)
class Sharing:
    """A server at which `reader`, a service account, may read what is `heidi`'s."""

    connect: Connect
    reader: Account
    put: Callable[[str, Item], Awaitable[None]]


@dataclass(frozen=True)
class Own:
    """A server of one test's own, with `alice` alone, that can be stopped and started."""

    connect: Connect
    put: Callable[[str, Item], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]


def account(person: str, password: str | None = None) -> Account:
    return Account(1, "office", person, Secret(PEOPLE[person] if password is None else password))


def mailbox(person: str, path: str | None = None) -> Mailbox:
    return Mailbox(1, 1, 1, address(person), frozenset({address(person)}), STOCKHOLM, path)


def address(person: str) -> str:
    return f"{person}@example.test"


async def read(connected: Connect, person: str, path: str | None = None) -> Reading:
    async with connected(account(person)) as opened:
        return await whole(calendar_of(opened), mailbox(person, path))


async def whole(source: CalendarSource, box: Mailbox, since: Cursor | None = None) -> Reading:
    """Read a mailbox that must not be said to be unchanged."""
    reading = await source.read(box, WINDOW, since)
    assert reading is not None
    return reading


def calendar_of(opened: Opened) -> CalendarSource:
    assert opened.calendar is not None
    return opened.calendar


def of(reading: Reading, uid: str) -> list[Appointment]:
    return [appointment for appointment in reading.appointments if appointment.uid == uid]


def at(text: str) -> datetime:
    """Return the instant of a time in Stockholm in 2026, such as 11-23T10:00."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=STOCKHOLM).astimezone(UTC)


def local(text: str) -> datetime:
    """Return a time in Stockholm as `Item` has it."""
    return datetime.fromisoformat(text)


def one(uid: str, start: str = "11-23T12:00", end: str = "11-23T13:00", subject: str = "L:") -> Item:
    """Return a single item; times in Stockholm in 2026."""
    return Item(uid=uid, subject=subject, start=local(f"2026-{start}"), end=local(f"2026-{end}"))


async def second_is_over() -> None:
    """Wait until a change can be told from an earlier one by a server whose tokens are seconds."""
    last = int(time.time())
    await until(lambda: int(time.time()) > last, 60, "the next second")


def ics(item: Item) -> str:
    """Return an item as iCalendar (RFC 5545)."""
    lines = ["TRANSP:TRANSPARENT"] * item.free + ["CLASS:PRIVATE"] * item.private + _where(item.location)
    if item.asked_by:
        lines += [f"ORGANIZER:mailto:{item.asked_by}"]
        lines += [f"ATTENDEE;PARTSTAT={answer}:mailto:{who}" for who, answer in _asked(item)]
        lines += [f"ATTENDEE;CUTYPE=GROUP;PARTSTAT=NEEDS-ACTION:mailto:{one}" for one in item.lists]
    if item.weekly:
        lines += [f"RRULE:FREQ=WEEKLY;BYDAY={','.join(item.weekly)}"]
    lines += [f"EXDATE{_ics(_on(item, day))}" for day in item.deleted]
    whole = event(item.uid, _ics(item.start), _ics(item.end), _escaped(item.subject), *lines)
    head, _, tail = whole.rpartition("END:VCALENDAR")
    changes = [_changed(item, one) for one in item.moved]
    return "".join([head, *changes, "END:VCALENDAR", tail])


def to_exchange(calendar: FakeCalendar, item: Item) -> None:
    """Put an item into a calendar of the scripted Exchange."""
    owner, asked = calendar.mailbox.address, _asked(item)
    calendar.put(
        exchange.Item(
            uid=item.uid,
            subject=item.subject,
            start=_aware(item.start),
            end=_aware(item.end),
            all_day=not isinstance(item.start, datetime),
            show_as="Free" if item.free else "Busy",
            sensitivity="Private" if item.private else "Normal",
            organizer=exchange.Attendee(address=item.asked_by) if item.asked_by not in ("", owner) else None,
            response=next((ANSWERS[answer] for who, answer in asked if who == owner), ""),
            required=tuple(exchange.Attendee(address=who, response=ANSWERS[answer]) for who, answer in asked),
            optional=tuple(exchange.Attendee(address=one, kind="PublicDL") for one in item.lists),
            location=item.location,
            recurrence=series.Recurrence(kind="Weekly", days=tuple(DAYS[day] for day in item.weekly))
            if item.weekly
            else None,
        )
    )
    for day in item.deleted:
        calendar.delete_occurrence(item.uid, day)
    for one in item.moved:
        start, end = _aware(one.start), _aware(one.end)
        said = {"subject": one.subject, "location": one.location}
        calendar.change_occurrence(item.uid, one.day, start=start, end=end, **said)


def _asked(item: Item) -> tuple[tuple[str, str], ...]:
    alice = (("alice@example.test", "ACCEPTED"),) if item.asked_by not in ("", "alice@example.test") else ()
    return (*alice, *item.others)


def _changed(item: Item, one: Moved) -> str:
    lines = [f"RECURRENCE-ID{_ics(_on(item, one.day))}", *_where(one.location)]
    body = event(item.uid, _ics(one.start), _ics(one.end), _escaped(one.subject), *lines)
    return body[body.index("BEGIN:VEVENT") : body.index("END:VCALENDAR")]


def _where(location: str) -> list[str]:
    return [f"LOCATION:{_escaped(location)}"] if location else []


def _on(item: Item, day: date) -> datetime:
    assert isinstance(item.start, datetime)
    return datetime.combine(day, item.start.time())


def _ics(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return f";TZID=Europe/Stockholm:{moment:%Y%m%dT%H%M%S}"
    return f";VALUE=DATE:{moment:%Y%m%d}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace(",", r"\,").replace(";", r"\;")


def _aware(moment: datetime | date) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, datetime.min.time())
    return moment.replace(tzinfo=STOCKHOLM)
