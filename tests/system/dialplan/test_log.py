"""What stays behind in the PBX's own records: never the schedule, only what a caller was told or where a call went."""

import re

from peers.phone import call
from peers.process import until
from tests.system.dialplan.conftest import HOUR, Desk, schedule, window


async def test_no_record_holds_the_schedule_nor_what_is_still_to_come(desk: Desk):
    now, later = window("ab", end=HOUR), window("qt", start=3 * HOUR, end=4 * HOUR, reason="trip", target="1017")
    value = schedule(now, later, operator="1019")
    await desk.put("1001", value)
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await made.is_over(deadline=60)
    await until(lambda: "Busy" in desk.log, 60.0, "the end of the call in the log")
    assert "reason-meeting" in desk.log
    for secret in (value, *value.split("|")[2:], "trip", "1017"):
        assert secret not in desk.log
    calls = [path for path in desk.asterisk.records() if "log" in path.parts and path != desk.asterisk.log]
    assert calls
    for path in calls:
        assert value.encode() not in path.read_bytes()


async def test_a_warning_does_not_repeat_what_could_not_be_read(desk: Desk):
    await desk.put("1001", "2|planted-text-of-nobody|1790000000-x-sv-|0-1-1-0-at-at-planted-1002-")
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.is_over(deadline=60)
    await until(lambda: desk.warnings, 60.0, "the warning")
    assert not re.search("planted", desk.log)
