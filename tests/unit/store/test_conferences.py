"""Conferences: exactly those that are wanted, what their organisers were told, and who was in them."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.conference import Attendance, Conference
from gateway.store import attendances, calls, conferences, users
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, attempt, conference, someone

LATEST = NOON + HOUR * 5 / 4 + timedelta(seconds=30)


async def kept(rows: Rows, *wanted: Conference) -> tuple[Conference, ...]:
    await conferences.keep(rows, wanted)
    return await conferences.every(rows)


async def test_a_conference_comes_back_as_it_was_planned(store: Store) -> None:
    whole = (
        conference("a"),
        conference("b", room=None, autocall=False, subject="", participants=(), left_out=(), cancelled=True),
        conference("c", collided=True, told="digest", opens=NOON + timedelta(microseconds=1)),
    )
    async with store.write() as rows:
        assert await conferences.keep(rows, whole)
    async with store.read() as rows:
        assert await conferences.every(rows) == whole


async def test_conferences_come_by_their_start(store: Store) -> None:
    late, early, same = conference("a", start=NOON + HOUR), conference("c"), conference("b")
    async with store.write() as rows:
        assert await kept(rows, late, early, same) == (same, early, late)


async def test_there_are_exactly_those_that_are_wanted(store: Store) -> None:
    async with store.write() as rows:
        first, second, third = (conference(name) for name in "abc")
        assert await kept(rows, first, second) == (first, second)
        moved = replace(second, room="8009", end=NOON + 2 * HOUR, closes=NOON + 3 * HOUR, collided=True)
        assert await kept(rows, moved, third) == (moved, third)
        assert await kept(rows) == ()


async def test_the_same_conferences_change_nothing(store: Store) -> None:
    wanted = [conference("a"), conference("b")]
    async with store.write() as rows:
        await conferences.keep(rows, wanted)
        await conferences.told(rows, wanted[0].key, "digest")
    async with store.write() as rows:
        assert not await conferences.keep(rows, wanted[::-1])
        assert rows.touched == set()
        assert not rows.removed


async def test_what_an_organiser_was_told_stays_whatever_is_planned_anew(store: Store) -> None:
    one = conference()
    async with store.write() as rows:
        await conferences.keep(rows, [one])
        await conferences.told(rows, one.key, "digest")
        assert await kept(rows, replace(one, subject="Annat")) == (replace(one, subject="Annat", told="digest"),)
        assert await kept(rows, replace(one, told="of before")) == (replace(one, told="digest"),)
        await conferences.told(rows, one.key, "another")
        assert await kept(rows, one) == (replace(one, told="another"),)


async def test_telling_the_same_again_or_of_what_is_gone_is_no_news(store: Store) -> None:
    async with store.write() as rows:
        await conferences.keep(rows, [conference(told="digest")])
    async with store.write() as rows:
        await conferences.told(rows, conference().key, "digest")
        await conferences.told(rows, conference("b").key, "digest")
        assert rows.touched == set()
        await conferences.told(rows, conference().key, "another")
        assert rows.touched == {"conferences"}


async def test_each_change_is_told_and_leaves_nothing_of_before_in_the_file(store: Store) -> None:
    one = conference()
    for wanted, something_leaves in (([one], False), ([replace(one, subject="")], True), ([], True)):
        async with store.write() as rows:
            assert await conferences.keep(rows, wanted)
            assert rows.touched == {"conferences"}
            assert rows.removed == something_leaves


async def test_who_was_in_goes_with_the_conference_and_calls_stay(store: Store) -> None:
    gone, stays = conference("a"), conference("b")
    there = [Attendance(one.key, "PJSIP/1001-1", "user:1", NOON) for one in (gone, stays)]
    async with store.write() as rows:
        await conferences.keep(rows, [gone, stays])
        await calls.put(rows, [attempt(conference=gone.key)])
        for one in there:
            assert await attendances.came(rows, one)
    async with store.write() as rows:
        await conferences.keep(rows, [stays])
        assert rows.touched == {"attendances", "conferences"}
        assert await attendances.every(rows) == (there[1],)
        assert await calls.of(rows, gone.key) == (attempt(conference=gone.key),)


async def test_a_conference_outlives_its_organiser(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        one = conference(organiser=user.id)
        await conferences.keep(rows, [one])
        await calls.put(rows, [attempt(conference=one.key)])
        await attendances.came(rows, Attendance(one.key, "PJSIP/1001-1", f"user:{user.id}", NOON))
        await users.remove(rows, user.id)
        assert await conferences.every(rows) == (one,)
        assert len(await calls.every(rows)) == len(await attendances.every(rows)) == 1


async def test_what_nobody_has_closed_is_forgotten_half_a_minute_later(store: Store) -> None:
    async with store.write() as rows:
        assert await conferences.next_end(rows) is None
        short, long = conference("a"), conference("b", closes=NOON + 3 * HOUR)
        await conferences.keep(rows, [short, long])
        await attendances.came(rows, Attendance(short.key, "PJSIP/1001-1", "", NOON))
        assert await conferences.next_end(rows) == LATEST
        assert await conferences.forget_over(rows, LATEST - timedelta(microseconds=1)) == 0
        assert await conferences.forget_over(rows, LATEST) == 1
        assert await conferences.every(rows) == (long,)
        assert await attendances.every(rows) == ()
        assert rows.removed
