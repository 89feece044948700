"""What is kept of people's decisions: what a page needs is not read anew because a user was changed."""

from dataclasses import replace

from gateway.engine.decided import Decided
from gateway.store import codes
from gateway.store.store import Store


async def test_codes_are_kept_while_users_change_and_read_anew_when_they_do(store: Store) -> None:
    decided = Decided()
    async with store.read() as rows:
        before = await decided.house(rows)
    async with store.write() as rows:
        rows.touch("users")
    async with store.read() as rows:
        assert await decided.house(rows) is before
    async with store.write() as rows:
        first, *_ = await codes.every(rows)
        await codes.put(rows, replace(first, target="1999"))
    async with store.read() as rows:
        assert (await decided.house(rows)).by_key[first.key].target == "1999"
