"""Names of callers: who is asked, when, and for how long a PBX may go on asking."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from gateway.domain.held import Asked, ClockSeen
from gateway.engine.callers import AGAIN, LASTING, Callers
from gateway.errors import Unreachable
from tests.fakes.clock import HandClock, comes
from tests.fakes.switch import FakePbx


@asynccontextmanager
async def running(pbx: FakePbx, clock: HandClock, names: Callable[[str, str], str | None]) -> AsyncIterator[Callers]:
    async with pbx.connect() as line:
        callers = Callers("main", names, clock, line)
        task = asyncio.create_task(callers.run())
        try:
            await comes(lambda: pbx.asking == LASTING)
            yield callers
        finally:
            task.cancel()
            await asyncio.wait([task])


def asked(clock: HandClock, ago: float = 0.0, channel: str = "PJSIP/trunk-1", place: str = "1001") -> Asked:
    return Asked(channel, place, "+46812345678", clock.now() - timedelta(seconds=ago))


async def test_who_is_asked_for_is_answered_with_what_the_one_called_may_see(clock: HandClock) -> None:
    known = {("1001", "+46812345678"): "Anna"}
    pbx = FakePbx()
    async with running(pbx, clock, lambda place, number: known.get((place, number))) as callers:
        mine, others = asked(clock), asked(clock, place="1002")
        callers.hear(mine)
        callers.hear(others)
        await comes(lambda: pbx.named == {mine: "Anna", others: None})


async def test_who_asked_long_ago_has_gone_on_without_a_name(clock: HandClock) -> None:
    pbx = FakePbx()
    async with running(pbx, clock, lambda *_: "Anna") as callers:
        late, now = asked(clock, ago=1.5), asked(clock, channel="PJSIP/trunk-2")
        callers.hear(late)
        callers.hear(now)
        await comes(lambda: bool(pbx.named))
        assert pbx.named == {now: "Anna"}


async def test_when_it_was_asked_is_told_by_the_clock_of_the_pbx(clock: HandClock) -> None:
    pbx = FakePbx()
    async with running(pbx, clock, lambda *_: "Anna") as callers:
        callers.hear(ClockSeen(timedelta(seconds=-60)))
        behind = asked(clock, ago=60)
        callers.hear(behind)
        await comes(lambda: pbx.named == {behind: "Anna"})


async def test_the_pbx_may_ask_as_long_as_we_are_there(clock: HandClock) -> None:
    pbx = FakePbx()
    async with running(pbx, clock, lambda *_: None):
        for _ in range(3):
            pbx.asking = timedelta()
            await comes(lambda: clock.waiting == 1)
            clock.turn(AGAIN)
            await comes(lambda: pbx.asking == LASTING)
    assert pbx.asking == timedelta()


async def test_a_lost_connection_ends_it(clock: HandClock) -> None:
    pbx = FakePbx()
    async with pbx.connect() as line:
        callers = Callers("main", lambda *_: "Anna", clock, line)
        task = asyncio.create_task(callers.run())
        await comes(lambda: pbx.asking == LASTING)
        pbx.lose()
        callers.hear(asked(clock))
        with pytest.raises(ExceptionGroup) as raised:
            await task
    assert raised.value.split(Unreachable)[1] is None
