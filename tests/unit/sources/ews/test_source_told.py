"""What a reading makes of it that a stream has told of a calendar whose state is the same."""

import asyncio

import pytest

from gateway.errors import Unreachable
from tests.unit.sources.ews.scripted_calendar import ANNA, WINDOW, Scripted, calendars, item, told, whole


async def test_what_a_stream_tells_of_is_read_once_although_the_state_is_the_same():
    source = calendars(scripted := Scripted([item("one")]))
    before = await whole(source)
    await told(source)
    after = await whole(source, before.cursor)
    assert await source.read(ANNA, WINDOW, after.cursor) is None
    assert await whole(source, before.cursor), "what that brought was not kept"
    scripted.errors["view"] = [Unreachable("gone")]
    await told(source)
    with pytest.raises(Unreachable):
        await source.read(ANNA, WINDOW, after.cursor)
    assert await whole(source, after.cursor)
    assert await whole(calendars(scripted), (await whole(source, after.cursor)).cursor), "another start: who knows"


async def test_what_a_stream_tells_of_during_a_reading_is_for_the_next_one():
    source = calendars(scripted := Scripted([item("one")]))
    await told(source)
    viewed = asyncio.Event()

    async def meanwhile() -> None:
        await viewed.wait()
        await told(source)

    def view(**asked):
        viewed.set()
        return scripted.view(**asked)

    scripted.instead["view"] = view
    first, _ = await asyncio.gather(whole(source), meanwhile())
    second = await whole(source, first.cursor)
    assert await source.read(ANNA, WINDOW, second.cursor) is None


async def test_a_server_that_expands_is_asked_for_nothing_because_a_stream_told_of_it():
    source = calendars(scripted := Scripted([item("weekly", kind="Occurrence")]))
    first = await whole(source)
    await told(source)
    assert await source.read(ANNA, WINDOW, first.cursor) is None
    assert scripted.asked == ["changes", "view", "changes"]
