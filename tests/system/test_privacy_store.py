"""What a calendar or a hand said is in no file of the store once it is over: neither plain nor in another writing.

The planted texts have many lengths and come and go among others that stay, so that pages are split, joined and moved.
"""

import asyncio
import contextlib
import random
import sqlite3
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import format_exception
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import DatabaseError

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.store import absences, accounts, diversions, mailboxes, users
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.system.writings import files_with, inside

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLANTED = "hemma på Ågatan med Alva"
STAYING = "away on a long journey"
LED_TO = "98765432109876543210"


async def filled(store: Store, people: int) -> list[Mailbox]:
    made = []
    async with store.write() as rows:
        account = await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))
        for number in range(1000, 1000 + people):
            user = await users.add(
                rows, User(0, str(number), (f"u{number}@example.org",), ZoneInfo("Europe/Stockholm"))
            )
            made.append(
                await mailboxes.add(rows, Mailbox(0, user.id, account.id, user.emails[0], frozenset(), user.zone))
            )
    return made


async def tidied(store: Store) -> None:
    """Wait as the gateway does, for half of the minute that users are promised."""
    never = asyncio.Event()
    async with asyncio.timeout(60):
        while not await store.tidy():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), 0.2)


def backup(database: Path) -> Path:
    """Copy the database with the files that belong to it, as a nightly job does."""
    folder = database.parent / "backup"
    folder.mkdir(exist_ok=True)
    for file in database.parent.glob(f"{database.name}*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def some(mailbox: Mailbox, chance: random.Random, ends: datetime, text: str) -> list[Diversion]:
    return [
        Diversion(mailbox.user, f"{ends}-{at}", "VAB", NOON, ends, text=f"{text} {'x' * chance.randrange(0, 900)}")
        for at in range(chance.randrange(1, 6))
    ]


async def test_a_text_is_there_while_the_diversion_is_in_force_and_gone_from_every_file_when_it_is_over(
    tmp_path: Path,
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(1)
    async with Store.open(settings, alone=True) as store:
        people = await filled(store, 150)
        for round_ in range(2):
            ends = NOON + timedelta(minutes=round_ + 1)
            for mailbox in people:
                over_soon = some(mailbox, chance, ends, PLANTED)
                staying = some(mailbox, chance, NOON + timedelta(days=2), STAYING)
                async with store.write() as rows:
                    await mailboxes.replace(rows, mailbox.id, over_soon + staying, None, epoch=0, now=NOON)
            assert files_with(inside(tmp_path), PLANTED), "the planted text must be found while it is in force"
            async with store.write() as rows:
                assert await diversions.forget_over(rows, ends) > 0
            await tidied(store)
            assert files_with(inside(tmp_path), PLANTED) == set()
            assert files_with(inside(tmp_path), STAYING) == {"ringplan.db"}
            assert files_with(inside(backup(settings.path)), PLANTED) == set()


async def test_a_text_that_a_gateway_left_behind_is_gone_after_the_next_one_has_forgotten(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(2)
    async with Store.open(settings) as store:
        for mailbox in await filled(store, 10):
            async with store.write() as rows:
                found = some(mailbox, chance, NOON, PLANTED)
                await mailboxes.replace(rows, mailbox.id, found, None, epoch=0, now=NOON)
    assert files_with(inside(tmp_path), PLANTED) == {"ringplan.db"}
    async with Store.open(settings) as store:
        async with store.write() as rows:
            await diversions.forget_over(rows, NOON)
        await tidied(store)
        assert files_with(inside(tmp_path), PLANTED) == set()


async def test_a_text_of_a_removed_user_or_of_a_changed_item_is_gone_at_once(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(3)
    async with Store.open(settings) as store:
        first, second = await filled(store, 2)
        for mailbox in (first, second):
            async with store.write() as rows:
                found = some(mailbox, chance, NOON, PLANTED)
                await mailboxes.replace(rows, mailbox.id, found, None, epoch=0, now=NOON)
        async with store.write() as rows:
            await mailboxes.replace(rows, first.id, [], None, epoch=0, now=NOON)
        async with store.write() as rows:
            await users.remove(rows, second.user)
        await tidied(store)
        assert files_with(inside(tmp_path), PLANTED) == set()


def by_hand(mailbox: Mailbox, chance: random.Random, number: str, longest: int) -> Diversion:
    """An absence by hand whose row is of any length, with an end that no other one has."""
    ends = NOON + timedelta(seconds=chance.randrange(1, longest), microseconds=chance.randrange(1_000_000))
    return Diversion(mailbox.user, BY_HAND, "x" * chance.randrange(300), NOON, ends, target=number, by_hand=True)


def files_that_tell(folder: Path, some: list[Diversion]) -> set[str]:
    """Return the names of the files that hold when one of `some` ends, as SQLite writes it (sqlite.org/fileformat2)."""
    ends = [
        struct.pack(">q", (one.end - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) for one in some
    ]
    return {file.name for file in inside(folder) if any(end in file.read_bytes() for end in ends)}


async def ended(rows: Rows, one: Diversion) -> None:
    assert await absences.end(rows, one.user, NOON)


async def replaced(rows: Rows, one: Diversion) -> None:
    await absences.put(rows, replace(one, end=one.end + timedelta(days=1), target=None))


async def dialled(rows: Rows, one: Diversion) -> None:
    owner = await users.get(rows, one.user)
    assert owner
    assert await absences.take_over(rows, owner, 1, NOON, None)


async def over(rows: Rows, one: Diversion) -> None:
    await absences.forget_over(rows, one.end)


@pytest.mark.parametrize("way", [ended, replaced, dialled, over])
async def test_of_an_absence_by_hand_that_is_no_more_nothing_is_in_any_file(
    tmp_path: Path, way: Callable[[Rows, Diversion], Awaitable[None]]
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    chance = random.Random(5)
    async with Store.open(settings, alone=True) as store:
        people = await filled(store, 60)
        leaving = [by_hand(mailbox, chance, LED_TO, 3600) for mailbox in people[:40]]
        staying = [
            replace(by_hand(mailbox, chance, STAYING, 9), end=NOON + timedelta(days=3)) for mailbox in people[40:]
        ]
        async with store.write() as rows:
            for one in chance.sample(leaving + staying, len(people)):
                await absences.put(rows, one)
        assert files_with(inside(tmp_path), LED_TO)
        assert files_that_tell(tmp_path, leaving)
        for one in chance.sample(leaving, len(leaving)):
            async with store.write() as rows:
                await way(rows, one)
        await tidied(store)
        assert files_with(inside(tmp_path), LED_TO) == set()
        assert files_that_tell(tmp_path, leaving) == set()
        assert files_with(inside(tmp_path), STAYING) == {"ringplan.db"}
        assert files_that_tell(backup(settings.path), leaving) == set()


async def test_an_absence_that_a_command_ended_leaves_the_files_though_it_could_not_wait_for_that(
    tmp_path: Path,
) -> None:
    settings = StoreSettings(path=tmp_path / "ringplan.db")
    async with Store.open(settings, alone=True) as gateway:
        (mailbox,) = await filled(gateway, 1)
        one = by_hand(mailbox, random.Random(6), LED_TO, 3600)
        async with gateway.write() as rows:
            await absences.put(rows, one)
        watching = gateway.watch("absences")
        await anext(watching)
        reader = sqlite3.connect(settings.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM absences").fetchall()
        async with Store.open(settings) as command, command.write() as rows:
            await absences.end(rows, mailbox.user, NOON)
        reader.close()
        assert files_that_tell(tmp_path, [one]), "a reader keeps what it may still read"
        async with asyncio.timeout(60):
            await anext(watching)
        await watching.aclose()
        await tidied(gateway)
        assert files_with(inside(tmp_path), LED_TO) == set()
        assert files_that_tell(tmp_path, [one]) == set()


async def test_an_error_of_the_database_does_not_tell_what_was_to_be_written(tmp_path: Path) -> None:
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as store:
        (mailbox,) = await filled(store, 1)
        nobodys = replace(some(mailbox, random.Random(4), NOON, PLANTED)[0], user=mailbox.user + 1)
        with pytest.raises(DatabaseError) as refused:
            async with store.write() as rows:
                await mailboxes.replace(rows, mailbox.id, [nobodys], None, epoch=0, now=NOON)
        assert PLANTED not in "".join(format_exception(refused.value))
