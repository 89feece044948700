"""Phones: one that registers and is called, one outside at the end of the trunk, and calls that are made.

async with Phone.register(asterisk, "1001") as phone, call(asterisk, "1002", "1001") as made:
    await made.is_answered()
    got = await phone.rings()
    await got.hears()
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from peers import ports
from peers.asterisk import Asterisk
from peers.leg import Leg
from peers.media import Media, tone
from peers.process import SOON, Late
from peers.sip import Message
from peers.sipp import SCENARIOS, Sipp, complete

Behaviour = Literal["answer", "busy", "reject", "ring", "wait"]
_numbers = itertools.count(1)


class Phone:
    """A phone that waits for calls; `calls` holds each in order. `behaviour` may be changed while it waits.

    answer: rings for `ring_for` seconds, then answers · busy: 486 · reject: 603 · ring: rings and never answers ·
    wait: does nothing until the test tells the call what (`Leg.tell`).
    """

    def __init__(self, number: str, behaviour: Behaviour, ring_for: float) -> None:
        self.number, self.behaviour, self.ring_for = number, behaviour, ring_for
        self.calls: list[Leg] = []
        self.contact = ""
        self._arrived = asyncio.Event()
        self._sipp: Sipp | None = None
        self._media: Media | None = None
        self._sound = tone(440)

    @classmethod
    @asynccontextmanager
    async def register(
        cls, asterisk: Asterisk, number: str, behaviour: Behaviour = "answer", ring_for: float = 0.0
    ) -> AsyncIterator["Phone"]:
        """Register as `number` and yield the phone; unregister and end its calls afterwards."""
        phone = cls(number, behaviour, ring_for)
        port = ports.free(asterisk.host)
        try:
            async with phone._listen(asterisk, asterisk.host, port):
                await phone.sign_in(asterisk)
                try:
                    yield phone
                finally:
                    if asterisk.running:
                        await phone.sign_in(asterisk, seconds=0)
        finally:
            ports.release(port)

    @classmethod
    @asynccontextmanager
    async def outside(
        cls, asterisk: Asterisk, behaviour: Behaviour = "answer", ring_for: float = 0.0
    ) -> AsyncIterator["Phone"]:
        """Be everybody outside: calls that Asterisk sends over the trunk arrive here, whatever their number."""
        phone = cls("outside", behaviour, ring_for)
        async with phone._listen(asterisk, asterisk.trunk_host, asterisk.trunk_port):
            yield phone

    async def sign_in(self, asterisk: Asterisk, seconds: int = 3600) -> None:
        """Register for `seconds`, 0 to unregister; needed again when Asterisk lost its registrations."""
        await complete(
            SCENARIOS / "register.xml",
            _folder(asterisk, f"{self.number}-register"),
            (asterisk.host, asterisk.sip_port),
            {"contact": self.contact, "seconds": seconds},
            (self.number, _login(asterisk, self.number)),
        )

    async def rings(self, count: int = 1, deadline: float = SOON) -> Leg:
        """Wait until `count` calls have come in all, and return the last of those."""
        try:
            async with asyncio.timeout(deadline):
                while len(self.calls) < count:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise Late(f"{self.number} got {len(self.calls)} of {count} calls in {deadline} s") from None
        return self.calls[count - 1]

    @asynccontextmanager
    async def _listen(self, asterisk: Asterisk, host: str, port: int) -> AsyncIterator[None]:
        folder = _folder(asterisk, self.number)
        self.contact = f"{host}:{port}"
        self._media = await Media.open(host, self._touch)
        self._sipp = Sipp(folder, host, port, self._heard)
        try:
            target = (asterisk.host, asterisk.sip_port)
            await self._sipp.start(SCENARIOS / "phone.xml", target, {"media": self._media.port})
            yield
        finally:
            for leg in self.calls:
                await (leg.leave() if asterisk.running else leg.close())
            await self._sipp.close()
            self._media.close()

    def _heard(self, message: Message) -> None:
        call_id = message.header("Call-ID")
        leg = next((leg for leg in self.calls if leg.call_id == call_id), None)
        if leg is not None:
            leg.add(message)
        elif message.first.startswith("INVITE ") and self._sipp and self._media:
            leg = Leg(call_id, self._sipp, self._media, self._sound, outgoing=False)
            leg.add(message)
            self.calls.append(leg)
            self._arrived.set()
            self._behave(leg)

    def _behave(self, leg: Leg) -> None:
        match self.behaviour:
            case "answer":
                leg.tell("RING")
                asyncio.get_running_loop().call_later(self.ring_for, self._answer, leg)
            case "ring":
                leg.tell("RING")
            case "busy":
                leg.tell("BUSY")
            case "reject":
                leg.tell("REJECT")
            case "wait":
                pass

    def _answer(self, leg: Leg) -> None:
        if not leg.ended:
            leg.tell("ANSWER")

    def _touch(self) -> None:
        for leg in self.calls:
            leg.touch()


@asynccontextmanager
async def call(asterisk: Asterisk, from_: str, to: str, *, trunk: bool = False) -> AsyncIterator[Leg]:
    """Call `to` from the phone `from_`, or from outside over the trunk showing `from_` as the caller's number.

    Yields the call as soon as the INVITE is out; hangs up afterwards if it is not over.
    """
    host = asterisk.trunk_host if trunk else asterisk.host
    folder = _folder(asterisk, f"{from_}-calls-{to}")
    legs: list[Leg] = []
    out = asyncio.Event()

    def heard(message: Message) -> None:
        if not legs:
            legs.append(Leg(message.header("Call-ID"), sipp, media, tone(620), outgoing=True))
        legs[0].add(message)
        out.set()

    def touch() -> None:
        for leg in legs:
            leg.touch()

    media = await Media.open(host, touch)
    sipp = Sipp(folder, host, ports.free(host), heard)
    try:
        fields = (from_, "" if trunk else _login(asterisk, from_), to)
        target = (asterisk.host, asterisk.sip_port)
        await sipp.start(SCENARIOS / "caller.xml", target, {"media": media.port}, fields, calls=1)
        await asyncio.wait_for(out.wait(), SOON)
        yield legs[0]
    finally:
        for leg in legs:
            await (leg.leave() if asterisk.running else leg.close())
        await sipp.close()
        ports.release(sipp.port)
        media.close()


def _login(asterisk: Asterisk, number: str) -> str:
    return f"[authentication username={number} password={asterisk.sip_secret}]"


def _folder(asterisk: Asterisk, name: str) -> Path:
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)
    folder = asterisk.folder / "phones" / f"{next(_numbers):04d}-{safe}"
    folder.mkdir(parents=True)
    return folder
