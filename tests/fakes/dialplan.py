"""What the dialplan does with the values that a PBX holds, said once more (dialplan/README.md, CODES.md).

Written from the description of the values, and reading them by itself: neither the gateway's planning nor the dialplan
is asked. So the two can be held against each other, and both against this. Times are seconds since 1970.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.domain.held import Held, Lamp, Place

_WINDOW = r"[0-9]+-[0-9]+-[0-9]+-[0-9]+-[aq][tvobr]-[aq][tvobr]-[a-z0-9_]+-[0-9]*-[A-Za-z]*"
_SCHEDULE = re.compile(rf"2\|[A-Za-z][A-Za-z0-9_+/-]*\|[0-9]+-[0-9]+-(sv|de|en)-[0-9]*(\|{_WINDOW})*", re.ASCII)
_HAND = re.compile(rf"1\|([1-9][0-9]{{0,11}}|0)-[0-9]+-[0-9]*(\|{_WINDOW})?", re.ASCII)
_PHONE = re.compile(
    r"1\|[A-Za-z][A-Za-z0-9_+/-]*\|[0-9]+-(sv|de|en)-[0-9]*-[0-9]+-[0-9]*\|[0-9]+(\.[0-9]+)*\|([0-9]+(\.[0-9]+)*)?"
    r"\|[0-9]+-([0-9]+\.[0-9]+(\.[0-9]+\.[0-9]+)*)?"
    r"(\|[0-9]+-[tdn]-[aq][tvobr]-[aq][tvobr]-[a-z0-9_]+-[0-9]*)*",
    re.ASCII,
)
LOST = 100  # more codes than an owner dials in the second that a kill may lose
_LOOKS_INTERNAL = re.compile(r"[0-9]{1,5}", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and whether an operator forces the call (`*24`)."""

    number: str = "1003"
    internal: bool = True
    force: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """The phone rings; `warned`: because something cannot be read."""

    warned: bool = False


@dataclass(frozen=True, slots=True)
class Diverted:
    """The call is led away; `treatment` are the two letters for this caller. `until` is the end of what decides."""

    reason: str
    until: int
    back: int
    target: str
    treatment: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A window with absolute times; `begun`: when the item that is in force began by itself."""

    start: int
    until: int
    back: int
    begun: int
    internal: str
    external: str
    reason: str
    target: str

    def written(self) -> str:
        """As it stands in a hand."""
        return f"{self.start}-{self.until}-{self.back}-0-{self.internal}-{self.external}-{self.reason}-{self.target}-"


@dataclass(frozen=True, slots=True)
class Hand:
    """`ended` 0: nothing was ended."""

    turn: int = 0
    ended: int = 0
    digit: str = ""
    window: Window | None = None

    def written(self) -> str:
        """As the PBX holds it."""
        head = f"1|{self.turn}-{self.ended}-{self.digit}"
        return head if self.window is None else f"{head}|{self.window.written()}"


@dataclass(frozen=True, slots=True)
class Code:
    """What a digit sets; `takes` is `t`, `d` or `n`."""

    digit: str
    takes: str
    internal: str
    external: str
    reason: str
    target: str


@dataclass(frozen=True, slots=True)
class Phone:
    """What is known of a number's owner; `work` are absolute spans."""

    zone: ZoneInfo
    main: Place
    turn: int
    key: str
    phones: tuple[Place, ...]
    through: tuple[str, ...]
    work: tuple[tuple[int, int], ...]
    codes: tuple[Code, ...]


Read = Mapping[Place, Held]


def seconds(now: datetime) -> int:
    """Return the dialplan's clock at `now`: whole seconds."""
    return (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def phone_of(holds: Read, place: Place) -> Phone | None:
    """Return what is known of the owner of `place`; None: nothing, or nothing that can be read."""
    text = holds[place].phone if place in holds else None
    if text is None or not _PHONE.fullmatch(text):
        return None
    _, zone, head, phones, through, work, *codes = text.split("|")
    main, _, _, turn, key = head.split("-")
    base, _, spans = work.partition("-")
    marks = [int(base) + int(mark) for mark in spans.split(".") if mark]
    return Phone(
        zone=ZoneInfo(zone),
        main=main,
        turn=int(turn),
        key=key,
        phones=tuple(phones.split(".")),
        through=tuple(through.split(".")) if through else (),
        work=tuple(zip(marks[::2], marks[1::2], strict=True)),
        codes=tuple(Code(*code.split("-")) for code in codes),
    )


def hand_of(holds: Read, main: Place) -> Hand | None:
    """Return what was done by hand; None: it cannot be read. What is not there was never done."""
    text = holds[main].hand if main in holds else None
    if text is None:
        return Hand()
    if not _HAND.fullmatch(text):
        return None
    _, head, *window = text.split("|")
    turn, ended, digit = head.split("-")
    return Hand(int(turn), int(ended), digit, _window(window[0], 0) if window else None)


def windows_of(holds: Read, place: Place) -> tuple[Window, ...] | None:
    """Return what the calendar has planned; None: it cannot be read."""
    text = holds[place].schedule if place in holds else None
    if text is None:
        return ()
    if not _SCHEDULE.fullmatch(text):
        return None
    _, _, head, *windows = text.split("|")
    return tuple(_window(window, int(head.split("-")[0])) for window in windows)


def _window(text: str, base: int) -> Window:
    start, until, back, begun, *rest = text.split("-")
    internal, external, reason, target, _ = rest
    begins = base + int(start)
    return Window(begins, base + int(until), base + int(back), begins - int(begun), internal, external, reason, target)


def decides(holds: Read, place: Place, now: datetime, caller: Caller = Caller()) -> Ring | Diverted:
    """Return what a call to `place` meets at `now`."""
    if caller.force:
        return Ring()
    known = phone_of(holds, place)
    found = _in_force(holds, place, known, seconds(now))
    if isinstance(found, Ring):
        return found
    window, by_hand = found
    if _rings_through(holds, known, window, caller):
        return Ring()
    treatment = window.internal if caller.internal else window.external
    return Diverted(window.reason, window.until, window.back, window.target, treatment, by_hand)


def _in_force(holds: Read, place: Place, known: Phone | None, now: int) -> Ring | tuple[Window, bool]:
    """Return the window that decides, with the `back` that callers hear, and whether it was set by hand."""
    hand = hand_of(holds, known.main if known else place)
    windows = windows_of(holds, place)
    if hand is None or windows is None:
        return Ring(warned=True)
    left = [window for window in windows if not window.begun <= hand.ended]
    if hand.window is not None and hand.window.start <= now < hand.window.until:
        after = _at(left, hand.window.until)
        back = hand.window.back if after is None else _back(windows, left, after)
        return replace(hand.window, back=back), True
    running = _at(left, now)
    return Ring() if running is None else (replace(running, back=_back(windows, left, running)), False)


def _at(windows: list[Window], now: int) -> Window | None:
    return next((window for window in windows if window.start <= now < window.until), None)


def _back(windows: tuple[Window, ...], left: list[Window], window: Window) -> int:
    """Follow the run of windows from `window` on; where a dismissed one would go on with it, the run ends there."""
    while following := next((one for one in windows if one.start == window.until), None):
        if following not in left:
            return window.until
        window = following
    return window.back


def _rings_through(holds: Read, known: Phone | None, window: Window, caller: Caller) -> bool:
    through = known.through if known else ()
    if not caller.internal:
        return caller.number in through and not _LOOKS_INTERNAL.fullmatch(caller.number)
    calling = phone_of(holds, caller.number)
    numbers = {caller.number, calling.main} if calling else {caller.number}
    return bool(numbers & {window.target, *through})


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said (a sound's name) to who dialled; `hand`, `lamp` and `phones` are what was written, None: nothing.

    `turn` is that of `hand`; `sentence` is what callers hear from now on.
    """

    says: str
    main: Place = ""
    turn: int = 0
    hand: str | None = None
    lamp: Lamp | None = None
    phones: tuple[Place, ...] = ()
    sentence: Diverted | None = None


_END = re.compile(r"#23#|\*23\*0#?")
_SET = re.compile(r"\*23\*([0-9]{1,4})(?:\*([0-9*]*))?#?")
_KEY = re.compile(r"\*21([0-9]+)")


class Dialled(NamedTuple):
    """What the codes of one moment go by: what the PBX holds, the dialplan's clock, and the last turns that it gave.

    These are globals of Asterisk's, by main number: nobody else writes them, and they are gone with its end.
    """

    holds: Read
    at: int
    given: Mapping[Place, int]


def dial(
    holds: Read, phone: Place, dialled: str, now: datetime, given: Mapping[Place, int], *, operator: bool = False
) -> Answer:
    """Return what comes of it when `dialled` is dialled at `phone`, where the last turns were those `given`."""
    here = Dialled(holds, seconds(now), given)
    if key := _KEY.fullmatch(dialled):
        return _toggled(here, phone, key[1], operator=operator)
    known = phone_of(holds, phone)
    if known is None:
        return Answer(_unknown(holds))
    if _END.fullmatch(dialled):
        return _ended(here, known)
    code = _SET.fullmatch(dialled)
    return _set(here, known, code[1], code[2] or "") if code else Answer("hand-unknown")


def _unknown(holds: Read) -> str:
    return "hand-nobody" if any(held.phone is not None for held in holds.values()) else "hand-not-now"


def _toggled(here: Dialled, phone: Place, of: Place, *, operator: bool) -> Answer:
    known = phone_of(here.holds, of)
    if known is None:
        return Answer(_unknown(here.holds))
    if not operator and phone not in known.phones:
        return Answer("hand-not-yours")
    if not isinstance(_in_force(here.holds, known.main, known, here.at), Ring):
        return _ended(here, known)
    key = known.key or next((code.digit for code in known.codes if code.takes == "n"), "")
    return _set(here, known, key, "")


def _ended(here: Dialled, known: Phone) -> Answer:
    if isinstance(_in_force(here.holds, known.main, known, here.at), Ring):
        return Answer("hand-nothing")
    return _written("hand-ended", here, known, Hand(_turn(here, known), here.at))


def _set(here: Dialled, known: Phone, digit: str, given: str) -> Answer:
    code = next((code for code in known.codes if code.digit == digit), None)
    if code is None:
        return Answer("hand-unknown")
    if (not given) != (code.takes == "n"):
        return Answer("hand-missing")
    match code.takes:
        case "t":
            until, refusal = _clock(given, known, here.at), "hand-time"
        case "d":
            until, refusal = _date(given, known, here.at), "hand-date"
        case _:
            until, refusal = _next_work(known, here.at), ""
    if until is None:
        return Answer(refusal)
    before = hand_of(here.holds, known.main) or Hand()
    meets = (code.internal, code.external, code.reason, code.target)
    window = Window(here.at, until, _reachable(until, known), here.at, *meets)
    return _written("hand-set", here, known, Hand(_turn(here, known), before.ended, digit, window))


def _written(says: str, here: Dialled, known: Phone, hand: Hand) -> Answer:
    text, main = hand.written(), known.main
    after = {**here.holds, main: replace(here.holds.get(main, Held()), hand=text)}
    found = _in_force(after, main, known, here.at)
    if isinstance(found, Ring):
        return Answer(says, main, hand.turn, text, Lamp.OFF, known.phones)
    window = found[0]
    sentence = Diverted(window.reason, window.until, window.back, window.target, window.internal, by_hand=found[1])
    return Answer(says, main, hand.turn, text, Lamp.ON, known.phones, sentence)


def _turn(here: Dialled, known: Phone) -> int:
    """Return the next one, which has never been given: writing may have crossed the last one, a kill have lost it."""
    hand = hand_of(here.holds, known.main)
    last = max(hand.turn if hand else 0, known.turn)
    if known.main in here.given:
        return max(last, here.given[known.main]) + 1
    return last + LOST + 1 if last else 1


def _clock(given: str, known: Phone, at: int) -> int | None:
    """HHMM today, or tomorrow where that is past; not more than 24 hours away."""
    if not re.fullmatch(r"([01][0-9]|2[0-3])[0-5][0-9]", given):
        return None
    today = datetime.fromtimestamp(at, known.zone).date()
    when = time(int(given[:2]), int(given[2:]))
    days = (seconds(datetime.combine(day, when, known.zone).astimezone(UTC)) for day in (today, today + _DAY))
    until = next((instant for instant in days if instant > at), None)
    return until if until is not None and until - at <= 24 * 3600 else None


def _date(given: str, known: Phone, at: int) -> int | None:
    """MMDD, the day of return, this year or next; today is none."""
    today = datetime.fromtimestamp(at, known.zone).date()
    if not re.fullmatch(r"[0-9]{4}", given) or given == f"{today:%m%d}":
        return None
    year = today.year if given > f"{today:%m%d}" else today.year + 1
    try:
        begins = datetime(year, int(given[:2]), int(given[2:]), tzinfo=known.zone)
    except ValueError:
        return None
    return seconds(begins.astimezone(UTC))


def _next_work(known: Phone, at: int) -> int:
    """When work next begins, on a later day where today's has begun; next midnight where nobody knows."""
    today = datetime.fromtimestamp(at, known.zone).date()
    midnight = seconds(datetime.combine(today + _DAY, time(), known.zone).astimezone(UTC))
    begun = any(begin <= at and datetime.fromtimestamp(begin, known.zone).date() == today for begin, _ in known.work)
    after = midnight - 1 if begun else at
    return min((begin for begin, _ in known.work if begin > after), default=midnight)


def _reachable(until: int, known: Phone) -> int:
    if any(begin <= until <= end for begin, end in known.work):
        return until
    return min((begin for begin, _ in known.work if begin > until), default=until)
