"""An absence by hand as it is decided, and how somebody's days are laid out: to themselves, and discreetly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.deciding import absence
from gateway.deciding.absence import Fields, Wanted
from gateway.deciding.anyway import Anyway, rings_anyway, why_anyway
from gateway.deciding.installation import Installation
from gateway.deciding.people import AHEAD, Kind, Outlook, named, outlook
from gateway.deciding.running import is_running
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Organisation, User
from gateway.errors import Misconfigured
from gateway.planning.rules import Rules
from gateway.planning.usual import USUAL
from gateway.store import absences, health, switches, users
from gateway.store.store import Store

ZONE = ZoneInfo("Europe/Stockholm")
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
RULES = Rules(Organisation(ZONE), USUAL, frozenset({"1001", "1501", "1002"}))
ANNA = User(1, "1001", ("anna@example.org",), ZONE, "en", "Anna", phones=("1501",))
INSTALLATION = Installation(("main",))


def planned(code: str, start: float, end: float, **values: object) -> Diversion:
    """What the calendar asks for, `start` and `end` in hours from noon."""
    key = f"{code[0]}" * 32
    return replace(Diversion(1, key, code, NOON + start * HOUR, NOON + end * HOUR), **values)  # type: ignore[arg-type]


def seen(*some: Diversion, own: bool = True) -> Outlook:
    return outlook(some, ANNA, RULES, NOON, own=own)


def test_lunch_inside_a_trip_comes_back_to_the_trip() -> None:
    told = seen(planned("trip", -4, 5), planned("lunch", -0.5, 0.5))
    assert told.now is not None
    assert (told.now.code.key, told.now.end, told.now.back) == ("lunch", NOON + HOUR / 2, NOON + 5 * HOUR)
    assert [(line.code.key, line.start, line.end) for line in told.coming] == [
        ("trip", NOON + HOUR / 2, NOON + 5 * HOUR)
    ]
    assert told.next == told.coming[0]


def test_information_and_what_was_ended_are_told_apart_and_let_the_telephone_ring() -> None:
    told = seen(planned("meeting", -1, 1, diverts=False), planned("trip", -1, 2, dismissed=True))
    assert told.now is None
    assert [line.kind for line in told.beside] == [Kind.INFORMATION, Kind.DISMISSED]
    assert [line.window for line in told.beside] == [None, None]
    assert told.away == told.beside[0]
    assert seen(planned("trip", -1, 2, dismissed=True)).away is None


def test_what_is_over_is_not_told_and_a_code_that_is_no_more_neither() -> None:
    told = seen(planned("meeting", -1, 0), planned("nonsense", -1, 1), planned("nonsense", -1, 1, diverts=False))
    assert (told.now, told.beside, told.coming) == (None, (), ())


def test_two_weeks_are_told_and_no_more() -> None:
    days = AHEAD / HOUR
    told = seen(planned("meeting", days - 1, days + 1), planned("trip", days, days + 1))
    assert [line.code.key for line in told.coming] == ["meeting"]


def test_to_others_nothing_is_told_that_names_a_sensitive_code() -> None:
    sick = planned("sick", -1, 1, text="fever")
    told, own = seen(sick, own=False), seen(sick)
    assert told.now is not None
    assert own.now is not None
    assert (told.now.code.key, told.now.code.texts["en"], told.now.text) == ("away", "Away", None)
    assert (own.now.code.key, own.now.text) == ("sick", "fever")
    for hidden in ("sick", "Sick", "SJU", "fever", "42"):
        assert hidden not in repr((told.now.code, told.now.text, told.now.window))


@pytest.mark.parametrize(("code", "text"), [("trip", "Gothenburg"), ("lunch", None), ("sick", None)])
def test_to_others_descriptions_are_told_where_the_code_lets_them(code: str, text: str | None) -> None:
    for values in ({}, {"diverts": False}):
        line = seen(planned(code, -1, 1, text="Gothenburg", **values), own=False).away
        assert line is not None
        assert line.text == text


def test_a_reason_is_named_in_a_language_that_there_is() -> None:
    meeting = RULES.by_key["meeting"]
    assert [named(meeting, language, RULES) for language in ("de", "en", "fi")] == [
        "In einer Besprechung",
        "In a meeting",
        "I möte",
    ]
    assert named(replace(meeting, texts={}), "de", RULES) == "meeting"


@pytest.mark.parametrize(
    ("wanted", "field", "said"),
    [
        (Wanted("MM", "15:00"), "A", "'MM' is no code"),
        (Wanted("M"), "B", "until when? This code takes a time"),
        (Wanted("SEM"), "B", "until when? This code takes a date"),
        (Wanted("M", "25:00"), "B", "B: '25:00' is no time and no day"),
        (Wanted("M", "15:00", "1501"), "C", "C: 1501 is 1001's own number"),
        (Wanted("M", "15:00", "0700"), "C", "C: 0700 is not permitted; permitted are: extensions of users"),
        (Wanted("M", "15:00", "x"), "C", "C: 'x' is no number"),
    ],
)
async def test_an_error_names_the_field_as_it_is_called_where_it_was_typed(
    store: Store, wanted: Wanted, field: str, said: str
) -> None:
    with pytest.raises(Misconfigured) as error:
        async with store.write() as rows:
            await absence.put(rows, RULES, ANNA, wanted, NOON, Fields("A", "B", "C"))
    assert (error.value.values["field"], str(error.value)) == (field, said)
    async with store.read() as rows:
        assert await absences.of(rows, ANNA.id) is None


async def test_it_begins_in_a_whole_second_and_who_never_works_is_gone_until_midnight(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, replace(ANNA, hours=WorkingHours({})))
        made = await absence.put(rows, RULES, user, Wanted("GFD"), NOON + timedelta(microseconds=7), Fields())
    midnight = datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert made == Diversion(user.id, BY_HAND, "gone_for_the_day", NOON, midnight, by_hand=True)


async def test_ending_tells_what_was_in_force_and_leaves_what_was_not(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, ANNA)
        made = await absence.put(rows, RULES, user, Wanted("M", "15:00"), NOON, Fields())
        assert await absence.end(rows, user, NOON) == (made,)
        assert await absence.end(rows, user, NOON) == ()
        await absence.put(rows, RULES, user, Wanted("M", "15:00"), NOON, Fields())
        assert await absence.end(rows, user, made.end) == ()
        assert await absence.asked(rows, user) == ()


async def test_why_a_telephone_rings_anyway_is_told_to_pages_and_in_sentences(store: Store) -> None:
    async with store.write() as rows:
        assert await why_anyway(rows, INSTALLATION, ANNA) == ()
        await switches.turn_off(rows, NOON)
        trial = replace(INSTALLATION, pilot=frozenset({"1002"}), dry_run=True)
        assert await why_anyway(rows, trial, replace(ANNA, enabled=False)) == tuple(Anyway)
        assert (await rings_anyway(rows, trial, replace(ANNA, enabled=False)))[0] == "1001 is disabled"
        assert await why_anyway(rows, replace(trial, dry_run=False, pilot=frozenset({"1501"})), ANNA) == (Anyway.OFF,)


async def test_whether_a_gateway_runs_is_asked_at_the_time_that_is_given(store: Store) -> None:
    async with store.write() as rows:
        assert not await is_running(rows, NOON)
        await health.put(rows, "gateway", ok=True, now=NOON)
        assert await is_running(rows, NOON + timedelta(seconds=29))
        assert not await is_running(rows, NOON + timedelta(seconds=31))
