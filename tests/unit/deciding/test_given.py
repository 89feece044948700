"""Until when: a time alone is the next such time, never more than a day away, whatever the clocks do meanwhile."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deciding.given import until
from gateway.errors import Misconfigured

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ZONES = st.sampled_from([STOCKHOLM, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
NOWS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants them naive


@given(ZONES, NOWS, st.times().map(lambda when: when.replace(second=0, microsecond=0)))
def test_a_time_alone_is_the_next_one_on_that_clock(zone: ZoneInfo, now: datetime, clock: time) -> None:
    try:
        found = until("--until", f"{clock:%H:%M}", now, zone)
    except Misconfigured:
        assert (now + timedelta(hours=24)).astimezone(zone).utcoffset() != now.astimezone(zone).utcoffset()
        return
    assert timedelta() < found - now <= timedelta(hours=24)
    local = found.astimezone(zone)
    if local.time() != clock:  # the clocks went past it
        assert local.utcoffset() != (found - timedelta(hours=2)).astimezone(zone).utcoffset()


def test_where_the_clocks_go_back_a_time_can_be_more_than_a_day_away() -> None:
    before = datetime(2026, 10, 24, 14, 0, tzinfo=STOCKHOLM)
    with pytest.raises(Misconfigured, match="24 hours") as refused:
        until("--until", "13:59", before.astimezone(UTC), STOCKHOLM)
    assert refused.value.remedy == "give the day as well"
    said = until("--until", "2026-10-25 13:59", before.astimezone(UTC), STOCKHOLM)
    assert said - before == timedelta(hours=24, minutes=59)


@pytest.mark.parametrize("said", ["02:30", "2026-10-25 02:30"])
def test_a_time_that_comes_twice_is_the_one_to_come(said: str) -> None:
    turned = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 becomes 02:00
    assert until("--until", said, turned - timedelta(minutes=45), STOCKHOLM) == turned - timedelta(minutes=30)
    assert until("--until", said, turned - timedelta(minutes=15), STOCKHOLM) == turned + timedelta(minutes=30)


def test_a_time_that_is_passed_over_is_an_hour_later() -> None:
    now = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert until("--until", "02:30", now, STOCKHOLM) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_day_begins_at_its_own_midnight() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert until("--until", "2026-03-29", now, STOCKHOLM) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert until("--until", "2026-03-30", now, STOCKHOLM) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # there it is the 29th already
    with pytest.raises(Misconfigured, match="today or past"):
        until("--until", "2026-03-29", late, STOCKHOLM)
