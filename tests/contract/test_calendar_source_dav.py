"""What a calendar source over CalDAV does besides, on real servers: where calendars lie, and items as text."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.domain.mailbox import Cursor
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from peers.dav import event
from tests.contract.calendars import WINDOW, Wrist, account, calendar_of, mailbox, of, read, whole

WHEN = (":20261123T110000Z", ":20261123T111000Z")


@dataclass(frozen=True)
class Places:
    """A running server; `urls` all lead to a person's calendar, and so does `path` at the server's own url."""

    running: Any
    urls: Callable[[str], tuple[str, ...]]
    path: Callable[[str], str]


@pytest.fixture(params=["radicale", "sogo"])
def dav(request: pytest.FixtureRequest) -> Places:
    running = request.getfixturevalue(request.param)
    below = ("calendar/",) if request.param == "radicale" else ("Calendar/", "Calendar/personal/")
    at = "/{}/calendar/" if request.param == "radicale" else "/SOGo/dav/{}/Calendar/personal/"
    return Places(
        running,
        lambda who: (running.url, running.home(who), *(f"{running.home(who)}{one}" for one in below)),
        at.format,
    )


async def test_every_address_of_a_calendar_leads_to_it(dav):
    await dav.running.calendar("erin").put("here", event("here", *WHEN, "M:"))
    for url in dav.urls("erin"):
        assert len(of(await read(connect(CalDavSettings(url=url)), "erin"), "here")) == 1, url
    by_path = connect(CalDavSettings(url=dav.running.url))
    assert len(of(await read(by_path, "erin", path=dav.path("erin")), "here")) == 1


async def test_absurd_items_are_set_aside_and_the_others_are_read(dav):
    calendar = dav.running.calendar("grace")
    await calendar.put("good", event("good", *WHEN, "M:"))
    await calendar.put("often", event("often", *WHEN, "M: each second", "RRULE:FREQ=SECONDLY"))
    unknown = ";TZID=Nowhere/Land:"
    await calendar.put("zone", event("zone", f"{unknown}20261123T110000", f"{unknown}20261123T120000", "M:"))
    await calendar.put("huge", event("huge", *WHEN, "M: " + "x" * 2**20))
    reading = await read(connect(CalDavSettings(url=dav.running.url)), "grace")
    assert [item.uid for item in reading.appointments] == ["good"]
    assert reading.set_aside == 3


async def test_a_young_token_is_not_believed(dav):
    clock = Wrist()
    await dav.running.calendar("erin").put("lunch", event("lunch", *WHEN, "L:"))
    async with connect(CalDavSettings(url=dav.running.url), now=clock)(account("erin")) as opened:
        first = await whole(calendar_of(opened), mailbox("erin"))
        clock.later()
        assert (await whole(calendar_of(opened), mailbox("erin"), first.cursor)).appointments == first.appointments


async def test_what_an_older_version_has_read_is_read_once_more(dav):
    clock = Wrist()
    await dav.running.calendar("erin").put("lunch", event("lunch", *WHEN, "L:"))
    async with connect(CalDavSettings(url=dav.running.url), now=clock)(account("erin")) as opened:
        source, box = calendar_of(opened), mailbox("erin")
        first = await whole(source, box)
        clock.later()
        second = await whole(source, box, first.cursor)
        clock.later()
        assert second.cursor is not None
        assert await source.read(box, WINDOW, second.cursor) is None
        tokens = json.loads(second.cursor.token)["tokens"]
        for old in (tokens, {"reads": 1, "tokens": tokens}):
            await whole(source, box, Cursor(json.dumps(old), WINDOW.day))
