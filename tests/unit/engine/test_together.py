"""Small writes of many in one transaction."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from gateway.engine.together import Together, Work
from gateway.errors import GiveUp
from gateway.store import switches
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import NOON


def noting(done: list[int], number: int) -> Work:
    async def work(_: object) -> None:
        done.append(number)

    return work


async def test_who_comes_while_one_is_written_shares_the_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    together, done, transactions = Together(store), list[int](), 0
    write = store.write

    def counted() -> AbstractAsyncContextManager[Rows]:
        nonlocal transactions
        transactions += 1
        return write()

    monkeypatch.setattr(store, "write", counted)
    async with write():  # the first has to wait for it
        tasks = [asyncio.create_task(together.write(noting(done, number))) for number in range(20)]
        for _ in range(5):
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert sorted(done) == list(range(20))
    assert transactions == 2


async def test_what_was_written_is_there(store: Store) -> None:
    async def off(rows):
        await switches.turn_off(rows, NOON)

    await Together(store).write(off)
    async with store.read() as rows:
        assert await switches.off_since(rows) == NOON


async def test_the_next_writes_what_a_cancelled_one_has_not(store: Store) -> None:
    together, done = Together(store), list[int]()
    async with store.write():
        tasks = [asyncio.create_task(together.write(noting(done, number))) for number in range(4)]
        for _ in range(5):
            await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.wait(tasks[:2])
    await asyncio.gather(*tasks[2:])
    assert {2, 3} <= set(done)


async def test_an_error_is_everybodys_and_the_next_batch_is_a_new_one(store: Store) -> None:
    async def fails(_: object) -> None:
        raise GiveUp("no")

    together, done = Together(store), list[int]()
    with pytest.raises(GiveUp):
        await together.write(fails)
    await together.write(noting(done, 1))
    assert done == [1]
