"""Who may sign in, their sessions, and the addresses that they say are theirs."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from gateway.domain.signin import Role, Session, SignIn
from gateway.domain.user import User
from gateway.errors import Refused
from gateway.store import claims, entrance, sessions, signins, tokens, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON

IDLE = 2 * HOUR


async def people(store: Store) -> tuple[User, User]:
    async with store.write() as rows:
        zone = ZoneInfo("Europe/Stockholm")
        anna = User(0, "1001", ("anna@example.org", "a@example.org"), zone, name="Anna", phones=("2001",))
        return await users.add(rows, anna), await users.add(rows, User(0, "1002", ("otto@example.org",), zone))


async def test_somebody_is_known_by_each_of_their_addresses_and_numbers(store: Store) -> None:
    anna, otto = await people(store)
    async with store.write() as rows:
        hers = await signins.add(rows, anna.id)
        root = await signins.add(rows, None, "Root@Example.org", Role.ADMINISTRATOR)
        with pytest.raises(Refused):
            await signins.add(rows, anna.id)
        with pytest.raises(Refused):
            await signins.add(rows, None, "ROOT@example.org")
    async with store.read() as rows:
        for name in ("1001", "2001", " ANNA@example.org ", "a@example.org"):
            assert await signins.named(rows, name) == (hers, None)
            assert await signins.by_name(rows, name) == hers
        assert await signins.named(rows, "root@example.org") == (root, None)
        for name in ("", "1002", "otto@example.org", "nobody"):
            assert await signins.named(rows, name) is None
        assert await signins.of_users(rows, [anna.id, otto.id]) == {anna.id: hers}


async def test_who_does_not_take_part_is_found_by_administrators_alone(store: Store) -> None:
    anna, _ = await people(store)
    async with store.write() as rows:
        hers = await signins.add(rows, anna.id, role=Role.ADMINISTRATOR)
        await signins.put_hash(rows, hers.id, "a hash")
        await users.put(rows, replace(anna, enabled=False))
    async with store.read() as rows:
        assert await signins.named(rows, "1001") is None
        assert await signins.by_name(rows, "1001") == replace(hers, has_password=True)
        assert await signins.administrators(rows, without=0) == ()
        assert [one.enabled for one in await signins.listed(rows)] == [False]


async def test_an_administrators_own_name_stays_theirs(store: Store) -> None:
    anna, _ = await people(store)
    async with store.write() as rows:
        root = await signins.add(rows, None, "root@example.org", Role.ADMINISTRATOR)
        await signins.add(rows, anna.id)
        await users.put(rows, replace(anna, emails=("root@example.org",)))
    async with store.read() as rows:
        assert await signins.named(rows, "root@example.org") == (root, None)


async def test_an_invitation_is_good_once_and_the_last_one_only(store: Store) -> None:
    anna, _ = await people(store)
    async with store.write() as rows:
        hers = await signins.add(rows, anna.id)
        first = await signins.invite(rows, hers.id, NOON + HOUR)
        second = await signins.invite(rows, hers.id, NOON + HOUR)
        assert first != second
        assert await signins.invited(rows, first.reveal(), NOON) is None
        assert await signins.invited(rows, second.reveal(), NOON) == hers
        assert await signins.invited(rows, second.reveal(), NOON + HOUR) is None
        (row,) = await signins.listed(rows)
        assert (row.extension, row.title, row.used, row.invited) == ("1001", "Anna", None, NOON + HOUR)
        await signins.put_hash(rows, hers.id, "a hash")
        assert await signins.invited(rows, second.reveal(), NOON) is None
        await signins.invite(rows, hers.id, NOON + HOUR)
        await signins.rehash(rows, hers.id, "another", "third")
        assert await signins.hash_of(rows, hers.id) == "a hash"
        await signins.rehash(rows, hers.id, "a hash", "third")
        assert await signins.hash_of(rows, hers.id) == "third"
        assert await signins.forget_over(rows, NOON) == 0
        assert await signins.forget_over(rows, NOON + HOUR) == 1


async def test_a_session_is_over_at_its_end_or_when_it_is_not_used(store: Store) -> None:
    anna, otto = await people(store)
    async with store.write() as rows:
        hers = await signins.add(rows, anna.id)
        his = await signins.add(rows, otto.id)
        secret = await sessions.begin(rows, hers.id, NOON, NOON + 3 * HOUR, "x" * 1000)
        other = await sessions.begin(rows, hers.id, NOON, NOON + 3 * HOUR, "other")
        found = await sessions.found(rows, secret.reveal(), NOON + IDLE - timedelta(seconds=1), IDLE)
        assert found == Session(hers.id, NOON, NOON, NOON + 3 * HOUR, "x" * 200)
        assert await sessions.found(rows, secret.reveal(), NOON + IDLE, IDLE) is None
        await sessions.used(rows, secret.reveal(), NOON + HOUR)
        assert await sessions.found(rows, secret.reveal(), NOON + IDLE, IDLE) is not None
        assert await sessions.found(rows, secret.reveal(), NOON + 3 * HOUR, 9 * HOUR) is None
        assert [name for name, _ in await sessions.of(rows, hers.id)] == [
            sessions.name_of(secret.reveal()),
            sessions.name_of(other.reveal()),
        ]
        assert not await sessions.end_named(rows, his.id, sessions.name_of(other.reveal()))
        assert not await sessions.end_named(rows, hers.id, "no name")
        assert await sessions.forget_over(rows, NOON + IDLE, IDLE) == 1
        assert await sessions.end_others(rows, hers.id, secret.reveal()) == 0
        assert await sessions.end_others(rows, hers.id) == 1


async def test_with_somebody_goes_all_that_let_them_in(store: Store) -> None:
    anna, otto = await people(store)
    every = (entrance.signins, entrance.invitations, entrance.sessions, entrance.tokens, entrance.claims)
    async with store.write() as rows:
        for user in (anna, otto):
            one = await signins.add(rows, user.id)
            await signins.invite(rows, one.id, NOON + HOUR)
            await sessions.begin(rows, one.id, NOON, NOON + HOUR, "")
            await tokens.add(rows, one.id, "a program", (), NOON, None)
            await claims.put(rows, user.id, "new@example.org", NOON + HOUR, by_letter=True)
        await users.remove(rows, anna.id)
        assert [len(await rows.all(select(table))) for table in every] == [1] * 5
        his = await signins.of_user(rows, otto.id)
        assert his is not None
        assert await signins.remove(rows, his.id)
        assert [len(await rows.all(select(table))) for table in every] == [0, 0, 0, 0, 1]
        assert await signins.listed(rows) == ()


async def test_nothing_that_opens_something_is_in_the_file(store: Store, settings: StoreSettings) -> None:
    anna, _ = await people(store)
    async with store.write() as rows:
        hers = await signins.add(rows, anna.id)
        assert hers == SignIn(hers.id, anna.id, "", Role.USER)
        secrets = [
            await signins.invite(rows, hers.id, NOON + HOUR),
            await sessions.begin(rows, hers.id, NOON, NOON + HOUR, ""),
            await claims.put(rows, anna.id, "new@example.org", NOON + HOUR, by_letter=True),
        ]
    path = Path(settings.path)
    written = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert [one for one in secrets if one is None or one.reveal().encode() in written] == []


async def test_a_claim_is_its_users_alone(store: Store) -> None:
    anna, otto = await people(store)
    async with store.write() as rows:
        first = await claims.put(rows, anna.id, "new@example.org", NOON + HOUR, by_letter=True)
        secret = await claims.put(rows, anna.id, "new@example.org", NOON + 2 * HOUR, by_letter=True)
        assert await claims.put(rows, otto.id, "new@example.org", NOON + HOUR, by_letter=False) is None
        assert first is not None
        assert secret is not None
        assert await claims.opened(rows, anna.id, first.reveal(), NOON) is None
        assert await claims.opened(rows, otto.id, secret.reveal(), NOON) is None
        found = await claims.opened(rows, anna.id, secret.reveal(), NOON)
        assert found is not None
        assert (found.email, found.by_letter) == ("new@example.org", True)
        assert await claims.opened(rows, anna.id, secret.reveal(), NOON + 2 * HOUR) is None
        assert await claims.of(rows, anna.id, NOON) == (found,)
        (his,) = await claims.waiting(rows, NOON)
        assert (his.user, his.by_letter) == (otto.id, False)
        assert await claims.get(rows, otto.id, his.id, NOON) == his
        assert await claims.get(rows, anna.id, his.id, NOON) is None
        assert not await claims.remove(rows, anna.id, his.id)
        assert await claims.owner(rows, "otto@example.org") == otto.id
        assert await claims.owner(rows, "new@example.org") is None
        assert await claims.forget_over(rows, NOON + HOUR) == 1
        assert await claims.waiting(rows, NOON) == ()
        assert await claims.remove(rows, anna.id, found.id)
