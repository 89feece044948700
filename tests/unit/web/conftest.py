"""A portal in a test's hand: its store, its clock, and browsers that visit it without a network."""

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from gateway.deciding import passwords
from gateway.store.store import Store
from gateway.web.portal import Portal
from gateway.web.texts import Texts
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import House, house_of, portal_of

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)  # a Monday, noon in Stockholm


@pytest.fixture(scope="session")
def texts() -> Texts:
    return Texts()


@pytest.fixture(autouse=True)
def _passwords_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a password be hashed in a millisecond: people in tests sign in all the time."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "NOBODYS", cheap.hash("nobody's"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def portal(store: Store, clock: HandClock, texts: Texts) -> Portal:
    return portal_of(store, clock, texts)


@pytest.fixture
async def house(portal: Portal) -> House:
    """Anna (1001, a user), Otto (1002, an operator), Ada (1003, an administrator) and Root, who has no telephone."""
    return await house_of(portal)
