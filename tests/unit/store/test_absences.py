"""Absences by hand: one per user, ended with all that runs, taken over from a telephone once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.mailbox import Mailbox
from gateway.domain.user import User
from gateway.store import absences, codes, diversions, mailboxes, users
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, diversion, person, someone


def by_hand(user: int, **values: object) -> Diversion:
    """What comes back of an absence by hand: no text, and the key that all have."""
    given = {"code": "meeting", "text": None, "by_hand": True} | values
    return diversion(user, BY_HAND, **given)


async def asked(rows: Rows, user: User, mailbox: Mailbox, *some: Diversion) -> None:
    await mailboxes.replace(rows, mailbox.id, some, None, epoch=0, now=NOON)


async def running(rows: Rows, user: int) -> list[str]:
    """Keys of what was not dismissed."""
    return [one.key for one in await diversions.of(rows, user) if not one.dismissed]


async def test_a_later_absence_takes_the_place_of_the_one_before(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        other, _ = await someone(rows, "1002")
        await absences.put(rows, by_hand(user.id))
        later = by_hand(user.id, code="trip", end=NOON + 2 * HOUR, target="1004")
        await absences.put(rows, later)
        assert await absences.of(rows, user.id) == later
        assert await absences.of(rows, other.id) is None
        assert await absences.every(rows) == {user.id: later}


async def test_whatever_is_put_comes_back_as_set_by_hand(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        await absences.put(rows, diversion(user.id, "k", code="meeting", text="Styrgrupp"))
        assert await absences.of(rows, user.id) == by_hand(user.id)


async def test_ending_ends_the_absence_and_all_that_runs_and_nothing_else(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        other, others = await someone(rows, "1002")
        await absences.put(rows, by_hand(user.id))
        await asked(
            rows, user, mailbox,
            diversion(user.id, "trip", start=NOON - HOUR, end=NOON + 3 * HOUR),
            diversion(user.id, "lunch"),
            diversion(user.id, "ends now", start=NOON - HOUR, end=NOON),
            diversion(user.id, "later", start=NOON + HOUR, end=NOON + 2 * HOUR),
            diversion(user.id, "information", diverts=False),
        )  # fmt: skip
        await asked(rows, other, others, diversion(other.id, "somebody else's"))
        assert await absences.end(rows, user.id, NOON)
        assert await absences.of(rows, user.id) is None
        assert await running(rows, user.id) == ["ends now", "information", "later"]
        assert await running(rows, other.id) == ["somebody else's"]
        assert not await absences.end(rows, user.id, NOON)
        assert rows.removed


@pytest.mark.parametrize("at", [NOON - HOUR, NOON + HOUR])
async def test_what_is_not_in_force_is_nothing_to_be_ended(store: Store, at: object) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await absences.put(rows, by_hand(user.id))
        await asked(rows, user, mailbox, diversion(user.id))
        assert not await absences.end(rows, user.id, at)  # type: ignore[arg-type]
        assert await absences.of(rows, user.id) is None
        assert await running(rows, user.id) == ["k1"]


async def test_what_was_dismissed_stays_so_until_its_times_change(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        item, beside = diversion(user.id, "a"), diversion(user.id, "b")
        await asked(rows, user, mailbox, item, beside)
        assert await absences.end(rows, user.id, NOON)
        again = replace(item, text="Styrgrupp, nu i Kiruna", code="trip")
        await asked(rows, user, mailbox, again, replace(beside, end=beside.end + HOUR))
        assert await diversions.of(rows, user.id) == (
            replace(again, dismissed=True),
            replace(beside, end=beside.end + HOUR),
        )
        await asked(rows, user, mailbox, replace(again, start=NOON - HOUR))
        assert await running(rows, user.id) == ["a"]


async def test_the_same_reading_again_leaves_what_was_dismissed_untouched(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await asked(rows, user, mailbox, diversion(user.id))
        await absences.end(rows, user.id, NOON)
    async with store.write() as rows:
        assert not await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], None, epoch=0, now=NOON)
        assert "diversions" not in rows.touched
        assert await running(rows, user.id) == []


async def test_a_turn_is_taken_over_once(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        item = diversion(user.id, start=NOON - HOUR, end=NOON + 3 * HOUR)
        await asked(rows, user, mailbox, item, replace(item, key="k2", start=NOON + HOUR))
        assert await absences.turns(rows) == {}
        assert await absences.take_over(rows, user, 3, NOON, by_hand(user.id))
        assert await absences.turns(rows) == {"1001": 3}
        assert await running(rows, user.id) == ["k2"]
        assert await absences.of(rows, user.id) == by_hand(user.id)
        for known in (2, 3):
            assert not await absences.take_over(rows, user, known, NOON + 2 * HOUR, None)
        assert await running(rows, user.id) == ["k2"]
        assert await absences.of(rows, user.id) == by_hand(user.id)
        assert await absences.take_over(rows, user, 999_999_999_999, None, None)
        assert await absences.of(rows, user.id) is None
        assert await running(rows, user.id) == ["k2"]


async def test_of_somebody_who_is_gone_nothing_is_taken_over(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        await absences.put(rows, by_hand(user.id))
        await absences.take_over(rows, user, 1, None, by_hand(user.id))
        await users.remove(rows, user.id)
        assert "absences" in rows.touched
        assert await absences.every(rows) == {}
        assert not await absences.take_over(rows, user, 2, NOON, by_hand(user.id))


async def test_the_next_owner_of_a_number_does_not_inherit_what_was_dialled(store: Store) -> None:
    async with store.write() as rows:
        before, _ = await someone(rows)
        assert await absences.take_over(rows, before, 4, None, by_hand(before.id))
        await users.remove(rows, before.id)
        after = await users.add(rows, person())
        assert not await absences.take_over(rows, after, 4, None, by_hand(after.id))
        assert await absences.take_over(rows, after, 5, None, by_hand(after.id))


async def test_an_item_that_was_changed_since_it_was_ended_counts_again(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        item = diversion(user.id, start=NOON - HOUR, end=NOON + 3 * HOUR)
        await mailboxes.replace(rows, mailbox.id, [item, replace(item, key="k2")], None, epoch=0, now=NOON - HOUR)
        moved = replace(item, end=NOON + 2 * HOUR)
        later = NOON + timedelta(minutes=10)
        await mailboxes.replace(rows, mailbox.id, [moved, replace(item, key="k2")], None, epoch=0, now=later)
        assert await absences.take_over(rows, user, 1, NOON, None)
        assert [one.key for one in await diversions.of(rows, user.id) if one.dismissed] == ["k2"]


async def test_a_clock_that_was_ahead_keeps_nobody_from_ending_what_was_found_meanwhile(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        item = diversion(user.id, start=NOON - HOUR, end=NOON + 3 * HOUR)
        await mailboxes.replace(rows, mailbox.id, [item], None, epoch=0, now=NOON + HOUR)
        await diversions.found_long_ago(rows)
        assert await absences.take_over(rows, user, 1, NOON, None)
        assert [one.dismissed for one in await diversions.of(rows, user.id)] == [True]


async def test_a_code_takes_its_absences_along(store: Store) -> None:
    async with store.write() as rows:
        user, _ = await someone(rows)
        other, _ = await someone(rows, "1002")
        await absences.put(rows, by_hand(user.id))
        await absences.put(rows, by_hand(other.id, code="trip"))
        await codes.remove(rows, "meeting")
        assert set(await absences.every(rows)) == {other.id}
        assert "absences" in rows.touched


async def test_an_absence_that_is_over_is_forgotten_and_the_next_end_is_known(store: Store) -> None:
    async with store.write() as rows:
        assert await absences.next_end(rows) is None
        user, _ = await someone(rows)
        other, _ = await someone(rows, "1002")
        await absences.put(rows, by_hand(user.id))
        await absences.put(rows, by_hand(other.id, end=NOON + 2 * HOUR))
        assert await absences.next_end(rows) == NOON + HOUR
        assert await absences.forget_over(rows, NOON) == 0
        assert await absences.forget_over(rows, NOON + HOUR) == 1
        assert set(await absences.every(rows)) == {other.id}
        assert await absences.next_end(rows) == NOON + 2 * HOUR


async def test_each_change_is_told(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await asked(rows, user, mailbox, diversion(user.id))
    watching = store.watch("absences", "diversions")
    await anext(watching)
    async with store.write() as rows:
        await absences.put(rows, by_hand(user.id))
    assert await anext(watching) == {"absences"}
    async with store.write() as rows:
        await absences.end(rows, user.id, NOON)
    assert await anext(watching) == {"absences", "diversions"}
    async with store.write() as rows:
        await absences.take_over(rows, user, 1, None, None)
    assert await anext(watching) == {"absences"}
    await watching.aclose()
