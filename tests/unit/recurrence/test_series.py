"""Rules by themselves: the local times at which they occur, against `dateutil`, and what they may cost."""

from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.errors import GiveUp
from gateway.recurrence import effort, series
from gateway.recurrence.effort import Effort
from gateway.recurrence.rule import Rule
from gateway.recurrence.series import starts
from gateway.recurrence.unreadable import Unreadable

SINCE, BEFORE = datetime(2026, 3, 20), datetime(2026, 4, 20)  # noqa: DTZ001 - local times
FIRSTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 4, 19)).map(lambda at: at.replace(second=0, microsecond=0))  # noqa: DTZ001
RULES = st.builds(
    "FREQ={};INTERVAL={}{}{}".format,
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 5),
    st.sampled_from(
        ["", ";BYDAY=MO,TH", ";BYMONTHDAY=1,-1", ";BYMONTHDAY=28,29,30,31;BYSETPOS=-1", ";BYDAY=SA,SU;BYSETPOS=1"]
    ),
    st.sampled_from(["", ";COUNT=3", ";COUNT=60", ";UNTIL=20260401T120000"]),
).filter(lambda text: not ("BYMONTHDAY" in text and "WEEKLY" in text))


SUNDAY = 6


def as_is(moment: datetime) -> datetime:
    return moment


def occurs(text: str, first: datetime, since: datetime = SINCE, before: datetime = BEFORE) -> list[datetime]:
    return starts(Rule.parse(text), first, since, before, as_is)


@given(RULES, FIRSTS)
def test_a_rule_occurs_when_dateutil_says(text, first):
    assume(not ("WEEKLY" in text and "BYSETPOS" in text and first.weekday() == SUNDAY))
    expected = rrulestr(text, dtstart=first).between(SINCE, BEFORE - timedelta(seconds=1), inc=True)
    assert occurs(text, first) == expected


def test_positions_are_counted_in_the_whole_first_week_though_dateutil_begins_at_the_first_day():
    sunday = datetime(2026, 4, 12)  # noqa: DTZ001
    assert occurs("FREQ=WEEKLY;BYDAY=SA,SU;BYSETPOS=1", sunday) == [datetime(2026, 4, 18)]  # noqa: DTZ001


def test_the_first_occurrence_counts_only_where_the_rule_names_it():
    monday = datetime(2026, 3, 23, 9)  # noqa: DTZ001
    assert occurs("FREQ=WEEKLY;BYDAY=TU;COUNT=1", monday) == [datetime(2026, 3, 24, 9)]  # noqa: DTZ001
    assert occurs("FREQ=WEEKLY;COUNT=1", monday) == [monday]


def test_what_began_long_ago_costs_what_the_stretch_costs():
    spent = Effort()
    found = starts(Rule.parse("FREQ=DAILY"), datetime(1926, 1, 1, 9), SINCE, BEFORE, as_is, spent)  # noqa: DTZ001
    assert len(found) == 31
    assert spent.steps < 100


@pytest.mark.parametrize("text", ["FREQ=MINUTELY;COUNT=999999999;BYSETPOS=1;BYDAY=MO", "FREQ=SECONDLY;BYHOUR=3"])
def test_what_would_cost_too_much_is_not_computed(text):
    with pytest.raises(Unreadable):
        occurs(text, datetime(2000, 1, 1))  # noqa: DTZ001


def test_many_take_together_no_more_than_they_share():
    spent = Effort(shared=1_000)
    spent.begin()
    spent.take(effort.OWN + 600)
    spent.begin()
    with pytest.raises(Unreadable):
        spent.take(effort.OWN + 600)
    spent.begin()
    spent.take(effort.OWN)  # what is plain is not touched


def test_a_series_may_occur_so_often_and_a_calendar_has_an_end(monkeypatch):
    monkeypatch.setattr(series, "MOST", 10)
    with pytest.raises(Unreadable):
        occurs("FREQ=DAILY", SINCE)
    monkeypatch.setattr(effort, "MOST_FOUND", 3)
    spent = Effort()
    for _ in range(3):
        spent.take_found()
    with pytest.raises(GiveUp):
        spent.take_found()


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=HOURLY;BYMINUTE=0;UNTIL=20260403T110007", "2026-04-03T11:00:00"),
        ("FREQ=HOURLY;BYMINUTE=45;UNTIL=20260403T113000", "2026-04-03T10:45:00"),
        ("FREQ=MINUTELY;INTERVAL=30;BYSECOND=5;UNTIL=20260403T110010", "2026-04-03T11:00:05"),
    ],
)
def test_an_end_within_an_hour_or_a_minute_leaves_what_began_in_it(rule: str, last: str) -> None:
    first = datetime.fromisoformat("2026-01-30T12:30:00")
    until = Rule.parse(rule).until
    assert until is not None
    expected = list(rrulestr(rule, dtstart=first).between(SINCE, until, inc=True))
    assert occurs(rule, first, until - timedelta(hours=5)) == [
        at for at in expected if at >= until - timedelta(hours=5)
    ]
    assert expected[-1] == datetime.fromisoformat(last)
