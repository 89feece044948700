"""Users: nothing of one person is another's, and a removed user leaves nothing."""

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Cursor
from gateway.errors import Refused
from gateway.store import accounts, diversions, mailboxes, users, wishes
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.unit.store.made import NOON, diversion, person, someone


async def test_a_user_comes_back_as_it_was_put(store: Store) -> None:
    whole = person(
        "1001",
        emails=("anna@example.org", "a@example.org"),
        zone=ZoneInfo("America/New_York"),
        language="de",
        name="Änna Ödman",
        pbx="north",
        phones=("2001", "2002"),
        hours=WorkingHours({0: ((time(8), time(12)), (time(13), time(17, 30))), 6: ()}, "SE", "AB"),
        operator="9",
        enabled=False,
        through=("1004", "0701234567"),
    )
    async with store.write() as rows:
        added = await users.add(rows, whole)
    async with store.read() as rows:
        assert await users.get(rows, added.id) == replace(whole, id=added.id)


async def test_users_come_in_the_order_of_their_extensions(store: Store) -> None:
    async with store.write() as rows:
        for extension in ("1002", "999", "1001"):
            await users.add(rows, person(extension))
        assert [user.extension for user in await users.every(rows)] == ["999", "1001", "1002"]


async def test_a_user_is_found_by_any_of_their_numbers(store: Store) -> None:
    async with store.write() as rows:
        added = await users.add(rows, person("1001", phones=("2001",)))
        assert await users.by_extension(rows, "2001") == added
        assert await users.by_extension(rows, "1001") == added
        assert await users.by_extension(rows, "3001") is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"extension": "1001", "emails": ()}, "number 1001"),
        ({"extension": "1002", "phones": ("2001",), "emails": ()}, "number 2001"),
        ({"extension": "2001", "emails": ()}, "number 2001"),
        ({"extension": "1002", "emails": ("ANNA@example.org",)}, "address anna@example.org"),
        ({"extension": "1002", "phones": ("1002",), "emails": ()}, "1002 is given twice"),
    ],
)
async def test_what_belongs_to_somebody_is_refused_to_others(
    store: Store, values: dict[str, object], said: str
) -> None:
    async with store.write() as rows:
        await users.add(rows, person("1001", phones=("2001",), emails=("anna@example.org",)))
        with pytest.raises(Refused, match=said):
            await users.add(rows, person(**values))  # type: ignore[arg-type]


async def test_of_very_many_the_one_who_cannot_be_keeps_all_out(store: Store) -> None:
    many = [person(str(number), emails=()) for number in range(10000, 11200)]
    async with store.write() as rows:
        await users.add(rows, person("11199"))
        with pytest.raises(Refused, match="11199"):
            await users.add_every(rows, many)
        added = await users.add_every(rows, many[:-1])
        assert [user.extension for user in added] == [user.extension for user in many[:-1]]
        assert await users.get(rows, added[700].id) == added[700]


async def test_a_user_keeps_their_own_numbers_when_changed(store: Store) -> None:
    async with store.write() as rows:
        added = await users.add(rows, person("1001", phones=("2001",)))
        changed = replace(added, phones=("2001", "2002"), name="Anna")
        await users.put(rows, changed)
        assert await users.get(rows, added.id) == changed


async def test_a_change_of_zone_lets_the_calendar_be_read_whole(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await mailboxes.replace(rows, mailbox.id, (), Cursor("t", date(2026, 11, 23)), epoch=0, now=NOON)
        await users.put(rows, replace(user, zone=ZoneInfo("Asia/Tokyo")))
        assert (await mailboxes.progress(rows))[mailbox.id].cursor is None
        assert (await mailboxes.of(rows, user.id))[0].zone == ZoneInfo("Asia/Tokyo")


async def test_a_removed_user_leaves_nothing(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        other, _ = await someone(rows, "1002")
        await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], None, epoch=0, now=NOON)
        await wishes.ask(rows, Wish(Kind.SYNC, user.id, NOON))
    async with store.write() as rows:
        assert await users.remove(rows, user.id)
    async with store.read() as rows:
        assert await users.every(rows) == (other,)
        assert await diversions.every(rows) == {}
        assert [one.login for one in await accounts.every(rows)] == ["u1002"]
        assert [one.user for one in await mailboxes.every(rows)] == [other.id]
    async with store.write() as rows:
        assert await wishes.take(rows) == ()
        assert not await users.remove(rows, user.id)


async def test_an_id_is_never_given_twice(store: Store) -> None:
    async with store.write() as rows:
        first = await users.add(rows, person())
        await users.remove(rows, first.id)
        second = await users.add(rows, person())
    assert second.id != first.id
