"""Attendances: who is in, who was, and what a PBX says about it all at once."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.conference import Attendance
from gateway.store import attendances, conferences
from gateway.store.store import Store
from tests.unit.store.made import NOON, conference

MINUTE = timedelta(minutes=1)
HERE, THERE = conference("a"), conference("b")


def attendance(channel: str = "PJSIP/1001-1", **values: object) -> Attendance:
    given = {"conference": HERE.key, "who": "user:1", "joined": NOON} | values
    return Attendance(channel=channel, **given)  # type: ignore[arg-type]


@pytest.fixture
async def planned(store: Store) -> Store:
    """A store with two conferences."""
    async with store.write() as rows:
        await conferences.keep(rows, [HERE, THERE])
    return store


async def test_somebody_comes_and_leaves(planned: Store) -> None:
    async with planned.write() as rows:
        assert await attendances.came(rows, attendance())
        assert await attendances.every(rows) == (attendance(),)
        assert rows.touched == {"attendances"}
        assert await attendances.went(rows, HERE.key, "PJSIP/1001-1", NOON + MINUTE)
        assert await attendances.every(rows) == (attendance(left=NOON + MINUTE),)


async def test_what_is_known_is_no_news(planned: Store) -> None:
    async with planned.write() as rows:
        await attendances.came(rows, attendance())
        await attendances.came(rows, attendance("PJSIP/1002-1"))
        await attendances.went(rows, HERE.key, "PJSIP/1002-1", NOON + MINUTE)
    async with planned.write() as rows:
        assert not await attendances.came(rows, attendance(joined=NOON + MINUTE))
        assert not await attendances.went(rows, HERE.key, "PJSIP/1002-1", NOON + 2 * MINUTE)
        assert not await attendances.went(rows, HERE.key, "PJSIP/1009-1", NOON + 2 * MINUTE)
        assert not await attendances.went(rows, THERE.key, "PJSIP/1001-1", NOON + 2 * MINUTE)
        assert await attendances.every(rows) == (attendance(), attendance("PJSIP/1002-1", left=NOON + MINUTE))
        assert rows.touched == set()


async def test_who_it_is_may_be_learnt_later(planned: Store) -> None:
    async with planned.write() as rows:
        await attendances.came(rows, attendance(who=""))
        assert await attendances.came(rows, attendance(joined=NOON + MINUTE))
        assert await attendances.every(rows) == (attendance(),)


async def test_who_had_left_is_in_anew(planned: Store) -> None:
    async with planned.write() as rows:
        await attendances.came(rows, attendance())
        await attendances.went(rows, HERE.key, "PJSIP/1001-1", NOON + MINUTE)
        again = attendance(joined=NOON + 2 * MINUTE)
        assert await attendances.came(rows, again)
        assert await attendances.every(rows) == (again,)


async def test_nobody_comes_into_a_conference_that_is_gone(planned: Store) -> None:
    async with planned.write() as rows:
        assert not await attendances.came(rows, attendance(conference="f" * 32))
        assert await attendances.every(rows) == ()


async def test_a_pbx_that_tells_who_is_in_says_nothing_about_others_conferences(planned: Store) -> None:
    left, stays, elsewhere = attendance("a"), attendance("b"), attendance("c", conference=THERE.key)
    async with planned.write() as rows:
        for one in (left, stays, elsewhere):
            await attendances.came(rows, one)
        now = NOON + MINUTE
        assert await attendances.keep(rows, [replace(stays, joined=now)], now, among={HERE.key})
        assert set(await attendances.every(rows)) == {replace(left, left=now), stays, elsewhere}
    async with planned.write() as rows:
        assert not await attendances.keep(rows, [stays], now, among=[HERE.key])
        assert rows.touched == set()
        assert await attendances.keep(rows, [stays], now)
        assert set(await attendances.every(rows)) == {replace(left, left=now), stays, replace(elsewhere, left=now)}


async def test_whatever_was_missed_exactly_those_are_in_whom_the_pbx_tells(planned: Store) -> None:
    chance = random.Random(4)
    anybody = [attendance(f"PJSIP/100{number}-1", conference=one.key) for one in (HERE, THERE) for number in range(4)]
    async with planned.write() as rows:
        for minute in range(60):
            now = NOON + minute * MINUTE
            present = [replace(one, joined=now) for one in chance.sample(anybody, chance.randrange(len(anybody)))]
            before = {(one.conference, one.channel): one for one in await attendances.every(rows) if not one.left}
            await attendances.keep(rows, present, now)
            after = await attendances.every(rows)
            are_in = {(one.conference, one.channel): one for one in after if not one.left}
            assert are_in.keys() == {(one.conference, one.channel) for one in present}
            assert all(one == before.get(key, replace(one, joined=now)) for key, one in are_in.items())


async def test_conferences_are_forgotten_with_all_who_were_in(planned: Store) -> None:
    async with planned.write() as rows:
        for one in (attendance("a"), attendance("b"), attendance("c", conference=THERE.key)):
            await attendances.came(rows, one)
        await attendances.went(rows, HERE.key, "a", NOON + MINUTE)
    async with planned.write() as rows:
        assert await attendances.forget(rows, []) == 0
        assert (rows.touched, rows.removed) == (set(), False)
        assert await attendances.forget(rows, {HERE.key}) == 2
        assert (rows.touched, rows.removed) == ({"attendances"}, True)
        assert await attendances.every(rows) == (attendance("c", conference=THERE.key),)
