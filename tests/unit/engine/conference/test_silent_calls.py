"""Calls of which nothing is told: a PBX may accept one and drop it before anything of it is noted."""

from datetime import timedelta

import pytest

from gateway.domain.conference import Call, CallState, Prompt, Result
from gateway.engine.conference.due import SILENT
from tests.fakes.switch_calls import Phone
from tests.unit.engine.conference.meeting import LIMITS, MINUTE, SECOND, Meetings, meeting
from tests.unit.store.made import HOUR, NOON

START = NOON + HOUR
ASKS = LIMITS.ring + SILENT


class Drops:
    """Accepts calls to `number`, `many` times, and places none of them: `asked` are their ids."""

    def __init__(self, held: Meetings, number: str, many: int) -> None:
        self.asked: list[str] = []
        self._place = held.pbx.telephones.place
        self._number, self._many = number, many

    def __call__(self, call: Call) -> None:
        if call.to == self._number and len(self.asked) < self._many:
            self.asked.append(call.id)
        else:
            self._place(call)


@pytest.fixture
def at_start(held: Meetings) -> Meetings:
    held.pbx.telephones.phones |= {"1001": Result.REJECTED, "1002": Phone.ANSWERS}
    held.start()
    return held


async def begin(held: Meetings, monkeypatch: pytest.MonkeyPatch, many: int, number: str = "1002") -> Drops:
    drops = Drops(held, number, many)
    monkeypatch.setattr(held.pbx.telephones, "place", drops)
    await held.read(meeting(others=("1002", "1003")))
    await held.until(START)
    return drops


async def test_what_was_dropped_is_asked_for_again_by_the_same_id(
    at_start: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = await begin(at_start, monkeypatch, 1)
    await at_start.until(START + ASKS - SECOND)
    assert at_start.rung.count("1002") == 0
    await at_start.until(START + ASKS)
    assert [call.id for call in at_start.pbx.telephones.rung if call.to == "1002"] == drops.asked


async def test_what_is_always_dropped_is_over_when_it_is_too_late(
    at_start: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = await begin(at_start, monkeypatch, 100)
    await at_start.until(START + 7 * MINUTE)
    [row] = [one for one in await at_start.attempts() if one.id in drops.asked]
    assert (row.state, row.result) == (CallState.OVER, Result.LATE)
    assert len(drops.asked) == 1 + 5 * MINUTE // ASKS


async def test_what_rings_for_long_is_not_asked_for_again(at_start: Meetings, monkeypatch: pytest.MonkeyPatch) -> None:
    await begin(at_start, monkeypatch, 0)
    await at_start.until(START + 4 * MINUTE)
    assert at_start.pbx.telephones.asked.count(at_start.pbx.telephones.rung[-1].id) == 1
    assert at_start.rung.count("1003") == 1


async def test_who_waits_for_a_telephone_goes_on_waiting(at_start: Meetings, monkeypatch: pytest.MonkeyPatch) -> None:
    at_start.pbx.telephones.phones["1003"] = Result.UNREGISTERED
    await begin(at_start, monkeypatch, 1)
    await at_start.until(START + 4 * MINUTE)
    assert len(at_start.pbx.telephones.asked) == 3  # 1001, 1003 once, and 1002 when it was asked for again


async def test_who_was_called_may_stay_until_the_conference_closes(
    at_start: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(at_start, monkeypatch, 0)
    end, grace = START + HOUR, timedelta(minutes=15)
    await at_start.until(end + grace - SECOND)
    assert await at_start.attempts() == ()
    assert len(at_start.pbx.telephones.inside) == 1
    await at_start.until(end + grace)
    assert at_start.pbx.telephones.inside == {}
    assert [prompt for _, prompt in at_start.pbx.telephones.closed] == [Prompt.ENDED]


async def test_who_talks_may_stay_when_the_pbx_has_lost_the_name_of_its_run(
    at_start: Meetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(at_start, monkeypatch, 0)
    monkeypatch.setattr(type(at_start.pbx.telephones), "boot", "another run")  # `clearglobalvars` in extensions.conf
    at_start.pbx.lose()
    await at_start.until(START + 2 * MINUTE)
    assert Result.RESTARTED in {one.result for one in await at_start.attempts()}
    assert len(at_start.pbx.telephones.inside) == 1
    assert at_start.rung.count("1002") == 1
