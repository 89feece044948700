"""From an appointment in a calendar to a conference that the PBX knows."""

from tests.unit.engine.meeting import MINUTE, Meetings, meeting
from tests.unit.store.made import HOUR, NOON


async def test_a_meeting_with_pbx_in_its_place_becomes_a_conference_that_everybody_is_called_into(
    held: Meetings,
) -> None:
    held.start()
    await held.read(meeting())
    await held.settle()
    [conference] = await held.conferences()
    assert (conference.room, conference.start) == ("8001", NOON + HOUR)
    assert held.pbx.holds["8001"].room
    assert held.pbx.holds["1002"].invited
    await held.until(NOON + HOUR - MINUTE)
    assert held.rung == []
    await held.until(NOON + HOUR)
    assert held.rung == ["1001", "1002", "1003"]
