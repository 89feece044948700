"""Meetings: what the last reading of a mailbox asked conferences for, and who is asked whose address changed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.domain.conference import LeftOut, Participant, Why
from gateway.domain.mailbox import Cursor
from gateway.store import accounts, diversions, mailboxes, meetings, users
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, diversion, meeting, person, someone

CURSOR = Cursor("token-1", date(2026, 11, 23))


async def whole(rows: Rows, mailbox: int) -> bool:
    """Whether this mailbox is read whole the next time."""
    return (await mailboxes.progress(rows))[mailbox].cursor is None


async def test_a_meeting_comes_back_as_it_was_found(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        found = (
            meeting(user.id, "a", start=NOON + timedelta(microseconds=1)),
            meeting(user.id, "b", autocall=False, subject="", participants=(), left_out=()),
            meeting(
                user.id,
                "c",
                participants=(Participant("å@example.org", user.id), Participant("b@example.org", 7, declined=True)),
                left_out=tuple(LeftOut(f"{why.value}@example.org", why) for why in Why),
            ),
        )
        assert await meetings.replace(rows, mailbox.id, found, NOON)
        assert await meetings.every(rows) == found
        assert await meetings.count(rows, mailbox.id) == len(found)


async def test_the_same_meetings_change_nothing(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await meetings.replace(rows, mailbox.id, [meeting(user.id), meeting(user.id, "b")], NOON)
    async with store.write() as rows:
        assert not await meetings.replace(rows, mailbox.id, [meeting(user.id, "b"), meeting(user.id)], NOON)
        assert rows.touched == set()
        assert not rows.removed


async def test_a_meeting_that_changed_is_the_one_found_last(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        first, second = meeting(user.id), meeting(user.id, "b")
        await meetings.replace(rows, mailbox.id, [first, second], NOON)
        moved = replace(first, end=NOON + 2 * HOUR)
        assert await meetings.replace(rows, mailbox.id, [moved, second], NOON)
        assert await meetings.every(rows) == (second, moved)


async def test_the_same_meeting_of_two_mailboxes_is_there_twice_and_goes_with_each(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        _, other = await someone(rows, "1002")
        await meetings.replace(rows, mailbox.id, [meeting(user.id)], NOON)
        await meetings.replace(rows, other.id, [meeting(user.id, subject="Annat")], NOON)
        assert [one.subject for one in await meetings.every(rows)] == ["Styrgrupp", "Annat"]
        assert await meetings.replace(rows, mailbox.id, [], NOON)
        assert [one.subject for one in await meetings.every(rows)] == ["Annat"]
        assert await meetings.count(rows, mailbox.id) == 0


async def test_a_meeting_that_a_calendar_has_twice_is_kept_once(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await meetings.replace(rows, mailbox.id, [meeting(user.id), meeting(user.id)], NOON)
        assert await meetings.every(rows) == (meeting(user.id),)


async def test_what_is_over_is_not_kept_and_is_forgotten_at_its_end(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        over = meeting(user.id, "o", start=NOON - HOUR, end=NOON)
        short, long = meeting(user.id), meeting(user.id, "b", end=NOON + 2 * HOUR)
        assert await meetings.next_end(rows) is None
        await meetings.replace(rows, mailbox.id, [over, short, long], NOON)
        assert await meetings.every(rows) == (short, long)
        assert await meetings.next_end(rows) == NOON + HOUR
        assert await meetings.forget_over(rows, NOON + HOUR - timedelta(microseconds=1)) == 0
        assert await meetings.forget_over(rows, NOON + HOUR) == 1
        assert await meetings.every(rows) == (long,)


async def test_a_reading_brings_diversions_meetings_and_cursor_together_or_not_at_all(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        asked = [diversion(user.id)]
        assert await mailboxes.replace(rows, mailbox.id, asked, CURSOR, epoch=0, now=NOON, meetings=[meeting(user.id)])
        assert not await mailboxes.replace(
            rows, mailbox.id, asked, CURSOR, epoch=0, now=NOON, meetings=[meeting(user.id)]
        )

    async def broken_off() -> None:
        async with store.write() as rows:
            new = [meeting(user.id), meeting(user.id, "b")]
            assert await mailboxes.replace(rows, mailbox.id, asked, None, epoch=0, now=NOON, meetings=new)
            raise KeyError

    with pytest.raises(KeyError):
        await broken_off()
    async with store.read() as rows:
        assert await meetings.every(rows) == (meeting(user.id),)
        assert not await whole(rows, mailbox.id)


async def test_a_reading_without_meetings_takes_those_before_away_and_tells_so(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=0, now=NOON, meetings=[meeting(user.id)])
    async with store.write() as rows:
        assert await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=0, now=NOON)
        assert rows.touched == {"meetings", "progress"}
        assert rows.removed
        assert await meetings.every(rows) == ()


async def test_meetings_go_with_their_mailbox_their_account_and_their_organiser(store: Store) -> None:
    async with store.write() as rows:
        gone = []
        for extension in ("1001", "1002", "1003"):
            user, mailbox = await someone(rows, extension)
            await meetings.replace(rows, mailbox.id, [meeting(user.id)], NOON)
            gone.append((user, mailbox))
    for remove, which in (
        (mailboxes.remove, gone[0][1].id),
        (accounts.remove, gone[1][1].account),
        (users.remove, gone[2][0].id),
    ):
        async with store.write() as rows:
            before = len(await meetings.every(rows))
            assert await remove(rows, which)
            assert len(await meetings.every(rows)) == before - 1
            assert "meetings" in rows.touched
            assert rows.removed


@pytest.mark.parametrize(
    ("address", "is_asked"),
    [("Bo@example.net", True), ("list@example.org", True), ("anna@example.org", True), ("eva@example.org", False)],
)
async def test_an_address_that_becomes_somebodys_lets_those_be_read_whole_that_ask_it(
    store: Store, address: str, *, is_asked: bool
) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        found = [meeting(user.id)]
        await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=0, now=NOON, meetings=found)
        await users.add(rows, person("1002", emails=(address,)))
        assert await whole(rows, mailbox.id) == is_asked


async def test_an_address_that_moves_from_one_user_to_another_lets_those_be_read_whole_that_ask_it(
    store: Store,
) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        other = await users.add(rows, person("1002"))
        for emails, is_read_whole in ((("eva@example.org",), False), (("BO@example.net",), True), ((), True)):
            epoch = (await mailboxes.progress(rows))[mailbox.id].epoch
            found = [meeting(user.id)]
            await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=epoch, now=NOON, meetings=found)
            await users.put(rows, replace(other, emails=emails))
            assert await whole(rows, mailbox.id) == is_read_whole


async def test_a_user_who_changes_lets_those_be_read_whole_that_ask_them(store: Store) -> None:
    async with store.write() as rows:
        user, mailbox = await someone(rows)
        other = await users.add(rows, person("1002", emails=("eva@example.org", "e@example.org")))
        asked = meeting(user.id, participants=(Participant("second@example.org", other.id),))
        named = replace(other, name="Eva", phones=("2002",))
        sources = (
            (named, False),
            (replace(named, emails=("eva@example.org",)), True),
            (replace(named, emails=("eva@example.org", "new@example.org")), True),
            (replace(named, emails=(), enabled=False), True),
        )
        for changed, is_read_whole in sources:
            epoch = (await mailboxes.progress(rows))[mailbox.id].epoch
            await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=epoch, now=NOON, meetings=[asked])
            assert not await whole(rows, mailbox.id)
            await users.put(rows, changed)
            assert await whole(rows, mailbox.id) == is_read_whole
        await mailboxes.replace(rows, mailbox.id, [], CURSOR, epoch=epoch + 1, now=NOON, meetings=[asked])
        assert not await whole(rows, mailbox.id)
        await users.remove(rows, other.id)
        assert await whole(rows, mailbox.id)
        assert await diversions.every(rows) == {}
