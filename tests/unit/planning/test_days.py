"""Midnight and the two days of DST in Stockholm: what an item becomes, and what a PBX would do at that instant."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from gateway.domain.hours import WorkingHours
from gateway.planning.codes import read
from gateway.planning.plan import plan
from gateway.planning.schedule import parse
from gateway.planning.timeline import of_user
from tests.unit.planning.given import ANNA, STOCKHOLM, item, rules

ROUND_THE_CLOCK = replace(ANNA, hours=WorkingHours(week={day: ((time(), time()),) for day in range(7)}))


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "in_utc", "hours"),
    [
        # midnight
        (local("2026-11-23T00:00"), local("2026-11-24T00:00"), ("2026-11-22T23:00", "2026-11-23T23:00"), 24),
        (local("2026-11-23T22:00"), local("2026-11-24T02:00"), ("2026-11-23T21:00", "2026-11-24T01:00"), 4),
        (local("2026-12-31T23:59"), local("2027-01-01T00:01"), ("2026-12-31T22:59", "2026-12-31T23:01"), 2 / 60),
        # the short day: 02:00 becomes 03:00
        (local("2027-03-28T00:00"), local("2027-03-29T00:00"), ("2027-03-27T23:00", "2027-03-28T22:00"), 23),
        (local("2027-03-28T01:00"), local("2027-03-28T04:00"), ("2027-03-28T00:00", "2027-03-28T02:00"), 2),
        (local("2027-03-28T02:30"), local("2027-03-28T04:00"), ("2027-03-28T01:30", "2027-03-28T02:00"), 0.5),
        (local("2027-03-27T00:00"), local("2027-03-30T00:00"), ("2027-03-26T23:00", "2027-03-29T22:00"), 71),
        # the long day: 03:00 becomes 02:00
        (local("2027-10-31T00:00"), local("2027-11-01T00:00"), ("2027-10-30T22:00", "2027-10-31T23:00"), 25),
        (local("2027-10-31T01:00"), local("2027-10-31T04:00"), ("2027-10-30T23:00", "2027-10-31T03:00"), 4),
        (local("2027-10-31T02:30"), local("2027-10-31T02:30", 1), ("2027-10-31T00:30", "2027-10-31T01:30"), 1),
        (local("2027-10-31T02:30", 1), local("2027-10-31T03:00"), ("2027-10-31T01:30", "2027-10-31T02:00"), 0.5),
        (local("2027-10-30T00:00"), local("2027-11-02T00:00"), ("2027-10-29T22:00", "2027-11-01T23:00"), 73),
    ],
)
def test_days_are_as_long_as_they_are(start: datetime, end: datetime, in_utc: tuple[str, str], hours: float):
    (found,) = read([replace(item("SEM:"), start=start, end=end)], ROUND_THE_CLOCK, rules()).diversions
    assert (found.start, found.end) == (utc(in_utc[0]), utc(in_utc[1]))
    assert found.end - found.start == timedelta(hours=hours)
    second = timedelta(seconds=1)
    for now, diverted in (
        (found.start - second, False),
        (found.start, True),
        (found.end - second, True),
        (found.end, False),
    ):
        value = plan(ROUND_THE_CLOCK, [found], rules(), found.start - second).held["1001"].schedule
        assert value
        window = parse(value).at(now)
        assert (window is not None) is diverted
        assert window is None or window.back == found.end


@pytest.mark.parametrize(
    ("day", "until"),
    [("2027-03-26", "2027-03-30T06:00"), ("2027-10-29", "2027-11-01T07:00"), ("2026-12-31", "2027-01-04T07:00")],
)
def test_gone_for_the_day_over_a_long_weekend(day: str, until: str):
    (found,) = read([item("GFD:", "15:00", "16:00", day)], ANNA, rules()).diversions
    assert found.end == utc(until)


def test_an_evening_before_the_short_day_ends_at_the_next_working_morning():
    late = replace(item("M:"), start=local("2027-03-27T20:00"), end=local("2027-03-28T05:00"))
    (segment,) = of_user(read([late], ANNA, rules()).diversions, ANNA, rules())
    assert segment.back == utc("2027-03-30T06:00")  # Easter Monday is free
