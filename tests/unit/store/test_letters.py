"""Letters that wait, and what somebody does with an invitation while one is on its way."""

from zoneinfo import ZoneInfo

from gateway.domain.user import User
from gateway.store import letters, signins, users
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON


async def test_a_link_that_was_taken_while_the_letter_was_on_its_way_outlives_its_refusal(store: Store) -> None:
    async with store.write() as rows:
        anna = await users.add(rows, User(0, "1001", ("anna@example.org",), ZoneInfo("Europe/Stockholm")))
        hers = await signins.add(rows, anna.id)
        await letters.want(rows, hers.id, NOON)
        in_letter = await signins.invite(rows, hers.id, NOON + HOUR)
    async with store.write() as rows:
        await letters.forget(rows, hers.id)
        taken = await signins.invite(rows, hers.id, NOON + HOUR)
        await letters.refuse(rows, hers.id, NOON)
    async with store.read() as rows:
        assert await letters.of(rows, hers.id) is None
        assert await signins.invited(rows, in_letter.reveal(), NOON) is None
        assert await signins.invited(rows, taken.reveal(), NOON) == hers


async def test_the_link_of_a_letter_that_is_refused_ends(store: Store) -> None:
    async with store.write() as rows:
        anna = await users.add(rows, User(0, "1001", ("anna@example.org",), ZoneInfo("Europe/Stockholm")))
        hers = await signins.add(rows, anna.id)
        await letters.want(rows, hers.id, NOON)
        in_letter = await signins.invite(rows, hers.id, NOON + HOUR)
        await letters.refuse(rows, hers.id, NOON)
    async with store.read() as rows:
        assert await letters.of(rows, hers.id) == letters.Wanted(NOON, NOON)
        assert await signins.invited(rows, in_letter.reveal(), NOON) is None
