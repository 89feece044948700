"""Whether a PBX and a store hold what people have asked for, as told.py works it out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gateway.domain.code import Availability
from gateway.domain.held import Held, Lamp
from gateway.store import absences, diversions
from tests.fakes import dialplan
from tests.fakes.dialplan import Caller, Diverted, Read, Ring
from tests.unit.engine import told
from tests.unit.engine.house import PHONES, House
from tests.unit.engine.told import ByHand, State

SOON = 60  # seconds in which what is over has to be forgotten
COVERED = 23 * 3600  # what lies further ahead need not be known to the PBX
REASONS = {code: code for code in ("meeting", "lunch", "gone_for_the_day", "trip")} | {"sick_child": "away"}


def differs(holds: Read, main: str, state: State, now: int) -> str:
    """Return where calls, lamps and presence differ from what `state` asks for, "" nowhere."""
    return _calls_differ(holds, main, state, now, now + COVERED) or _shown_differs(holds, main, state, now)


def differs_alone(holds: Read, main: str, state: State, now: int, left_at: int) -> str:
    """Return where calls differ from what `state` asks for, when no gateway has been there since `left_at`.

    Lamps and presence stay as they were. When somebody can be reached again is told by less than CODES.md knows.
    """
    known = replace(state, items=frozenset(item for item in state.items if item.end > left_at))
    return _calls_differ(holds, main, known, now, left_at + COVERED, backs=False)


def _calls_differ(holds: Read, main: str, state: State, now: int, until: int, *, backs: bool = True) -> str:
    for at in sorted(probes(state, now)):
        if at >= until:
            break
        for place in PHONES[main]:
            call, should = dialplan.decides(holds, place, instant(at)), meets(state, at)
            # of an absence by hand that is yet to begin, since the clock was set back, a call before it knows nothing
            if not backs or (state.hand is not None and at < state.hand.start):
                call, should = _without_back(call), _without_back(should)
            if call != should:
                return f"{place} at {at} meets {call}, should meet {should}"
            if isinstance(call, Diverted) and call.target:
                back = dialplan.decides(holds, place, instant(at), Caller(call.target))
                if back != Ring():
                    return f"{place} at {at} does not let its own target through"
    return ""


def _shown_differs(holds: Read, main: str, state: State, now: int) -> str:
    away = told.decides(state, now)
    for place in PHONES[main]:
        lamp, presence = holds[place].lamp, holds[place].presence
        if lamp is not (Lamp.ON if away else Lamp.OFF):
            return f"{place} has the lamp {lamp}"
        if presence is None or presence.reason != (REASONS[away.code] if away else ""):
            return f"{place} has the presence {presence}"
        if not away and presence.availability is not Availability.AVAILABLE:
            return f"{place} has the presence {presence}"
    return ""


def probes(state: State, now: int) -> set[int]:
    """Return the instants to look at: now, and about each one at which something changes."""
    marks = {mark for item in state.items for mark in (item.start, item.end)}
    if state.hand:
        marks |= {state.hand.start, state.hand.end}
    return {now} | {mark + off for mark in marks for off in (-1, 0, 1) if mark + off >= now}


def meets(state: State, at: int) -> Ring | Diverted:
    """Return what a call must meet: the announcement, and then the target that was asked for, else the voicemail."""
    away = told.decides(state, at)
    if away is None:
        return Ring()
    treatment = "at" if away.target else "av"
    return Diverted(REASONS[away.code], away.until, away.back, away.target, treatment, away.by_hand)


def _without_back(call: Ring | Diverted) -> Ring | Diverted:
    return replace(call, back=0) if isinstance(call, Diverted) else call


async def kept(house: House, main: str, now: int | None) -> tuple[int, ByHand | None]:
    """Return the turn and the absence by hand that the store has of `main`; nothing over by `now` is left there."""
    user, _ = house.people[main]
    async with house.store.read() as rows:
        absence = await absences.of(rows, user.id)
        others = await diversions.of(rows, user.id)
        turn = (await absences.turns(rows)).get(user.extension, 0)
    for one in (*others, *([absence] if absence else [])):
        assert now is None or one.end > instant(now - SOON), "something that is over is kept"
    if absence is None:
        return turn, None
    return turn, ByHand(dialplan.seconds(absence.start), dialplan.seconds(absence.end), absence.code)


def agree(holds: Read, main: str, now: int, turn: int, hand: ByHand | None) -> None:
    """Assert that the registers agree with the store, and that nothing over is left in them."""
    owner, register, windows = (
        dialplan.phone_of(holds, main),
        dialplan.hand_of(holds, main),
        dialplan.windows_of(holds, main),
    )
    assert owner is not None
    assert windows is not None
    assert owner.turn == turn
    assert all(window.until > now for window in windows), "a window that is over is held"
    if hand is None or hand.end <= now:
        assert holds[main].hand is None
        return
    assert register is not None
    assert register.window is not None
    held = (register.turn, register.ended, register.window.start, register.window.until)
    assert held == (turn, 0, hand.start, hand.end)


def paused(house: House, members: Iterable[str]) -> set[str]:
    """Return the members of queues that we must have paused: who is diverted, and nobody whom others have paused."""
    holds, now = house.pbx.holds, house.clock.now()
    away = {place for place in members if isinstance(dialplan.decides(holds, place, now), Diverted)}
    return {place for place in away if house.pbx.pauses.get(place, "") in ("", "ringplan")}


def lamps(holds: Read, main: str) -> set[Lamp | None]:
    """Return what the lamps of all phones of `main` show."""
    return {holds.get(place, Held()).lamp for place in PHONES[main]}


def instant(at: int) -> datetime:
    """Return the instant `at`."""
    return datetime.fromtimestamp(at, UTC)
