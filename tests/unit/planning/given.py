"""People, codes, items and diversions that the tests of planning talk about, and Hypothesis strategies for them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from gateway.domain.appointment import Appointment, Response, ShowAs
from gateway.domain.code import Behaviour, Code, Treatment
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Mode, Organisation, User
from gateway.planning.rules import Rules
from gateway.planning.usual import USUAL

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EXTENSIONS = frozenset({"1001", "1002", "1003", "1004"})
OFFICE = WorkingHours(country="SE")
ANNA = User(1, "1001", ("anna@example.org",), STOCKHOLM, hours=OFFICE)
MONDAY = "2026-11-23"
CODES = tuple(replace(code, target="1002") for code in USUAL)


def at(clock: str, day: str = MONDAY, fold: int = 0) -> datetime:
    """Return local time in Stockholm as an instant in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=STOCKHOLM, fold=fold).astimezone(UTC)


def rules(codes: Iterable[Code] = CODES, **decided: object) -> Rules:
    return Rules(replace(Organisation(STOCKHOLM, hours=OFFICE), **decided), tuple(codes), EXTENSIONS)  # type: ignore[arg-type]


def item(
    subject: str | None, start: str = "09:00", end: str = "10:00", day: str = MONDAY, **more: object
) -> Appointment:
    plain = Appointment(f"uid of {subject}", "", subject, at(start, day), at(end, day))
    return replace(plain, **more)  # type: ignore[arg-type]


def diversion(key: str, start: datetime, end: datetime, **more: object) -> Diversion:
    return replace(Diversion(1, key, "meeting", start, end), **more)  # type: ignore[arg-type]


def in_force(diversions: Iterable[Diversion], now: datetime) -> Diversion | None:
    """Return what CODES.md says decides at `now`, in its own words ("By hand", "Time"), or None."""
    running = [d for d in diversions if d.diverts and not d.dismissed and d.start <= now < d.end]
    by_hand = [diversion for diversion in running if diversion.by_hand]
    if by_hand:
        return by_hand[0]
    if not running:
        return None
    started_last = max(diversion.start for diversion in running)
    return min((d for d in running if d.start == started_last), key=lambda d: (d.end, d.key))


# around the first day of summer time, so that properties meet a short day
EARLIEST = datetime(2027, 3, 26, tzinfo=UTC)


def instants(hours: int = 96) -> st.SearchStrategy[datetime]:
    """Mostly whole quarters, so that starts and ends meet."""
    quarters = st.integers(0, hours * 4).map(lambda count: EARLIEST + count * timedelta(minutes=15))
    seconds = st.integers(0, hours * 3600).map(lambda count: EARLIEST + timedelta(seconds=count))
    return st.one_of(quarters, seconds)


@st.composite
def some_diversions(draw: st.DrawFn, most: int = 8, hours: int = 96) -> list[Diversion]:
    found = []
    for number in range(draw(st.integers(0, most))):
        start, end = sorted((draw(instants(hours)), draw(instants(hours))))
        code = draw(st.sampled_from(CODES)).key
        target = draw(st.sampled_from((None, None, "1003", "1004")))
        key = f"{draw(st.integers(0, 9))}{number}"
        found.append(Diversion(1, key, code, start, end, draw(st.sampled_from((True, True, True, False))), target))
    return found


@st.composite
def some_absences(draw: st.DrawFn) -> list[Diversion]:
    """What calendars ask for, some of it dismissed, and often an absence by hand, in no order."""
    found = [replace(one, dismissed=draw(st.booleans())) for one in draw(some_diversions(most=6))]
    if draw(st.integers(0, 3)):
        start, end = sorted((draw(instants()), draw(instants())))
        code = draw(st.sampled_from(CODES)).key
        found.append(
            Diversion(1, BY_HAND, code, start, end, target=draw(st.sampled_from((None, "1004"))), by_hand=True)
        )
    return draw(st.permutations(found))


def some_hours() -> st.SearchStrategy[WorkingHours]:
    clock = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
    spans = st.lists(st.tuples(clock, clock), max_size=2).map(tuple)
    week = st.dictionaries(st.integers(0, 6), spans, max_size=7)
    return st.builds(WorkingHours, week=week, country=st.sampled_from(("", "SE", "DE")))


def some_users() -> st.SearchStrategy[User]:
    return st.builds(
        User,
        id=st.just(1),
        extension=st.just("1001"),
        emails=st.just(("anna@example.org",)),
        zone=st.sampled_from(("Europe/Stockholm", "America/Port-au-Prince", "Etc/GMT+5", "Asia/Kolkata")).map(ZoneInfo),
        language=st.sampled_from(("sv", "de", "en")),
        phones=st.sampled_from(((), ("1003",))),
        hours=some_hours(),
        operator=st.sampled_from((None, "9", "1001")),
    )


def some_codes() -> st.SearchStrategy[tuple[Code, ...]]:
    treatments = st.builds(Treatment, st.booleans(), st.sampled_from(Behaviour))
    return st.lists(
        st.tuples(treatments, treatments, st.sampled_from((None, "1002", "1001", "08123", "`rm`"))),
        min_size=len(USUAL),
        max_size=len(USUAL),
    ).map(
        lambda drawn: tuple(
            replace(code, internal=internal, external=external, target=target)
            for code, (internal, external, target) in zip(USUAL, drawn, strict=True)
        )
    )


def some_rules() -> st.SearchStrategy[Rules]:
    return some_codes().map(rules)


NASTY = (
    "${SHELL(id)}",
    '"',
    ",",
    "|",
    "-",
    "\r\n",
    "\x00",
    "&Local/1@x",
    "\ud800",
    "１００４",
    "٣",
    "\u202e",
    ";",
    ">",
    ":",
)


def some_subjects() -> st.SearchStrategy[str]:
    """Anything at all, much of it nearly or really a code with nasty things behind it."""
    anything = st.text(st.characters(), max_size=30)
    piece = st.one_of(st.sampled_from(NASTY), st.sampled_from(("1004", "900", " ", "text")), anything)
    tail = st.lists(piece, max_size=6).map("".join)
    start = st.sampled_from(
        ("M:", "m :", "L;", "GFD:", "möt:", "MO\u0308T:", "TJR:>", "M:>1004", "VAB:", "Mail:", "RE:")
    )
    return st.one_of(anything, st.builds(str.__add__, start, tail))


@st.composite
def some_items(draw: st.DrawFn, most: int = 6) -> list[Appointment]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        start, end = draw(instants()), draw(instants())
        found.append(
            Appointment(
                uid=draw(st.one_of(st.sampled_from(("a", "b", "c")), st.text(st.characters(), max_size=5))),
                occurrence=draw(st.sampled_from(("", "20270328"))),
                subject=draw(st.one_of(st.none(), some_subjects())),
                start=start.astimezone(STOCKHOLM),
                end=end.astimezone(STOCKHOLM),
                response=draw(st.sampled_from(Response)),
                cancelled=draw(st.booleans()),
                private=draw(st.booleans()),
                show_as=draw(st.sampled_from(ShowAs)),
            )
        )
    return found


def some_organisations() -> st.SearchStrategy[Organisation]:
    return st.builds(
        Organisation,
        zone=st.just(STOCKHOLM),
        language=st.sampled_from(("sv", "xx")),
        mode=st.sampled_from(Mode),
        marker=st.sampled_from(("", "//", "*")),
        only_own=st.booleans(),
        permitted=st.sampled_from(((), ("1xxx",), ("900",))),
        operator=st.sampled_from((None, "9", "nine")),
    )
