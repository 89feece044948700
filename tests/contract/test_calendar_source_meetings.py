"""What every calendar source must tell of meetings: where they are, whose they are, and that they are the same one."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.appointment import Attendee, Response
from tests.contract.calendars import (
    WINDOW,
    Item,
    Moved,
    account,
    address,
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

ALICE, BOB = address("alice"), address("bob")
SERIES = Item(
    uid="conference",
    subject="M: weekly",
    start=local("2026-11-23T09:00"),
    end=local("2026-11-23T10:00"),
    weekly=("MO", "WE"),
    location="PBX",
    deleted=(date(2026, 11, 25),),
    moved=(
        Moved(date(2026, 11, 30), local("2026-11-30T14:00"), local("2026-11-30T15:00"), "M: moved", "PBX AUTOCALL"),
        Moved(date(2026, 12, 2), local("2026-12-02T14:00"), local("2026-12-02T15:00"), "M: moved out"),
    ),
)


@pytest.mark.parametrize("private", [False, True])
async def test_a_location_arrives_changes_and_goes_and_nothing_else_does(server, private):
    item = replace(one("where", subject="M: where"), private=private)
    await server.put("erin", item)
    (nowhere,) = of(await read(server.open(), "erin"), "where")
    assert nowhere.location == ""
    for location in ("PBX AUTOCALL", "Rum Å, PBX; vån. 3 \\\\ <&>", "Rum"):
        await server.put("erin", replace(item, location=location))
        (found,) = of(await read(server.open(), "erin"), "where")
        assert found == replace(nowhere, location=location)
    await server.put("erin", item)
    assert of(await read(server.open(), "erin"), "where") == [nowhere]


async def test_a_change_of_the_location_alone_is_a_change(server):
    await server.put("grace", one("where"))
    async with server.open()(account("grace")) as opened:
        source = calendar_of(opened)
        first = await whole(source, mailbox("grace"))
        server.clock.later()
        second = await source.read(mailbox("grace"), WINDOW, first.cursor) or first
        await second_is_over()
        await server.put("grace", replace(one("where"), location="PBX"))
        (found,) = of(await whole(source, mailbox("grace"), second.cursor), "where")
        assert found.location == "PBX"


async def test_each_occurrence_has_its_own_location(server):
    await server.put("erin", SERIES)
    found = of(await read(server.open(), "erin"), "conference")
    assert [(item.start, item.location) for item in found] == [
        (at("11-23T09:00"), "PBX"),
        (at("11-30T14:00"), "PBX AUTOCALL"),
        (at("12-02T14:00"), ""),
    ]
    await server.put("erin", replace(SERIES, location="", deleted=(), moved=()))
    assert {item.location for item in of(await read(server.open(), "erin"), "conference")} == {""}


async def test_an_organisers_own_copy_is_own_and_tells_what_the_others_have_answered(server):
    others = (("p@example.com", "DECLINED"), ("q@example.com", "TENTATIVE"), ("r@example.com", "ACCEPTED"))
    item = replace(one("mine", subject="M: mine"), asked_by=ALICE, others=others, location="PBX")
    await server.put("alice", item)
    (mine,) = of(await read(server.open(), "alice"), "mine")
    assert (mine.response, mine.organiser, mine.location) == (Response.OWN, ALICE, "PBX")
    assert set(mine.attendees) == {
        Attendee("p@example.com", Response.DECLINED),
        Attendee("q@example.com", Response.TENTATIVE),
        Attendee("r@example.com", Response.ACCEPTED),
    }


async def test_a_meeting_is_the_same_in_the_calendars_of_all_who_are_in_it(server):
    meeting = replace(SERIES, uid="shared", asked_by=ALICE, others=((BOB, "ACCEPTED"),))
    for person in ("alice", "bob"):
        await server.put(person, meeting)
    own, copy = [of(await read(server.open(), person), "shared") for person in ("alice", "bob")]
    assert {item.response for item in own} == {Response.OWN}
    assert [(item.uid, item.occurrence, item.start) for item in own] == [
        (item.uid, item.occurrence, item.start) for item in copy
    ]
    assert [item.occurrence for item in own] == ["20261123T080000Z", "20261130T080000Z", "20261202T080000Z"]
    planned = [item for item in copy if item.occurrence == "20261123T080000Z"]
    assert [(item.response, item.organiser) for item in planned] == [(Response.ACCEPTED, ALICE)]


async def test_a_list_that_is_asked_is_told_from_people(server):
    item = replace(
        one("listed", subject="M: listed"), asked_by=ALICE, others=((BOB, "ACCEPTED"),), lists=("t@example.com",)
    )
    await server.put("alice", item)
    (found,) = of(await read(server.open(), "alice"), "listed")
    assert set(found.attendees) == {
        Attendee(BOB, Response.ACCEPTED),
        Attendee("t@example.com", Response.UNANSWERED, is_group=True),
    }


async def test_of_an_address_that_is_nobodys_nothing_is_known(server):
    async with server.open()(account("alice")) as opened:
        source = calendar_of(opened)
        assert await source.group(mailbox("alice"), "nobody@example.com") is None
        assert await source.numbers(mailbox("alice"), "nobody@example.com") == ()
