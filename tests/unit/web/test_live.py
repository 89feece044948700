"""Streams of events: who is told that something has changed, and who is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.types import Message

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.signin import Role, SignIn
from gateway.store import absences, health, sessions, signins, users
from gateway.web import live, streams
from gateway.web.visit import cookie_name
from tests.fakes.clock import HandClock
from tests.unit.web.away import HOUR, id_of
from tests.unit.web.conferring import hold
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House

pytestmark = pytest.mark.usefixtures("_looks_at_once")

CHANGED = "data: changed"


@pytest.fixture
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "APART", 0.0)
    monkeypatch.setattr(live, "APART_FOR_ALL", 0.0)


class Stream:
    """What a browser hears that has opened one."""

    def __init__(self) -> None:
        self.status = 0
        self.parts: asyncio.Queue[str] = asyncio.Queue()
        self.ended = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif body := message.get("body"):
            await self.parts.put(body.decode())

    async def told(self) -> str:
        async with asyncio.timeout(60):
            while CHANGED not in (part := await self.parts.get()):
                pass
            return part


@asynccontextmanager
async def opened(house: House, signin: SignIn, topic: str, known: str = "") -> AsyncIterator[Stream]:
    browser, stream, left = await house.browser(signin), Stream(), asyncio.Event()
    cookie = f"{cookie_name(house.portal)}={browser.client.cookies.get(cookie_name(house.portal))}"
    headers = [(b"host", b"portal.example.org"), (b"cookie", cookie.encode()), (b"last-event-id", known.encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "method": "GET", "path": f"/live/{topic}", "raw_path": b"",
        "query_string": b"", "headers": headers, "scheme": "http", "server": ("portal.example.org", 80),
        "client": ("192.0.2.1", 50000), "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        first = next(asked, None)
        if first is not None:
            return first
        await left.wait()
        return {"type": "http.disconnect"}

    async def served() -> None:
        await house.app(scope, receive, stream.send)
        stream.ended.set()

    task = asyncio.create_task(served())
    try:
        yield stream
    finally:
        left.set()
        async with asyncio.timeout(60):
            await task


async def away(house: House, signin: SignIn, hours: int) -> None:
    async with house.portal.store.write() as rows:
        until = NOON + hours * HOUR
        await absences.put(rows, Diversion(id_of(signin), BY_HAND, "meeting", NOON, until, diverts=True))


async def test_a_page_is_told_of_its_owners_changes_and_of_nobody_elses(house: House):
    async with opened(house, house.anna, "absences") as annas, opened(house, house.otto, "absences") as ottos:
        await annas.told()  # at first, for what changed since the page was made
        await ottos.told()
        for hours in range(1, 4):
            await away(house, house.otto, hours)
            await ottos.told()
        assert annas.parts.empty()
        await away(house, house.anna, 1)
        await annas.told()
        assert ottos.parts.empty()


async def test_a_beat_of_the_gateway_is_no_news_to_somebody_who_waits_for_their_calendar(house: House):
    async with opened(house, house.anna, "sync") as stream, opened(house, house.ada, "status") as all_is_told:
        await stream.told()
        await all_is_told.told()
        for second in range(3):
            async with house.portal.store.write() as rows:
                await health.put(rows, "pbx", ok=True, now=NOON + timedelta(seconds=second))
            await all_is_told.told()
        assert stream.parts.empty()


async def test_who_is_in_a_conference_is_told_to_whom_it_is_shown(house: House):
    held = await hold(house)
    async with (
        opened(house, house.anna, "conferences") as organiser,
        opened(house, house.otto, "conferences") as asked,
        opened(house, house.ada, "conferences") as other,
    ):
        for stream in (organiser, asked, other):
            await stream.told()
        await held.comes(f"user:{house.otto.user}")
        await organiser.told()
        await asked.told()
        assert other.parts.empty()


async def test_who_comes_again_is_told_only_what_is_new(house: House):
    async with opened(house, house.anna, "absences") as stream:
        known = (await stream.told()).partition("id: ")[2].partition("\n")[0]
    assert len(known) == 32
    async with opened(house, house.anna, "absences", known) as again:
        await away(house, house.otto, 1)
        await away(house, house.anna, 1)
        assert known not in await again.told()
        assert again.parts.empty()


@pytest.mark.parametrize(
    ("topic", "least"),
    [
        ("absences", Role.USER),
        ("sync", Role.USER),
        ("conferences", Role.USER),
        ("people", Role.OPERATOR),
        ("accounts", Role.ADMINISTRATOR),
        ("status", Role.ADMINISTRATOR),
    ],
)
async def test_what_others_do_is_told_to_nobody_who_may_not_see_it(house: House, topic: str, least: Role):
    for role in Role:
        async with opened(house, house.of(role), topic) as stream:
            if role >= least:
                await stream.told()
            else:
                await stream.ended.wait()
            assert stream.status == (200 if role >= least else 404)


async def test_a_stream_ends_with_the_session_the_role_and_the_user(house: House):
    store = house.portal.store
    async with opened(house, house.ada, "status") as stream:
        await stream.told()
        async with store.write() as rows:
            await signins.put_role(rows, house.ada.id, Role.OPERATOR)
            await health.put(rows, "pbx", ok=False, now=NOON)
        async with asyncio.timeout(60):
            await stream.ended.wait()
        assert stream.parts.empty()
    async with opened(house, house.anna, "absences") as stream:
        await stream.told()
        async with store.write() as rows:
            await sessions.end_others(rows, house.anna.id)
        await away(house, house.anna, 1)
        async with asyncio.timeout(60):
            await stream.ended.wait()
        assert stream.parts.empty()
    async with opened(house, house.otto, "people") as stream:
        await stream.told()
        async with store.write() as rows:
            otto = await users.get(rows, id_of(house.otto))
            assert otto is not None
            await users.put(rows, replace(otto, enabled=False))
        async with asyncio.timeout(60):
            await stream.ended.wait()
        assert stream.parts.empty()


async def test_one_person_has_only_so_many_and_those_that_end_count_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "MOST", 1)
    async with opened(house, house.anna, "absences") as stream:
        await stream.told()
        async with opened(house, house.anna, "sync") as second, opened(house, house.otto, "sync") as ottos:
            await second.ended.wait()
            assert second.status == 429
            await ottos.told()
    async with opened(house, house.anna, "sync") as stream:
        await stream.told()


def test_the_more_there_are_the_less_often_each_looks():
    every = streams.Streams()
    with ExitStack() as opened:
        for person in range(100):
            opened.enter_context(every.one(person))
        assert every.apart(0.0) == 100 * streams.EACH
        assert every.apart(10.0) == 10.0
    assert every.apart(0.0) == 0.0


async def test_a_page_that_asks_for_itself_keeps_no_session_alive(house: House, clock: HandClock):
    browser, idle = await house.browser(house.anna), timedelta(minutes=house.portal.settings.idle)
    half = idle / 2 + timedelta(minutes=1)
    clock.turn(half)
    assert (await browser.client.get("/absences", headers={"X-Live": "1"})).status_code == 200
    clock.turn(half)
    assert (await browser.get("/absences")).status_code == 303
