"""All users, of whom only those are made anew who have changed: what is returned is what the transaction sees."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.hours import WorkingHours
from gateway.domain.user import User
from gateway.store import users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.store.made import person

Change = Callable[[User], User]
Both = tuple[User, User]

CHANGES: dict[str, Change] = {
    "name": lambda user: replace(user, name='Å "quoted" \\ name\nof\ttwo lines, \u2028 \x1f'),
    "zone": lambda user: replace(user, zone=ZoneInfo("Asia/Tokyo")),
    "language": lambda user: replace(user, language="de"),
    "pbx": lambda user: replace(user, pbx="north"),
    "extension": lambda user: replace(user, extension="1009"),
    "another phone": lambda user: replace(user, phones=("2001", "2003")),
    "no phone": lambda user: replace(user, phones=()),
    "phones the other way about": lambda user: replace(user, phones=user.phones[::-1]),
    "another address": lambda user: replace(user, emails=(*user.emails, "other@example.org")),
    "no address": lambda user: replace(user, emails=()),
    "another main address": lambda user: replace(user, emails=user.emails[::-1]),
    "hours": lambda user: replace(user, hours=WorkingHours({0: ((time(8), time(12)),)}, "SE", "AB")),
    "operator": lambda user: replace(user, operator="9"),
    "disabled": lambda user: replace(user, enabled=False),
    "through": lambda user: replace(user, through=("0701234567",)),
}


@pytest.fixture
async def both(store: Store) -> Both:
    """Return Anna and Bertil, who have been read already."""
    async with store.write() as rows:
        whole = person("1001", phones=("2001", "2002"), emails=("anna@example.org", "a@example.org"))
        anna, bertil = await users.add_every(rows, (whole, person("1002")))
    async with store.read() as rows:
        assert await users.every(rows) == (anna, bertil)
    return anna, bertil


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_who_was_changed_by_whatever_process_is_read_as_they_are(
    store: Store, settings: StoreSettings, both: Both, change: Change
) -> None:
    anna, bertil = both
    async with Store.open(settings) as beside, beside.write() as rows:
        await users.put(rows, change(anna))
    async with store.read() as rows:
        assert await users.get(rows, anna.id) == change(anna)
        assert {user.id: user for user in await users.every(rows)} == {anna.id: change(anna), bertil.id: bertil}
    async with store.write() as rows:
        await users.put(rows, anna)
    async with store.read() as rows:
        assert await users.every(rows) == both


async def test_who_was_removed_is_gone_and_who_was_added_is_there(store: Store, both: Both) -> None:
    anna, bertil = both
    async with store.write() as rows:
        await users.remove(rows, anna.id)
    async with store.read() as rows:
        assert await users.every(rows) == (bertil,)
    async with store.write() as rows:
        again = await users.add(rows, anna)
    async with store.read() as rows:
        assert await users.every(rows) == (again, bertil)
    assert again.id != anna.id


async def test_what_was_undone_has_never_been(store: Store, both: Both) -> None:
    anna, bertil = both
    with suppress(ZeroDivisionError):
        async with store.write() as rows:
            await users.put(rows, replace(anna, name="Nobody", phones=()))
            await users.remove(rows, bertil.id)
            assert await users.every(rows) == (replace(anna, name="Nobody", phones=()),)
            raise ZeroDivisionError
    async with store.read() as rows:
        assert await users.every(rows) == both


async def test_a_view_from_before_a_change_stays_as_it_was_whoever_has_read_since(store: Store, both: Both) -> None:
    anna, bertil = both
    async with store.read() as before:
        assert await users.ids(before)  # the view begins with what is read first
        async with store.write() as rows:
            await users.put(rows, replace(anna, name="Later"))
        async with store.read() as after:
            assert await users.every(after) == (replace(anna, name="Later"), bertil)
            assert await users.every(before) == both
            assert await users.every(after) == (replace(anna, name="Later"), bertil)


async def test_nobody_is_made_anew_for_the_change_of_somebody_else(store: Store, both: Both) -> None:
    anna, _ = both
    async with store.read() as rows:
        before = await users.every(rows)
    async with store.write() as rows:
        await users.put(rows, replace(anna, name="Anna"))
    async with store.read() as rows:
        after = await users.every(rows)
    assert [new is old for new, old in zip(after, before, strict=True)] == [False, True]
