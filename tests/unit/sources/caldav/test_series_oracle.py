"""Series against an independent reading of RFC 5545: `recurring-ical-events`, which walks with dateutil.

Left out where the oracle is known to differ from RFC 5545 or from common sense: an UNTIL that is a mere date for a
series with times (it ends before that day there, with that day here); BYWEEKNO without BYDAY (all days of the week
there, DTSTART's weekday here); `MO` and `1MO` in one BYDAY (only what is both there, either here); what begins in the
hour that a change of the clocks leaves out (no time at all there). Nothing is moved or deleted in a series of several
times a day, where the oracle also takes the one for it whose time in UTC reads like the local time that is meant.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.domain.mailbox import Window
from gateway.sources.caldav.parse import parse

ZONES = ("Europe/Stockholm", "America/New_York", "Asia/Kolkata", "UTC")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WINDOW = Window(datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC), date(2026, 3, 21))
PHASES = (Phase.explicit, Phase.generate)  # to shrink an example takes minutes with an oracle that is slow
LEFT_OUT = datetime(2026, 3, 29, 1, tzinfo=UTC)  # for an hour, in Europe
OWNER = ZoneInfo("Europe/Stockholm")

FIRSTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 4, 3)).map(  # noqa: DTZ001 - local times
    lambda moment: moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
)


def lists(values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(lambda some: ",".join(str(one) for one in some))


def parts(frequency: str) -> st.SearchStrategy[dict[str, str]]:
    """The lists that RFC 5545's table allows with a frequency."""
    weekdays = lists(st.sampled_from(DAYS))
    by: dict[str, st.SearchStrategy[str]] = {"BYMONTH": lists(st.integers(1, 12)), "BYDAY": weekdays}
    if frequency in ("MONTHLY", "YEARLY"):
        counted = st.tuples(st.sampled_from(["1", "2", "4", "-1", "-2"]), st.sampled_from(DAYS)).map("".join)
        by["BYDAY"] = weekdays | lists(counted)
        by["BYMONTHDAY"] = lists(st.sampled_from([1, 2, 13, 21, 28, 29, 30, 31, -1, -2]))
    if frequency == "DAILY":
        by["BYMONTHDAY"] = lists(st.sampled_from([1, 13, 21, 28, 31, -1]))
    if frequency == "YEARLY":
        by["BYYEARDAY"] = lists(st.sampled_from([1, 80, 85, 90, -280, -366]))
    if frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        by["BYHOUR"] = lists(st.integers(0, 23))
    if frequency == "HOURLY":
        by["BYHOUR"] = lists(st.integers(0, 23))
        by["BYMINUTE"] = lists(st.sampled_from([0, 15, 30]))
    return st.sets(st.sampled_from(sorted(by)), max_size=2).flatmap(
        lambda keys: st.fixed_dictionaries({key: by[key] for key in sorted(keys)})
    )


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"]))
    interval = draw(st.sampled_from([1, 1, 1, 2, 3, 5] if frequency != "HOURLY" else [1]))
    rule = {"FREQ": frequency, "INTERVAL": str(interval)} | draw(parts(frequency))
    if frequency == "YEARLY" and draw(st.integers(0, 4)) == 0:
        rule = {"FREQ": "YEARLY", "BYWEEKNO": draw(lists(st.sampled_from([1, 12, 13, 14, -40, 53]))), "BYDAY": "MO,WE"}
    if set(rule) - {"FREQ", "INTERVAL"} and frequency != "HOURLY" and draw(st.integers(0, 3)) == 0:
        rule["BYSETPOS"] = draw(lists(st.sampled_from([1, 2, -1, -2])))
    if draw(st.integers(0, 2)) == 0:
        rule["WKST"] = draw(st.sampled_from(DAYS))
    match draw(st.sampled_from(["", "", "COUNT", "UNTIL"])):
        case "COUNT":
            rule["COUNT"] = str(draw(st.sampled_from([1, 2, 7, 40, 300])))
        case "UNTIL":
            rule["UNTIL"] = draw(st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 10))).strftime("%Y%m%dT%H%M%SZ")  # noqa: DTZ001
    return ";".join(f"{key}={value}" for key, value in rule.items())


@st.composite
def calendars(draw: st.DrawFn) -> str:
    """A series by times, with what was moved, deleted and added."""
    zone, first = draw(st.sampled_from(ZONES)), draw(FIRSTS)
    minutes = draw(st.sampled_from([15, 60, 600, 1500, 5000]))
    stamp = f";TZID={zone}:" + "{:%Y%m%dT%H%M%S}"
    rule = draw(rules())
    most = 0 if "HOUR" in rule else 3
    days = st.integers(-3, 18).map(lambda day: datetime.combine(date(2026, 3, 20) + timedelta(days=day), first.time()))
    lines = [
        "BEGIN:VEVENT",
        "UID:a",
        "DTSTAMP:20260101T000000Z",
        "SUMMARY:M",
        "DTSTART" + stamp.format(first),
        "DTEND" + stamp.format(first + timedelta(minutes=minutes)),
        f"RRULE:{rule}",
        *("EXDATE" + stamp.format(day) for day in draw(st.lists(days, max_size=most))),
        *("RDATE" + stamp.format(day) for day in draw(st.lists(days, max_size=2))),
        "END:VEVENT",
    ]
    for planned in draw(st.lists(days, max_size=most, unique=True)):
        begin = planned + timedelta(minutes=draw(st.sampled_from([-3000, -60, 30, 2000])))
        lines += [
            "BEGIN:VEVENT",
            "UID:a",
            "DTSTAMP:20260101T000000Z",
            "SUMMARY:moved",
            "RECURRENCE-ID" + stamp.format(planned),
            "DTSTART" + stamp.format(begin),
            "DTEND" + stamp.format(begin + timedelta(minutes=45)),
            "END:VEVENT",
        ]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *lines, "END:VCALENDAR", ""])


def expected(text: str) -> list[tuple[datetime, datetime, str]]:
    """What the oracle finds; what lasts no time is not looked at."""
    day = timedelta(days=1)  # the oracle places days in UTC
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(WINDOW.start - day, WINDOW.end + day)
    all_spans = ((_instant(e["DTSTART"].dt), _instant(e["DTEND"].dt), str(e["SUMMARY"])) for e in found)
    spans = (span for span in all_spans if not LEFT_OUT <= span[0] < LEFT_OUT + timedelta(hours=1))
    return sorted({span for span in spans if span[0] < span[1] and span[0] < WINDOW.end and WINDOW.start < span[1]})


def _instant(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=OWNER).astimezone(UTC)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=OWNER).astimezone(UTC)


@settings(max_examples=120, phases=PHASES)
@given(calendars())
def test_a_series_by_times_occurs_as_the_oracle_says(text):
    found, set_aside = parse([text], WINDOW, OWNER, frozenset())
    assert set_aside == 0
    spans = ((item.start, item.end, item.subject) for item in found)
    assert sorted(span for span in spans if not LEFT_OUT <= span[0] < LEFT_OUT + timedelta(hours=1)) == expected(text)


@settings(max_examples=50, phases=PHASES)
@given(rules().filter(lambda rule: "BYHOUR" not in rule and "HOURLY" not in rule), FIRSTS, st.integers(1, 4))
def test_a_series_by_days_occurs_as_the_oracle_says(rule, first, days):
    rule = rule.replace("Z", "").split("T0")[0].split("T1")[0].split("T2")[0] if "UNTIL" in rule else rule
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", "UID:a", "DTSTAMP:20260101T000000Z",
        "SUMMARY:SEM", f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{first + timedelta(days=days):%Y%m%d}",
        f"RRULE:{rule}", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    text = "\r\n".join(lines)
    found, set_aside = parse([text], WINDOW, OWNER, frozenset())
    assert set_aside == 0
    assert sorted((item.start, item.end) for item in found) == [(start, end) for start, end, _ in expected(text)]
