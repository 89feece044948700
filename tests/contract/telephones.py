"""Telephones at any PBX that is held against its port: those that are called, and those that dial in."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Literal, Protocol

from gateway.domain.conference import Result, Room
from gateway.domain.held import Place
from peers import phone
from peers.asterisk import Asterisk
from tests.fakes.ami import FakeAmi
from tests.fakes.switch import FakePbx
from tests.fakes.switch_calls import Phone

Does = Literal["answer", "busy", "ring"]


class Telephones(Protocol):
    """People at telephones."""

    def nobody(self) -> Place:
        """Return a number whose telephone is not signed in."""

    def phone(self, does: Does) -> AbstractAsyncContextManager[Place]:
        """Let a telephone sign in and yield its number; it signs out afterwards."""

    def dial_in(self, room: Room, name: str, number: Place) -> AbstractAsyncContextManager[None]:
        """Let the telephone `number` dial `room`, where the conference `name` is open to it, and hang up afterwards."""


class Real:
    """Telephones of a real Asterisk."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._numbers = count(1001)

    def nobody(self) -> Place:
        return str(next(self._numbers))

    @asynccontextmanager
    async def phone(self, does: Does) -> AsyncIterator[Place]:
        async with phone.Phone.register(self._asterisk, str(next(self._numbers)), does) as one:
            yield one.number

    @asynccontextmanager
    async def dial_in(self, room: Room, name: str, number: Place) -> AsyncIterator[None]:
        async with phone.call(self._asterisk, number, room) as leg:
            await leg.is_answered()
            yield


class Scripted:
    """Telephones of the scripted peer."""

    def __init__(self, fake: FakeAmi) -> None:
        self._fake = fake
        self._numbers = count(1001)

    def nobody(self) -> Place:
        return str(next(self._numbers))

    @asynccontextmanager
    async def phone(self, does: Does) -> AsyncIterator[Place]:
        number = self.nobody()
        self._fake.conferences.sign_in(number, does)
        await self._fake.tell_all()
        yield number
        del self._fake.conferences.phones[number]

    @asynccontextmanager
    async def dial_in(self, room: Room, name: str, number: Place) -> AsyncIterator[None]:
        channel = self._fake.conferences.come(f"ringplan-{room}-{name}", number)
        await self._fake.tell_all()
        yield
        if channel in self._fake.conferences.guests:
            self._fake.conferences.leave(channel)
            await self._fake.tell_all()


class InMemory:
    """Telephones of the PBX in memory."""

    def __init__(self, pbx: FakePbx) -> None:
        self._telephones = pbx.telephones
        self._numbers = count(1001)

    def nobody(self) -> Place:
        number = str(next(self._numbers))
        self._telephones.phones[number] = Result.UNREGISTERED
        return number

    @asynccontextmanager
    async def phone(self, does: Does) -> AsyncIterator[Place]:
        number = self.nobody()
        self._telephones.sign_in(number)
        what: dict[Does, Phone | Result] = {"answer": Phone.ANSWERS, "busy": Result.BUSY, "ring": Phone.RINGS}
        self._telephones.phones[number] = what[does]
        yield number
        self._telephones.phones[number] = Result.UNREGISTERED

    @asynccontextmanager
    async def dial_in(self, room: Room, name: str, number: Place) -> AsyncIterator[None]:
        channel = self._telephones.dial_in(name, number)
        yield
        self._telephones.leave(channel)
