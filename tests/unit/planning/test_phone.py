"""What the dialplan knows of a number's owner: the same all day, in at most so many bytes, right about working time."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.code import Behaviour, Code, Takes, Treatment
from gateway.domain.hours import WorkingHours
from gateway.domain.user import User
from gateway.planning import working
from gateway.planning.grammar import LIMIT
from gateway.planning.phone import DAYS, SPANS, THROUGH, phone, tomorrow
from gateway.planning.rules import Rules
from gateway.planning.usual import USUAL
from tests.unit.planning.given import ANNA, CODES, STOCKHOLM, at, instants, rules, some_codes, some_rules, some_users

ALLOWED = re.compile(
    r"1\|[A-Za-z0-9_+/-]+\|[0-9]+-(sv|de|en)-[0-9]*-[0-9]+-([1-9][0-9]?)?\|[0-9]+(\.[0-9]+)*\|([0-9]+(\.[0-9]+)*)?"
    r"\|[0-9]+-([0-9]+\.[0-9]+(\.[0-9]+\.[0-9]+)*)?(\|[1-9][0-9]?-[tdn]-[aq][tvobr]-[aq][tvobr]-[a-z0-9_]+-[0-9]*)*",
    re.ASCII,
)
NOW = at("10:00")
SECOND = timedelta(seconds=1)
Spans = list[tuple[datetime, datetime]]


def part(value: str, number: int) -> str:
    return value.split("|")[number]


def codes(value: str) -> list[str]:
    return value.split("|")[6:]


def key(value: str) -> str:
    return part(value, 2).rpartition("-")[2]


def working_time(value: str) -> tuple[datetime, Spans]:
    """Return midnight, and the spans that are told."""
    base_text, _, work = part(value, 5).partition("-")
    base = datetime.fromtimestamp(int(base_text), UTC)
    told = [base + timedelta(seconds=int(number)) for number in work.split(".")] if work else []
    return base, list(zip(told[::2], told[1::2], strict=True))


def test_the_value_reads_as_the_table_says():
    user = replace(ANNA, phones=("1501", "1601"), operator="9", through=("1003",))
    known = rules(codes=CODES[:4], through=("1004", "1003"))
    monday = "28800.61200"
    tuesday, wednesday = "115200.147600", "201600.234000"
    assert phone(user, known, 7, NOW).startswith(
        f"1|Europe/Stockholm|1001-sv-9-7-3|1001.1501.1601|1003.1004|1795388400-{monday}.{tuesday}.{wednesday}."
    )
    assert codes(phone(user, known, 7, NOW)) == [
        "1-t-at-at-meeting-1002",
        "2-t-at-at-lunch-1002",
        "3-n-at-at-gone_for_the_day-1002",
        "41-d-at-at-away-1002",
    ]


def test_the_usual_codes_fit():
    user = replace(ANNA, phones=("1501", "1601"), operator="9")
    value = phone(user, rules(), 999_999_999_999, NOW)
    assert len(codes(value)) == len([code for code in USUAL if code.digit]) == 14
    assert len(value) < LIMIT * 3 / 4


def test_where_nothing_is_set():
    nobody = replace(ANNA, hours=WorkingHours(week={}))
    assert phone(nobody, rules(codes=()), 0, NOW) == "1|Europe/Stockholm|1001-sv--0-|1001||1795388400-"


def test_callers_of_somebody_without_target_or_operator_get_the_voicemail():
    operator = Treatment(announce=False, then=Behaviour.OPERATOR)
    known = rules([replace(CODES[0], target=None, external=operator)])
    assert codes(phone(ANNA, known, 0, NOW)) == ["1-t-av-qv-meeting-"]
    assert codes(phone(replace(ANNA, operator="9"), known, 0, NOW)) == ["1-t-av-qo-meeting-"]
    assert codes(phone(replace(ANNA, operator="1001"), known, 0, NOW)) == ["1-t-av-qv-meeting-"]


def test_whose_number_is_the_target_gets_the_voicemail_and_nobody_else_does():
    """What many have in common is made once: the order of users makes no difference."""
    known = rules(CODES[:2], operator=None)
    boss, secretary = ANNA, replace(ANNA, extension="1002")
    for user, meets in ((boss, "at-at-meeting-1002"), (secretary, "av-av-meeting-"), (boss, "at-at-meeting-1002")):
        assert codes(phone(user, known, 0, NOW))[0] == f"1-t-{meets}"
    assert codes(phone(replace(boss, phones=("1002",)), known, 0, NOW))[0] == "1-t-av-av-meeting-"


def test_codes_that_cannot_be_dialled_are_left_out():
    known = rules(
        [
            replace(CODES[0], digit=None),
            replace(CODES[1], digit="0"),
            replace(CODES[2], digit="5", takes=Takes.DATE),
            replace(CODES[3], digit="5", takes=Takes.NOTHING),
            replace(CODES[4], digit="1-"),
        ]
    )
    value = phone(ANNA, known, 0, NOW)
    assert codes(value) == ["5-d-at-at-gone_for_the_day-1002"]
    assert key(value) == ""


def test_the_diversion_key_sets_the_first_code_that_asks_for_nothing_more():
    nothing = [replace(code, takes=Takes.NOTHING) for code in CODES]
    assert key(phone(ANNA, rules(nothing[1:]), 0, NOW)) == "2"
    assert key(phone(ANNA, rules([replace(nothing[0], digit=None), CODES[1], nothing[4]]), 0, NOW)) == "5"
    assert key(phone(ANNA, rules(CODES[:2]), 0, NOW)) == ""


def test_a_sensitive_reason_is_nobodys_business():
    outspoken = rules([replace(code, reason="sick") for code in CODES if code.sensitive])
    assert [code.split("-")[4] for code in codes(phone(ANNA, outspoken, 0, NOW))] == ["away", "away"]


def test_numbers_that_ring_through_are_told_once_the_users_own_first_and_at_most_twenty():
    user = replace(ANNA, through=("1004", "x", "1003", "1004", "", "１００４", "1" * 21))
    assert part(phone(user, rules(through=("1003", "1005")), 0, NOW), 4) == "1004.1003.1005"
    many = tuple(str(2000 + number) for number in range(30))
    assert part(phone(user, rules(through=many), 0, NOW), 4).split(".") == ["1004", "1003", *many[: THROUGH - 2]]


def test_codes_that_do_not_fit_are_left_out_from_the_end_and_cannot_be_a_keys():
    whole = phone(ANNA, rules(CODES[:3]), 0, NOW)
    assert phone(ANNA, rules(CODES[:3]), 0, NOW, len(whole)) == whole
    short = phone(ANNA, rules(CODES[:3]), 0, NOW, len(whole) - 1)
    assert (codes(short), key(whole), key(short)) == (codes(whole)[:2], "3", "")


def test_then_numbers_that_ring_through_are_left_out_and_the_users_own_are_not():
    known = rules(CODES, through=tuple(str(10**19 + number) for number in range(20)))
    user = replace(ANNA, phones=tuple(str(10**18 + number) for number in range(20)))
    value = phone(user, known, 0, NOW)
    assert len(value) <= LIMIT < len(value) + 21
    assert (len(part(value, 3).split(".")), codes(value)) == (21, [])


def test_a_main_number_that_is_none_cannot_be_written():
    with pytest.raises(ValueError, match="has no room for"):
        phone(replace(ANNA, extension="1|2"), rules(), 0, NOW)


@pytest.mark.parametrize(
    ("day", "midnight", "spans"),
    [
        # Sunday 28 March 2027 has 23 hours, and Monday is Easter Monday
        ("2027-03-28", "2027-03-28 00:00", ["2027-03-30 08:00", "2027-03-30 17:00"]),
        ("2027-03-25", "2027-03-25 00:00", ["2027-03-25 08:00", "2027-03-25 17:00"]),
        ("2027-10-30", "2027-10-30 00:00", ["2027-11-01 08:00", "2027-11-01 17:00"]),
    ],
)
def test_days_are_as_long_as_they_are(day: str, midnight: str, spans: list[str]):
    base, told = working_time(phone(ANNA, rules(), 0, at("12:00", day)))
    assert base == datetime.fromisoformat(midnight).replace(tzinfo=STOCKHOLM)
    assert list(told[0]) == [datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM) for text in spans]


def test_a_span_that_the_clock_leaps_over_ends_where_it_begins():
    leapt = WorkingHours(week={6: ((time(2, 30), time(3, 10)),)})
    _, told = working_time(phone(replace(ANNA, hours=leapt), rules(), 0, at("12:00", "2027-03-28")))
    assert told[0] == (at("03:30", "2027-03-28"), at("03:30", "2027-03-28"))


def test_a_day_without_a_midnight_begins_when_it_begins():
    beirut = replace(ANNA, zone=ZoneInfo("Asia/Beirut"))
    base, _ = working_time(phone(beirut, rules(), 0, datetime(2027, 3, 28, 12, tzinfo=UTC)))
    assert base == datetime(2027, 3, 27, 22, tzinfo=UTC)


@given(some_users(), some_rules(), instants(), st.integers(0, 86_400))
def test_it_is_the_same_all_day(user: User, known: Rules, now: datetime, seconds: int):
    value, midnight = phone(user, known, 0, now), tomorrow(user, now)
    assert ALLOWED.fullmatch(value)
    assert now < midnight <= now + timedelta(hours=25)
    later = min(now + timedelta(seconds=seconds), midnight - SECOND)
    assert phone(user, known, 0, later) == value
    assert phone(user, known, 0, midnight) != value
    base, spans = working_time(value)
    assert base.astimezone(user.zone).time() == time()
    assert base <= now < midnight
    assert len(spans) <= SPANS
    assert spans == sorted(spans)


@given(some_users(), some_codes(), instants(), st.integers(0, 1000))
def test_it_never_exceeds_its_limit_where_it_can_be_cut(user: User, some: tuple[Code, ...], now: datetime, limit: int):
    known = rules(some)
    value, whole = phone(user, known, 0, now, limit), phone(user, known, 0, now, 100_000)
    kept, every = codes(value), codes(whole)
    assert kept == every[: len(kept)]
    assert len(value) <= limit or not kept


def test_of_more_telephones_than_fit_the_last_are_left_out():
    many = tuple(str(number) for number in range(2000, 2200))
    _, _, _, phones, *_ = phone(replace(ANNA, phones=many), rules(), 0, at("09:00")).split("|")
    assert len(phone(replace(ANNA, phones=many), rules(), 0, at("09:00"))) <= 1000
    known = phones.split(".")
    assert known == ["1001", *many[: len(known) - 1]]


def when_work_begins(value: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return what a dialplan makes of a code that takes nothing: when work begins, tomorrow if today's has begun."""
    today = now.astimezone(zone).date()
    begins = [begin for begin, _ in working_time(value)[1]]
    begun = any(begin <= now for begin in begins if begin.astimezone(zone).date() == today)
    later = [b for b in begins if b > now and (not begun or b.astimezone(zone).date() > today)]
    return min(later, default=None)


def back(value: str, until: datetime) -> datetime:
    """Return what a dialplan makes of an absence that ends at `until`."""
    spans = working_time(value)[1]
    if any(begin <= until <= end for begin, end in spans):
        return until
    return min((begin for begin, _ in spans if begin > until), default=until)


@given(some_users(), instants(), st.integers(0, 12 * 24 * 3600))
def test_working_time_is_told_as_it_is(user: User, now: datetime, seconds: int):
    """But for shifts of yesterday that still run, and for what lies beyond the spans that are told."""
    hours = user.hours or WorkingHours()
    value = phone(user, rules(), 0, now)
    base, spans = working_time(value)
    if now != base and (begins := when_work_begins(value, now, user.zone)):
        assert begins == working.gone_until(now, now, hours, user.zone)
    until = now + timedelta(seconds=seconds)
    yesterday = list(working.spans(base.astimezone(user.zone).date() - timedelta(days=1), hours, user.zone))
    known = spans[-1][0] if spans else base
    if until < known and not any(begin <= until <= end for begin, end in yesterday):
        assert back(value, until) == working.reachable(until, hours, user.zone)


@given(some_users(), instants())
def test_when_no_working_time_is_told_there_is_none_for_two_weeks(user: User, now: datetime):
    _, spans = working_time(phone(user, rules(), 0, now))
    begins = working.next_working(now, user.hours or WorkingHours(), user.zone)
    if not spans:
        assert begins is None or begins > now + timedelta(days=DAYS - 2)
