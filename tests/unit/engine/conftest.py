"""A calendar, a PBX and a clock that tests turn by hand."""

from collections.abc import AsyncIterator

import pytest

from gateway.store.store import Store
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import HandClock
from tests.fakes.switch import FakePbx
from tests.unit.engine.conference.meeting import Meetings
from tests.unit.store.made import NOON


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def calendar() -> FakeCalendar:
    return FakeCalendar()


@pytest.fixture
def pbx() -> FakePbx:
    return FakePbx()


@pytest.fixture
async def held(store: Store, pbx: FakePbx, calendar: FakeCalendar, clock: HandClock) -> AsyncIterator[Meetings]:
    async with Meetings.open(store, pbx, calendar, clock) as opened:
        yield opened
