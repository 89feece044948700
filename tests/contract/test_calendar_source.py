"""What every calendar source must do: one suite, a fixture per server (conftest), real ones and a scripted Exchange.

The clock that a source asks is the test's own, so a token grows old without anybody waiting.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.domain.appointment import Appointment, Response, ShowAs
from gateway.domain.mailbox import Cursor
from gateway.errors import GiveUp, SignInAgain, Unreachable
from tests.contract.calendars import (
    WINDOW,
    Item,
    Moved,
    account,
    at,
    calendar_of,
    local,
    mailbox,
    of,
    one,
    read,
    second_is_over,
    whole,
)

SERIES = Item(
    uid="series",
    subject="M: weekly",
    start=local("2024-01-01T09:00"),
    end=local("2024-01-01T10:00"),
    weekly=("MO", "TH"),
    deleted=(date(2026, 11, 26), date(2024, 1, 4)),
    moved=(
        Moved(date(2026, 11, 30), local("2026-12-01T14:00"), local("2026-12-01T15:00"), "L: moved"),
        Moved(date(2027, 1, 4), local("2026-11-28T08:00"), local("2026-11-28T08:30"), "M: moved into the window"),
    ),
)


async def test_one_item_arrives_as_it_was_written(server):
    await server.put("alice", one("one", "11-23T10:00", "11-23T11:00", "M: Å, möte; ${X} <&>"))
    await server.put("alice", one("before", "11-01T10:00", "11-01T11:00", "M: before"))
    reading = await read(server.open(), "alice")
    (found,) = of(reading, "one")
    wanted = Appointment("one", "", "M: Å, möte; ${X} <&>", at("11-23T10:00"), at("11-23T11:00"))
    assert replace(found, organiser="", attendees=()) == wanted
    assert of(reading, "before") == []
    assert reading.set_aside == 0


async def test_days_are_days_in_their_owners_zone(server):
    days = Item(uid="days", subject="SEM:", start=date(2026, 11, 24), end=date(2026, 11, 26), free=True)
    await server.put("alice", days)
    (found,) = of(await read(server.open(), "alice"), "days")
    assert (found.start, found.end, found.show_as) == (at("11-24T00:00"), at("11-26T00:00"), ShowAs.FREE)


async def test_an_answer_and_a_class_arrive(server):
    await server.put("alice", replace(one("asked", subject="M: asked"), private=True, asked_by="boss@example.test"))
    (asked,) = of(await read(server.open(), "alice"), "asked")
    assert (asked.response, asked.private, asked.subject) == (Response.ACCEPTED, True, "M: asked")


async def test_who_organises_and_who_is_asked_arrive_with_their_answers(server):
    others = (("bob@example.test", "DECLINED"), ("carol@example.test", "TENTATIVE"), ("d@example.com", "NEEDS-ACTION"))
    await server.put("alice", replace(one("who", subject="M: who"), asked_by="boss@example.test", others=others))
    (who,) = of(await read(server.open(), "alice"), "who")
    assert who.organiser == "boss@example.test"
    assert {(one.address, one.response) for one in who.attendees} == {
        ("alice@example.test", Response.ACCEPTED),
        ("bob@example.test", Response.DECLINED),
        ("carol@example.test", Response.TENTATIVE),
        ("d@example.com", Response.UNANSWERED),
    }


async def test_a_series_comes_with_its_moved_and_without_its_deleted_occurrences(server):
    await server.put("bob", SERIES)
    reading = await read(server.open(), "bob")
    assert sorted((item.start, item.subject) for item in of(reading, "series")) == [
        (at("11-23T09:00"), "M: weekly"),
        (at("11-28T08:00"), "M: moved into the window"),
        (at("12-01T14:00"), "L: moved"),
        (at("12-03T09:00"), "M: weekly"),
    ]
    assert len({item.occurrence for item in of(reading, "series")}) == 4
    assert reading.set_aside == 0


async def test_an_unchanged_calendar_is_read_no_more_and_a_changed_one_is(server):
    await server.put("carol", one("lunch"))
    async with server.open()(account("carol")) as opened:
        source = calendar_of(opened)
        first = await whole(source, mailbox("carol"))
        server.clock.later()
        second = await source.read(mailbox("carol"), WINDOW, first.cursor) or first
        assert second.appointments == first.appointments
        for _ in range(3):
            server.clock.later()
            assert await source.read(mailbox("carol"), WINDOW, second.cursor) is None
        await second_is_over()
        await server.put("carol", one("more", "11-24T12:00", "11-24T13:00"))
        third = await whole(source, mailbox("carol"), second.cursor)
        assert {item.uid for item in third.appointments} == {"lunch", "more"}
        await second_is_over()
        await server.delete("carol", "lunch")
        fourth = await whole(source, mailbox("carol"), third.cursor)
        assert {item.uid for item in fourth.appointments} == {"more"}
        server.clock.later()
        fifth = await source.read(mailbox("carol"), WINDOW, fourth.cursor) or fourth
        assert await source.read(mailbox("carol"), WINDOW, fifth.cursor) is None
        tomorrow = replace(WINDOW, day=WINDOW.day + timedelta(days=1))
        assert await source.read(mailbox("carol"), tomorrow, fifth.cursor) is not None


async def test_a_change_within_the_second_of_another_is_not_lost(server):
    async with server.open()(account("dave")) as opened:
        source = calendar_of(opened)
        cursor: Cursor | None = None
        for number in range(5):
            await server.put("dave", one(f"q{number}"))
            reading = await whole(source, mailbox("dave"), cursor)
            assert len(reading.appointments) == number + 1
            cursor = reading.cursor


async def test_a_cursor_of_another_server_is_none(server):
    await server.put("dave", one("q0"))
    async with server.open()(account("dave")) as opened:
        for token in ("", "[]", "null", '{"state":"garbage"}', '{"/dave/":["1",0,true]}', "\x00"):
            assert of(await whole(calendar_of(opened), mailbox("dave"), Cursor(token, WINDOW.day)), "q0")


async def test_a_wrong_password_is_said_to_be_one(server):
    async with server.open()(account("frank", "wrong")) as opened:
        with pytest.raises(SignInAgain, match="password"):
            await calendar_of(opened).read(mailbox("frank"), WINDOW, None)


async def test_a_wrong_path_is_given_up_with_a_remedy(server):
    async with server.open(server.nowhere)(account("frank")) as opened:
        with pytest.raises((GiveUp, SignInAgain)) as raised:
            await calendar_of(opened).read(mailbox("frank", "/nowhere/at/all/"), WINDOW, None)
    assert raised.value.remedy


async def test_a_service_account_reads_other_peoples_calendars(sharing):
    await sharing.put("heidi", one("hers"))
    async with sharing.connect(sharing.reader) as opened:
        reading = await whole(calendar_of(opened), mailbox("heidi"))
        assert len(of(reading, "hers")) == 1
        with pytest.raises(GiveUp) as raised:
            await calendar_of(opened).read(replace(mailbox("nobody"), id=2), WINDOW, None)
        assert raised.value.remedy
        assert await calendar_of(opened).read(mailbox("heidi"), WINDOW, None) is not None


async def test_a_server_that_goes_and_comes_back_is_unreachable_in_between(own):
    await own.put("alice", one("one"))
    async with own.connect(account("alice")) as opened:
        source = calendar_of(opened)
        assert (await whole(source, mailbox("alice"))).appointments
        await own.stop()
        with pytest.raises(Unreachable):
            await source.read(mailbox("alice"), WINDOW, None)
        await own.start()
        assert len(of(await whole(source, mailbox("alice")), "one")) == 1
