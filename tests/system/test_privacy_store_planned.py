"""What a meeting, a conference, its calls and a room said is in no file of the store once it is no more."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.conference import (
    Attempt,
    Attendance,
    CallState,
    Conference,
    LeftOut,
    Meeting,
    Participant,
    RoomOf,
    Why,
)
from gateway.domain.mailbox import Mailbox
from gateway.store import attendances, calls, conferences, meetings, rooms, users
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.system.test_privacy_store import LED_TO, NOON, PLANTED, STAYING, backup, filled, tidied
from tests.system.writings import files_with, inside

ASKED = "alva.ågren@example.net"
CALLED = "d" * 64


def people_of(one: Mailbox, *, is_planted: bool) -> tuple[tuple[Participant, ...], tuple[LeftOut, ...]]:
    organiser = Participant(one.address, one.user)
    if not is_planted:
        return (organiser,), ()
    return (organiser, Participant(ASKED, None, LED_TO)), (LeftOut(f"{ASKED}.list", Why.GROUP),)


def asked_by(one: Mailbox, chance: random.Random, subject: str) -> Meeting:
    """A meeting whose row is of any length; a planted one is over at noon."""
    people, left_out = people_of(one, is_planted=subject == PLANTED)
    end = NOON if subject == PLANTED else NOON + timedelta(days=1)
    name = f"{chance.getrandbits(128):032x}"
    long = f"{subject} {'x' * chance.randrange(300)}"
    return Meeting(name, name, one.user, end - timedelta(hours=1), end, True, long, people, left_out)


def planned_for(one: Meeting) -> Conference:
    return Conference(
        key=one.meeting, meeting=one.meeting, series=one.series, organiser=one.organiser, pbx="main", room="8001",
        start=one.start, end=one.end, opens=one.start, closes=one.end, autocall=True, subject=one.subject,
        participants=one.participants, left_out=one.left_out,
    )  # fmt: skip


async def meeting_over(rows: Rows, one: Mailbox, _: Meeting) -> None:
    await meetings.forget_over(rows, NOON)


async def meeting_away(rows: Rows, one: Mailbox, _: Meeting) -> None:
    assert await meetings.replace(rows, one.id, [], NOON - timedelta(hours=1))


async def meeting_changed(rows: Rows, one: Mailbox, before: Meeting) -> None:
    after = replace(before, subject="", participants=before.participants[:1], left_out=())
    assert await meetings.replace(rows, one.id, [after], NOON - timedelta(hours=1))


async def organiser_gone(rows: Rows, one: Mailbox, _: Meeting) -> None:
    assert await users.remove(rows, one.user)


@pytest.mark.parametrize("way", [meeting_over, meeting_away, meeting_changed, organiser_gone])
async def test_of_a_meeting_that_is_no_more_neither_subject_nor_people_are_in_any_file(
    tmp_path: Path, way: Callable[[Rows, Mailbox, Meeting], Awaitable[None]]
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(7)
    async with Store.open(settings) as store:
        people = await filled(store, 60)
        asked = {
            mailbox.id: asked_by(mailbox, chance, PLANTED if at < 40 else STAYING) for at, mailbox in enumerate(people)
        }
        for mailbox in chance.sample(people, len(people)):
            async with store.write() as rows:
                await meetings.replace(rows, mailbox.id, [asked[mailbox.id]], NOON - timedelta(hours=1))
        for text in (PLANTED, ASKED, LED_TO):
            assert files_with(inside(tmp_path), text), "it must be found before it is removed"
        for mailbox in chance.sample(people[:40], 40):
            async with store.write() as rows:
                await way(rows, mailbox, asked[mailbox.id])
        await tidied(store)
        assert files_with(inside(tmp_path), PLANTED, ASKED, LED_TO) == set()
        assert files_with(inside(tmp_path), STAYING) == {"ringplan.db"}
        assert files_with(inside(backup(settings.path)), PLANTED, ASKED, LED_TO) == set()


async def conference_over(rows: Rows, one: Conference) -> None:
    await conferences.forget_over(rows, NOON + conferences.PUT_OUT)


async def conference_away(rows: Rows, one: Conference) -> None:
    assert await conferences.keep(rows, [other for other in await conferences.every(rows) if other.key != one.key])


async def conference_changed(rows: Rows, one: Conference) -> None:
    after = replace(one, subject="", participants=one.participants[:1], left_out=())
    assert await conferences.keep(
        rows, [after if other.key == one.key else other for other in await conferences.every(rows)]
    )


@pytest.mark.parametrize("way", [conference_over, conference_away, conference_changed])
async def test_of_a_conference_that_is_no_more_nothing_is_in_any_file(
    tmp_path: Path, way: Callable[[Rows, Conference], Awaitable[None]]
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(8)
    async with Store.open(settings) as store:
        people = await filled(store, 60)
        planned = [
            planned_for(asked_by(mailbox, chance, PLANTED if at < 40 else STAYING)) for at, mailbox in enumerate(people)
        ]
        async with store.write() as rows:
            await conferences.keep(rows, planned)
        for text in (PLANTED, ASKED, LED_TO):
            assert files_with(inside(tmp_path), text), "it must be found before it is removed"
        for one in chance.sample(planned[:40], 40):
            async with store.write() as rows:
                await way(rows, one)
        await tidied(store)
        assert files_with(inside(tmp_path), PLANTED, ASKED, LED_TO) == set()
        assert files_with(inside(tmp_path), STAYING) == {"ringplan.db"}
        assert files_with(inside(backup(settings.path)), PLANTED, ASKED, LED_TO) == set()


async def calls_over(rows: Rows) -> None:
    assert await calls.forget_over(rows, NOON + calls.KEPT) > 0


async def everybody_gone(rows: Rows) -> None:
    assert await conferences.keep(rows, [])


async def pin_changed(rows: Rows) -> None:
    await rooms.put(rows, RoomOf("8001", pin="4711"))


async def room_gone(rows: Rows) -> None:
    assert await rooms.remove(rows, "8001")


async def owner_gone(rows: Rows) -> None:
    room = await rooms.get(rows, "8001")
    assert room
    assert room.owner
    assert await users.remove(rows, room.owner)


WAYS = pytest.mark.parametrize(
    ("way", "what"),
    [
        (calls_over, CALLED),
        (everybody_gone, STAYING),
        (pin_changed, LED_TO),
        (room_gone, LED_TO),
        (owner_gone, LED_TO),
        (owner_gone, PLANTED),
    ],
)


async def everything(store: Store) -> None:
    """Fill the store with a room, a meeting, its conference, calls and members; the PIN is `LED_TO`."""
    chance = random.Random(9)
    (mailbox,) = await filled(store, 1)
    asked = asked_by(mailbox, chance, PLANTED)
    one = replace(planned_for(asked), subject="")
    async with store.write() as rows:
        await rooms.put(rows, RoomOf("8001", owner=mailbox.user, pin=LED_TO))
        await meetings.replace(rows, mailbox.id, [replace(asked, participants=(), left_out=())], one.start)
        await conferences.keep(rows, [replace(one, participants=(), left_out=())])
    for number in chance.sample(range(100), 100):
        async with store.write() as rows:
            await calls.put(rows, [Attempt(f"{number:032x}", one.key, CALLED, 1, CallState.UP, NOON, NOON, NOON)])
            await attendances.came(rows, Attendance(one.key, f"{STAYING}-{number}", "", NOON))


@WAYS
async def test_of_who_was_called_who_was_in_and_a_rooms_pin_nothing_is_in_any_file(
    tmp_path: Path, way: Callable[[Rows], Awaitable[None]], what: str
) -> None:
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store:
        await everything(store)
        assert files_with(inside(tmp_path), what), "it must be found before it is removed"
        async with store.write() as rows:
            await way(rows)
        await tidied(store)
        assert files_with(inside(tmp_path), what) == set()


@WAYS
async def test_what_a_command_removes_leaves_the_files_though_it_could_not_wait_for_that(
    tmp_path: Path, way: Callable[[Rows], Awaitable[None]], what: str
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    async with Store.open(settings) as gateway:
        await everything(gateway)
        watching = gateway.watch()
        await anext(watching)
        reader = sqlite3.connect(settings.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM rooms").fetchall()
        async with Store.open(settings) as command, command.write() as rows:
            await way(rows)
        reader.close()
        assert files_with(inside(tmp_path), what), "a reader keeps what it may still read"
        async with asyncio.timeout(60):
            await anext(watching)
        await watching.aclose()
        await tidied(gateway)
        assert files_with(inside(tmp_path), what) == set()
