"""What a PBX is made to hold so that people get into conferences."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.conference import Conference, Participant, RoomOf
from gateway.domain.held import ClockSeen, Dialled, Held, Lamp
from gateway.domain.user import User
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.engine.reconcile import Reconcile
from gateway.planning.conference import invited, room
from gateway.store import conferences, health, rooms, switches, users
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.switch import FakePbx
from tests.unit.engine.test_reconcile import dark, planned, running
from tests.unit.store.made import HOUR, NOON, person

MINUTE = timedelta(minutes=1)
KEY = "00ff11ee22dd" + "0" * 20


def conference(organiser: User, *others: User, **values: object) -> Conference:
    people = (organiser, *others)
    plain = Conference(
        key=KEY,
        meeting="m",
        series="s",
        organiser=organiser.id,
        pbx="main",
        room="8001",
        start=NOON + HOUR,
        end=NOON + 2 * HOUR,
        opens=NOON + HOUR - 10 * MINUTE,
        closes=NOON + 2 * HOUR + 15 * MINUTE,
        autocall=True,
        subject="Styrelse",
        participants=tuple(Participant(one.emails[0], one.id) for one in people),
    )
    return replace(plain, **values)  # type: ignore[arg-type]


async def keep(store: Store, *wanted: Conference) -> None:
    async with store.write() as rows:
        await conferences.keep(rows, wanted)


async def with_a_room(store: Store) -> tuple[User, User]:
    """1001 with the room 8001 and a plan; 1002, who is in nobody's plan."""
    organiser, _ = await planned(store, "1001")
    async with store.write() as rows:
        await rooms.put(rows, RoomOf("8001", owner=organiser.id, pin="4711"))
        other = await users.add(rows, replace(person("1002"), enabled=False))
    return organiser, other


def asked(pbx: FakePbx, place: str) -> list[str]:
    value = pbx.holds.get(place, Held()).invited
    return [window.name for window in invited.parse(value).windows] if value else []


def behind(pbx: FakePbx, place: str) -> list[str]:
    value = pbx.holds.get(place, Held()).room
    return [window.name for window in room.parse(value).windows] if value else []


async def test_the_room_opens_and_everybody_who_is_asked_gets_in(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001"))
        await keep(store, conference(organiser, other))
        await comes(lambda: behind(pbx, "8001") == asked(pbx, "1001") == asked(pbx, "1002") == [KEY[:12]])
        assert pbx.holds["1001"].schedule  # beside what is planned for the telephone
        assert pbx.holds["1002"] == Held(invited=pbx.holds["1002"].invited)


async def test_when_it_closes_nothing_is_left_of_it(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other))
    async with running(store, pbx, clock):
        await comes(lambda: bool(behind(pbx, "8001")) and clock.next is not None)
        clock.turn(NOON + 2 * HOUR + 14 * MINUTE)
        await comes(lambda: clock.next == NOON + 2 * HOUR + 15 * MINUTE)
        assert behind(pbx, "8001")
        clock.turn(MINUTE)
        await comes(lambda: set(pbx.holds) == {"1001"})
        assert asked(pbx, "1001") == []


async def test_a_cancelled_conference_closes_at_once(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other))
    async with running(store, pbx, clock):
        await comes(lambda: bool(behind(pbx, "8001")))
        await keep(store, conference(organiser, other, cancelled=True))
        await comes(lambda: set(pbx.holds) == {"1001"} and not asked(pbx, "1001"))


async def test_another_pin_is_held_at_once(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other))
    async with running(store, pbx, clock):
        await comes(lambda: bool(behind(pbx, "8001")))
        async with store.write() as rows:
            await rooms.put(rows, RoomOf("8001", owner=organiser.id, pin="0815"))
        await comes(lambda: room.parse(pbx.holds["8001"].room or "").pin == "0815")


async def test_off_closes_all_rooms_and_on_opens_them(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other))
    async with running(store, pbx, clock):
        await comes(lambda: bool(behind(pbx, "8001")))
        async with store.write() as rows:
            await switches.turn_off(rows, clock.now())
        await comes(lambda: pbx.holds == {})
        await keep(store, conference(organiser, other, end=NOON + 3 * HOUR))
        async with store.write() as rows:
            await switches.turn_on(rows)
        await comes(lambda: bool(behind(pbx, "8001")))


async def test_a_dry_run_opens_nothing(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other))
    async with running(store, pbx, clock, dry_run=True):
        await comes(lambda: clock.next is not None)
        async with store.read() as rows:
            told = await health.get(rows, "pbx:main")
    assert told
    assert (told.facts["would_hold"], told.facts["held"]) == (3, 0)
    assert pbx.writes == []


async def test_a_conference_of_another_pbx_is_not_ours_to_hold(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, other = await with_a_room(store)
    await keep(store, conference(organiser, other, pbx="branch"))
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001") and clock.next is not None)
        assert set(pbx.holds) == {"1001"}
        assert asked(pbx, "1001") == []


async def test_what_was_left_out_is_told(store: Store, pbx: FakePbx, clock: HandClock) -> None:
    organiser, _ = await with_a_room(store)
    second = conference(organiser, key="f" * 32, start=NOON + 1.5 * HOUR)  # overlaps
    await keep(store, conference(organiser), second)
    async with running(store, pbx, clock):
        await comes(lambda: bool(behind(pbx, "8001")) and clock.next is not None)
        async with store.read() as rows:
            told = await health.get(rows, "pbx:main")
    assert told
    assert told.facts["conferences_left_out"] == 1


async def test_a_news_of_conferences_lets_plans_of_users_alone(
    store: Store, pbx: FakePbx, clock: HandClock, monkeypatch
) -> None:
    organiser, other = await with_a_room(store)
    async with running(store, pbx, clock):
        await comes(lambda: dark(pbx, "1001") and clock.next is not None)
        monkeypatch.delattr("gateway.store.diversions.every")  # whoever asked for them would fail
        await keep(store, conference(organiser, other))
        await comes(lambda: bool(behind(pbx, "8001")))


async def test_events_may_be_handed_on_by_whoever_reads_them(store: Store, clock: HandClock) -> None:
    pulse = Pulse(store, clock)
    reconcile = Reconcile("main", store, Decided(), lambda _: True, clock, pulse)
    await reconcile.hear(ClockSeen(timedelta(seconds=2)))
    await reconcile.hear(Dialled("1001", "1|1-0-", Lamp.OFF, ("1001",)))
    async with store.read() as rows:
        told = await health.get(rows, "pbx:main")
    assert told
    assert told.facts["clock_ahead"] == 2.0
