"""Refused credentials: counted until they work, are given anew, or somebody lets them be tried again."""

from gateway.domain.mailbox import Account
from gateway.store import accounts, refusals
from gateway.store.refusals import Refusals
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, account


async def refused_twice(rows: Rows) -> Account:
    added = await accounts.add(rows, account())
    for when in (NOON, NOON + HOUR):
        await refusals.begin(rows, added, when)
        await refusals.refused(rows, added, when)
    return added


async def test_refusals_are_counted_with_the_first_and_the_last(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        assert await refusals.of(rows, added.id) == Refusals(2, NOON, NOON + HOUR, 0, NOON + HOUR)
        assert (await refusals.every(rows))[added.id].many == 2


async def test_a_try_that_nobody_answered_is_still_a_try(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        await refusals.begin(rows, added, NOON + 2 * HOUR)
        await refusals.begin(rows, added, NOON + 3 * HOUR)
        assert await refusals.of(rows, added.id) == Refusals(2, NOON, NOON + HOUR, 2, NOON + 3 * HOUR)
        await refusals.answered(rows, added, accepted=False)
        assert await refusals.of(rows, added.id) == Refusals(2, NOON, NOON + HOUR, 0, NOON + 3 * HOUR)


async def test_credentials_that_work_were_never_refused(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        await refusals.answered(rows, added, accepted=True)
        assert await refusals.of(rows, added.id) == Refusals()
        assert await accounts.every(rows) == (added,)


async def test_another_password_was_never_refused_nor_is_it_by_what_is_heard_of_the_one_before(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        await accounts.put_password(rows, added.id, added.password)
        (given,) = await accounts.every(rows)
        assert given != added
        await refusals.refused(rows, added, NOON + HOUR)
        assert await refusals.of(rows, added.id) == Refusals()
        await refusals.refused(rows, given, NOON + HOUR)
        assert (await refusals.of(rows, added.id)).many == 1


async def test_forgetting_those_of_one_account_leaves_others(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        other = await accounts.add(rows, account("other"))
        await refusals.refused(rows, other, NOON)
    changes = store.watch("accounts")
    await anext(changes)
    async with store.write() as rows:
        await refusals.forget(rows, [added.id])
    assert await anext(changes) == {"accounts"}
    await changes.aclose()
    async with store.read() as rows:
        assert await refusals.every(rows) == {added.id: Refusals(), other.id: Refusals(1, NOON, NOON)}


async def test_what_lies_in_the_future_happened_now(store: Store) -> None:
    async with store.write() as rows:
        added = await refused_twice(rows)
        await refusals.set_back(rows, added, NOON + HOUR / 2)
        assert await refusals.of(rows, added.id) == Refusals(2, NOON, NOON + HOUR / 2, 0, NOON + HOUR / 2)
