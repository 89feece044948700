"""What a reading asks for, in which order, and what it makes of the answers: a scripted calendar, no server."""

from dataclasses import replace
from datetime import timedelta

import pytest
from exchangelib import CalendarItem, EWSDate
from exchangelib.properties import ItemId
from exchangelib.recurrence import DailyPattern, NoEndPattern, Occurrence, Recurrence

from gateway.domain.mailbox import Cursor
from gateway.errors import GiveUp, Refused, RetryLater, Unreachable
from gateway.sources.ews.connection.refusals import Misplaced, StaleState
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.requests import Alias, Changes, View
from tests.unit.sources.ews.scripted_calendar import (
    ANNA,
    NOON,
    OTHER,
    URL,
    WINDOW,
    Places,
    Scripted,
    calendars,
    item,
    uids,
    whole,
)


async def test_the_state_is_asked_for_before_the_view_and_nothing_more_when_nothing_changed():
    scripted = Scripted([item("one"), item("weekly", kind="Occurrence")])
    source = calendars(scripted)
    first = await whole(source)
    assert scripted.asked == ["changes", "view"]
    assert sorted(uids(first)) == ["one", "weekly"]
    assert await source.read(ANNA, WINDOW, first.cursor) is None
    assert scripted.asked == ["changes", "view", "changes"]
    scripted.put(item("two"))
    assert len(uids(await whole(source, first.cursor))) == 3


async def test_a_change_between_state_and_view_is_found_by_the_next_reading():
    scripted = Scripted([item("weekly", kind="Occurrence")])
    source = calendars(scripted)

    def view(**asked):
        seen = scripted.view(**asked)
        scripted.put(item("meanwhile"))
        return seen

    scripted.instead["view"] = view
    first = await whole(source)
    assert uids(first) == ["weekly"]
    assert len(uids(await whole(source, first.cursor))) == 2


async def test_the_first_reading_of_a_day_is_whole_and_goes_on_from_the_state_that_was_seen():
    scripted = Scripted([item("weekly", kind="Occurrence")], pages=200)
    source = calendars(scripted)
    first = await whole(source)
    assert scripted.asked.count("changes") == 200
    tomorrow = replace(WINDOW, day=WINDOW.day + timedelta(days=1))
    scripted.asked.clear()
    assert await source.read(ANNA, tomorrow, first.cursor) is not None
    assert await source.read(ANNA, WINDOW, None) is not None
    assert scripted.asked == ["changes", "view", "changes", "view"]


async def test_a_reading_that_was_not_kept_is_made_again():
    scripted = Scripted([item("weekly", kind="Occurrence")])
    source = calendars(scripted)
    first = await whole(source)
    scripted.put(item("two"))
    await whole(source, first.cursor)
    assert len(uids(await whole(source, first.cursor))) == 2, "the cursor is the old one: what it brought is unknown"


async def test_a_long_way_to_the_first_state_is_gone_only_once():
    scripted = Scripted([item("weekly", kind="Occurrence")], pages=200)
    source = calendars(scripted)
    scripted.errors["view"] = [Unreachable("gone")]
    with pytest.raises(Unreachable):
        await source.read(ANNA, WINDOW, None)
    scripted.asked.clear()
    assert uids(await whole(source)) == ["weekly"]
    assert scripted.asked == ["changes", "view"]


async def test_a_server_that_never_comes_to_an_end_is_left_alone_for_a_while():
    scripted = Scripted()
    scripted.instead["changes"] = lambda state, **_: Changes(str(int(state or 0) + 1), some=True, more=True)
    with pytest.raises(RetryLater) as raised:
        await calendars(scripted).read(ANNA, WINDOW, None)
    assert raised.value.after


async def test_a_state_that_the_server_does_not_know_is_no_error_and_read_whole():
    scripted = Scripted([item("weekly", kind="Occurrence")])
    source = calendars(scripted)
    first = await whole(source)

    def forgetful(state, **_):
        if state == "1":
            raise StaleState("what is that?")
        return scripted.changes(state)

    scripted.instead["changes"] = forgetful
    scripted.state = 2
    again = await whole(source, first.cursor)
    assert uids(again) == ["weekly"]
    assert await source.read(ANNA, WINDOW, again.cursor) is None


async def test_a_state_that_gets_another_name_while_nothing_changes_is_the_same():
    scripted = Scripted([item("weekly", kind="Occurrence")])
    source = calendars(scripted)
    first = await whole(source)
    scripted.instead["changes"] = lambda state, **_: Changes(f"{state}'", some=False, more=False)
    for _ in range(3):
        assert await source.read(ANNA, WINDOW, first.cursor) is None


@pytest.mark.parametrize("token", ["", "[]", "null", '{"state":1}', "\x00", '{"state":""}'])
async def test_a_cursor_that_makes_no_sense_is_none(token):
    assert await calendars(Scripted()).read(ANNA, WINDOW, Cursor(token, WINDOW.day)) is not None


async def test_what_an_older_version_has_read_is_read_once_more_from_the_state_that_it_left():
    scripted = Scripted([item("weekly", kind="Occurrence")], pages=200)
    source = calendars(scripted)
    first = await whole(source, Cursor('{"state":"1","told":""}', WINDOW.day))
    assert scripted.asked == ["changes", "view"], "not all that has ever changed is asked for again"
    assert await source.read(ANNA, WINDOW, first.cursor) is None


async def test_without_a_state_each_reading_is_whole():
    scripted = Scripted([item("one")])
    scripted.instead["changes"] = lambda state, **_: Changes("", some=False, more=False)
    assert (await whole(calendars(scripted))).cursor is None


async def test_a_full_stretch_is_halved_until_each_item_has_come_once():
    spread = [item(str(n), WINDOW.start + timedelta(minutes=20 * n)) for n in range(1000)]
    scripted = Scripted([*spread, item("trip", WINDOW.start, hours=24 * 14, kind="Occurrence")])
    reading = await whole(calendars(scripted))
    assert len(uids(reading)) == len(set(uids(reading))) == 1001
    assert scripted.asked.count("view") < 40


async def test_more_than_a_page_at_the_same_time_is_read_and_without_bounds_it_is_given_up():
    scripted = Scripted([item(str(n), kind="Occurrence") for n in range(150)])
    assert len(uids(await whole(calendars(scripted)))) == 150
    scripted = Scripted([item(str(n)) for n in range(1000)])
    with pytest.raises(GiveUp, match="one day"):
        await calendars(scripted).read(ANNA, WINDOW, None)


async def test_what_a_page_could_not_read_is_set_aside():
    scripted = Scripted()
    scripted.instead["view"] = lambda **_: View(
        (item("one", kind="Occurrence"), CalendarItem(_id=ItemId(id="x"))), unreadable=2
    )
    assert (await whole(calendars(scripted))).set_aside == 3


async def test_series_are_looked_for_until_a_server_is_seen_to_expand_them():
    scripted = Scripted([item("one")])
    source = calendars(scripted)
    await whole(source)
    assert scripted.asked == ["changes", "view"]
    scripted.put(item("old", NOON - timedelta(days=400), kind="RecurringMaster"))
    await whole(source)
    assert scripted.asked[2:] == ["changes", "view", "details"]
    scripted.put(item("weekly", kind="Exception"))
    await whole(source)
    scripted.items.pop()
    scripted.asked.clear()
    assert uids(await whole(source)) == ["one"]
    assert scripted.asked == ["changes", "view"]
    assert source.expanding == {URL}


async def test_series_are_expanded_where_the_server_does_not():
    lunch = item("lunch", kind="RecurringMaster")
    lunch.recurrence = Recurrence(pattern=DailyPattern(interval=1), boundary=NoEndPattern(start=EWSDate(2026, 11, 23)))
    moved = item("lunch", NOON + timedelta(days=1, hours=1), kind="Exception")
    moved._id = ItemId(id="moved")
    changed = {"start": moved.start, "end": moved.end, "original_start": moved.start - timedelta(hours=1)}
    lunch.modified_occurrences = [Occurrence(_id=ItemId(id="moved"), **changed)]
    scripted = Scripted([lunch])
    scripted.instead["details"] = lambda ids, fields: tuple(one for one in (lunch, moved) if one.id in ids)
    for _ in range(2):
        reading = await whole(calendars(scripted))
        days = [one.start - NOON for one in reading.appointments]
        assert days == [timedelta(days=n, hours=n == 1) for n in range(12)]
    assert scripted.asked == ["changes", "view", "details", "details"] * 2


async def test_after_a_start_from_an_old_state_the_folder_is_searched_for_series_once():
    lunch = item("lunch", kind="RecurringMaster")
    lunch.recurrence = Recurrence(pattern=DailyPattern(interval=1), boundary=NoEndPattern(start=EWSDate(2026, 11, 23)))
    scripted = Scripted([lunch], state=7)
    source = calendars(scripted)
    old = Cursor('{"state":"6"}', WINDOW.day)
    scripted.instead["changes"] = lambda state, **_: Changes("7", some=state != "7", more=False)
    for asked in (["changes", "view", "masters", "details"], ["changes", "view", "details"]):
        assert len(uids(await whole(source, old))) == 12
        assert scripted.asked == asked
        scripted.asked.clear()
    scripted.instead["changes"] = lambda state, **_: Changes("8", some=True, more=False, gone=frozenset({"lunch"}))
    assert uids(await whole(source, old)) == []
    assert scripted.asked == ["changes", "view"]


async def test_where_changes_cannot_tell_series_they_are_searched_for_and_changes_asked_for_without():
    lunch = item("lunch", kind="RecurringMaster")
    lunch.recurrence = Recurrence(pattern=DailyPattern(interval=1), boundary=NoEndPattern(start=EWSDate(2026, 11, 23)))
    scripted = Scripted([lunch], mixed=True)
    source = calendars(scripted)
    first = await whole(source)
    assert scripted.asked == ["changes", "changes", "view", "masters", "details"]
    scripted.put(item("one"))
    scripted.asked.clear()
    assert len(uids(await whole(source, first.cursor))) == len(uids(first)) + 1 == 13
    assert scripted.asked == ["changes", "view", "masters", "details"]
    scripted.put(item("weekly", kind="Occurrence"))
    await whole(source)
    scripted.asked.clear()
    await whole(source)
    assert scripted.asked == ["changes", "view"]


async def test_an_endpoint_that_works_no_more_is_found_again_and_asked_once_more():
    for error in (GiveUp("no Exchange there"), Unreachable("nobody answers"), Misplaced("of another site")):
        scripted = Scripted([item("one")])
        scripted.errors["changes"] = [error]
        assert uids(await whole(calendars(scripted, Places([URL, OTHER])))) == ["one"]
        assert scripted.of[0][0] == URL
        assert {at for at, _ in scripted.of[1:]} == {OTHER}


async def test_an_endpoint_that_is_found_again_as_it_was_is_not_asked_twice():
    scripted = Scripted()
    scripted.errors["changes"] = [Unreachable("nobody answers")]
    with pytest.raises(Unreachable, match="nobody answers"):
        await calendars(scripted).read(ANNA, WINDOW, None)
    assert scripted.asked == ["changes"]


async def test_a_mailbox_of_another_server_that_nobody_finds_waits_for_time_to_tell():
    for nobody_knows in (GiveUp("no Exchange server is found"), Unreachable("Autodiscover is down")):
        scripted, places = Scripted(), Places()
        scripted.errors["changes"] = [Misplaced("of another site")]

        async def endpoint(_mailbox, places=places, error=nobody_knows):
            if places.doubted:
                raise error
            return Endpoint(URL)

        places.endpoint = endpoint  # type: ignore[method-assign]
        with pytest.raises(Misplaced):
            await calendars(scripted, places).read(ANNA, WINDOW, None)


@pytest.mark.parametrize(("told", "asked"), [("anna@example.test", []), ("", ["primary"])])
async def test_an_alias_is_read_by_the_address_that_it_is_for(told, asked):
    scripted = Scripted([item("weekly", kind="Occurrence")])
    scripted.errors["changes"] = [Alias(told)]
    source, alias = calendars(scripted), replace(ANNA, address="alias@example.test")
    await whole(source, box=alias)
    assert scripted.asked == ["changes", *asked, "changes", "view"]
    assert {address for _, address in scripted.of[-2:]} == {"anna@example.test"}
    scripted.asked.clear()
    await whole(source, box=alias)
    assert scripted.asked == ["changes", "view"]


async def test_an_address_that_nobody_knows_stays_refused():
    scripted = Scripted()
    scripted.errors["changes"] = [Alias("")]
    with pytest.raises(Refused):
        await calendars(scripted).read(replace(ANNA, address="nobody@example.test"), WINDOW, None)


async def test_the_address_that_autodiscover_told_is_asked_for():
    scripted = Scripted([item("weekly", kind="Occurrence")])
    await whole(calendars(scripted, Places(address="anna.b@example.test")))
    assert {address for _, address in scripted.of} == {"anna.b@example.test"}


async def test_an_account_that_may_not_read_a_mailbox_is_refused_that_and_has_signed_in_all_the_same():
    scripted = Scripted()
    scripted.errors["changes"] = [Refused("refused", "ask for it")]
    with pytest.raises(Refused) as raised:
        await calendars(scripted).read(ANNA, WINDOW, None)
    assert raised.value.remedy == "ask for it"
