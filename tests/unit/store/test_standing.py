"""Wishes, the switch, and health: what commands and the gateway tell each other."""

from gateway.store import health, switches, users, wishes
from gateway.store.health import Health
from gateway.store.store import Store
from gateway.store.wishes import Kind, Wish
from tests.unit.store.made import HOUR, NOON, person


async def test_a_wish_is_taken_once(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, person())
        mine, everybodys = Wish(Kind.SYNC, user.id, NOON), Wish(Kind.SYNC, None, NOON + HOUR)
        await wishes.ask(rows, mine)
        await wishes.ask(rows, everybodys)
        assert await wishes.take(rows) == (mine, everybodys)
        assert await wishes.take(rows) == ()


async def test_off_lasts_until_on(store: Store) -> None:
    async with store.write() as rows:
        assert await switches.off_since(rows) is None
        assert await switches.turn_off(rows, NOON)
        assert not await switches.turn_off(rows, NOON + HOUR)
        assert await switches.off_since(rows) == NOON
        assert await switches.turn_on(rows)
        assert not await switches.turn_on(rows)
        assert await switches.off_since(rows) is None


async def test_health_tells_since_when_it_is_so(store: Store) -> None:
    async with store.write() as rows:
        await health.put(rows, "pbx:main", ok=True, now=NOON, said="connected", facts={"held": 3})
        await health.put(rows, "pbx:main", ok=True, now=NOON + HOUR, said="still connected")
        assert await health.every(rows) == (
            Health("pbx:main", True, NOON, NOON + HOUR, "still connected", "", {"held": 3}),
        )
        await health.put(rows, "pbx:main", ok=False, now=NOON + 2 * HOUR, said="lost", remedy="start it", facts={})
        await health.beat(rows, ["pbx:main", "nobody"], NOON + 3 * HOUR)
        expected = Health("pbx:main", False, NOON + 2 * HOUR, NOON + 3 * HOUR, "lost", "start it", {})
        assert await health.get(rows, "pbx:main") == expected


async def test_parts_that_are_no_more_are_forgotten(store: Store) -> None:
    async with store.write() as rows:
        for name in ("pbx:main", "account:1", "gateway"):
            await health.put(rows, name, ok=True, now=NOON)
        await health.forget(rows, keep=["gateway"])
        assert [row.name for row in await health.every(rows)] == ["gateway"]
