"""Mailboxes: a reading replaces rows and cursor together, and a cursor outlives no change of the rules."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Cursor
from gateway.domain.user import Organisation
from gateway.errors import Refused, Unreachable
from gateway.store import codes, diversions, mailboxes, meetings, organisation, users
from gateway.store.mailboxes import Progress
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, diversion, meeting, person, someone
from tests.unit.store.test_codes import MEETING

CURSOR = Cursor("token-1", date(2026, 11, 23))


async def cursor_of(rows: Rows, mailbox: int) -> Cursor | None:
    return (await mailboxes.progress(rows))[mailbox].cursor


async def test_a_reading_replaces_the_one_before(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        first, second = diversion(user.id, "a"), diversion(user.id, "b", start=NOON + HOUR, end=NOON + 2 * HOUR)
        assert await mailboxes.replace(rows, mailbox.id, [first, second], CURSOR, epoch=0, now=NOON)
        moved = replace(second, end=NOON + 3 * HOUR)
        later = Cursor("token-2", date(2026, 11, 23))
        assert await mailboxes.replace(rows, mailbox.id, [first, moved], later, epoch=0, now=NOON, set_aside=2)
        assert await diversions.of(rows, user.id) == (first, moved)
        assert (await mailboxes.progress_of(rows, mailbox.id)) == Progress(
            cursor=later, epoch=0, tried=NOON, succeeded=NOON, set_aside=2
        )


async def test_a_reading_with_the_same_diversions_changes_nothing(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=0, now=NOON)
    async with store.write() as rows:
        assert not await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=0, now=NOON)
        assert "diversions" not in rows.touched


async def test_one_mailbox_does_not_touch_the_rows_of_another(store: Store) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
        other, others = await someone(rows, "1002")
        await mailboxes.replace(rows, others.id, [diversion(other.id)], None, epoch=0, now=NOON)
        await mailboxes.replace(rows, mailbox.id, [], None, epoch=0, now=NOON)
        assert await diversions.every(rows) == {other.id: (diversion(other.id),)}
        assert await diversions.count(rows, others.id) == 1
        assert await diversions.count(rows, mailbox.id) == 0


async def test_a_reading_that_began_under_other_rules_brings_no_cursor(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        began = (await mailboxes.progress(rows))[mailbox.id]
        await codes.put(rows, MEETING)
        await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=began.epoch, now=NOON)
        assert await cursor_of(rows, mailbox.id) is None
        again = (await mailboxes.progress(rows))[mailbox.id]
        await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=again.epoch, now=NOON)
        assert await cursor_of(rows, mailbox.id) == CURSOR


async def test_a_change_of_the_organisation_lets_every_calendar_be_read_whole(store: Store) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
        await organisation.put(rows, Organisation(ZoneInfo("Europe/Berlin")))
        epoch = (await mailboxes.progress(rows))[mailbox.id].epoch
        await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=epoch, now=NOON)
        await organisation.put(rows, Organisation(ZoneInfo("Europe/Berlin")))
        assert await cursor_of(rows, mailbox.id) == CURSOR
        await organisation.put(rows, Organisation(ZoneInfo("Europe/Berlin"), only_own=True))
        assert await cursor_of(rows, mailbox.id) is None


async def test_a_new_number_lets_those_be_read_whole_where_a_target_was_refused(store: Store) -> None:
    async with store.write() as rows:
        _, refused = await someone(rows)
        _, content = await someone(rows, "1002")
        remarks = {"target_refused": 1, "withheld": 0}
        await mailboxes.replace(rows, refused.id, [], CURSOR, epoch=0, now=NOON, remarks=remarks)
        await mailboxes.replace(rows, content.id, [], CURSOR, epoch=0, now=NOON)
        assert (await mailboxes.progress(rows))[refused.id].remarks == {"target_refused": 1}
        await users.add(rows, person("1003"))
        assert await cursor_of(rows, refused.id) is None
        assert await cursor_of(rows, content.id) == CURSOR


async def test_a_number_that_goes_lets_those_be_read_whole_that_divert_to_it(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        target = await users.add(rows, person("1004"))
        diverted = diversion(user.id, target="1004")
        await mailboxes.replace(rows, mailbox.id, [diverted], CURSOR, epoch=0, now=NOON)
        await users.remove(rows, target.id)
        assert await cursor_of(rows, mailbox.id) is None


async def test_failing_is_told_from_its_beginning_until_it_goes_well_again(store: Store) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
        await mailboxes.unchanged(rows, [mailbox.id], NOON)
        await mailboxes.failed(rows, [mailbox.id], Unreachable("no answer", "start it"), NOON + HOUR)
        await mailboxes.failed(rows, [mailbox.id], Unreachable("no answer", "start it"), NOON + 2 * HOUR)
        assert await mailboxes.progress_of(rows, mailbox.id) == Progress(
            tried=NOON + 2 * HOUR,
            succeeded=NOON,
            failing_since=NOON + HOUR,
            error="Unreachable",
            said="no answer: start it",
        )
        await mailboxes.unchanged(rows, [mailbox.id], NOON + 3 * HOUR)
        assert await mailboxes.progress_of(rows, mailbox.id) == Progress(
            tried=NOON + 3 * HOUR, succeeded=NOON + 3 * HOUR
        )


async def test_a_mailbox_that_is_gone_is_passed_over(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        assert await mailboxes.remove(rows, mailbox.id)
        assert not await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=0, now=NOON)
        assert not await mailboxes.remove(rows, mailbox.id)
        assert await diversions.every(rows) == {}


async def test_one_user_has_one_mailbox_at_an_account(store: Store) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
        with pytest.raises(Refused):
            await mailboxes.add(rows, mailbox)


async def test_addresses_of_a_mailbox_are_the_users_and_its_own(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await users.put(rows, replace(user, emails=("one@example.org", "two@example.org")))
        assert (await mailboxes.every(rows))[0].addresses == {"u1001@example.org", "one@example.org", "two@example.org"}
        assert (await mailboxes.every(rows))[0].address == mailbox.address


async def test_what_is_over_is_forgotten_and_the_next_end_is_known(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        short, long = diversion(user.id, "a"), diversion(user.id, "b", end=NOON + 2 * HOUR)
        await mailboxes.replace(rows, mailbox.id, [short, long], None, epoch=0, now=NOON)
        assert await diversions.next_end(rows) == NOON + HOUR
        assert await diversions.forget_over(rows, NOON + HOUR - timedelta(microseconds=1)) == 0
        assert await diversions.forget_over(rows, NOON + HOUR) == 1
        assert await diversions.of(rows, user.id) == (long,)
        assert await diversions.forget_over(rows, NOON + 3 * HOUR) == 1
        assert await diversions.next_end(rows) is None


async def test_a_calendar_that_is_not_read_any_more_leaves_nothing_and_is_read_whole_later(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        other, others = await someone(rows, "1002")
        for who, where in ((user, mailbox), (other, others)):
            await mailboxes.replace(
                rows, where.id, [diversion(who.id)], CURSOR, epoch=0, now=NOON, meetings=[meeting(who.id)]
            )
    async with store.write() as rows:
        assert await mailboxes.put_calendar(rows, user.id, calendar=False)
        assert {"mailboxes", "diversions", "meetings"} <= rows.touched
        assert rows.removed
        assert [one.calendar for one in await mailboxes.every(rows)] == [False, True]
        assert await diversions.every(rows) == {other.id: (diversion(other.id),)}
        assert [one.organiser for one in await meetings.every(rows)] == [other.id]
        assert not await mailboxes.replace(rows, mailbox.id, [diversion(user.id)], CURSOR, epoch=0, now=NOON)
        assert await cursor_of(rows, mailbox.id) is None
        assert await cursor_of(rows, others.id) == CURSOR
    async with store.write() as rows:
        assert await mailboxes.put_calendar(rows, other.id, calendar=True)
        assert rows.touched == set()
        assert await mailboxes.put_calendar(rows, user.id, calendar=True)
        progress = await mailboxes.progress_of(rows, mailbox.id)
        assert progress is not None
        assert (progress.cursor, progress.epoch) == (None, 2)
        assert not await mailboxes.put_calendar(rows, 99, calendar=True)
