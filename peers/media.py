"""Sound for phones: one UDP socket that counts every RTP packet, and streams that send a tone and pressed keys.

RFC 3550 (RTP), RFC 4733 (keys as events), ITU-T G.711 (A-law).
"""

import asyncio
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from peers import ports

PCMA, EVENT = 8, 101
STEP = 160
PERIOD = 0.02
KEYS = "0123456789*#ABCD"
SILENCE = bytes([0xD5]) * STEP
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet; `at` on the event loop's clock, seconds."""

    at: float
    source: Address
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = field(repr=False)


class Media(asyncio.DatagramProtocol):
    """A bound socket; `received` holds every RTP packet in the order of arrival."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._transport: asyncio.DatagramTransport | None = None
        self.received: list[Packet] = []

    @classmethod
    async def open(cls, host: str, changed: Callable[[], None]) -> "Media":
        """Bind a free port of `host`; `changed` is called after each packet."""
        loop = asyncio.get_running_loop()
        _, media = await loop.create_datagram_endpoint(lambda: cls(changed), sock=ports.bound(host))
        return media

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Called by asyncio."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return
        _, kind, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
        now = asyncio.get_running_loop().time()
        self.received.append(Packet(now, addr, kind & 0x7F, sequence, timestamp, ssrc, data[12:]))
        self._changed()

    @property
    def port(self) -> int:
        """The port that is bound."""
        if self._transport is None:
            raise RuntimeError("not open")
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, to: Address) -> None:
        """Send one datagram."""
        if self._transport is not None:
            self._transport.sendto(data, to)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


class Stream:
    """Sound towards one address: a packet each 20 ms until `stop`."""

    def __init__(self, media: Media, to: Address, sound: Sequence[bytes]) -> None:
        self._media, self._to, self._sound = media, to, sound
        self._sequence, self._timestamp = random.randrange(1 << 15), random.randrange(1 << 30)
        self._ssrc = random.randrange(1 << 32)
        self._keys: list[tuple[str, asyncio.Future[None]]] = []
        self._ended = False
        self.sent = 0
        self._task = asyncio.create_task(self._run(), name=f"sound to {to}")

    def redirect(self, to: Address) -> None:
        """Send to another address from now on."""
        self._to = to

    async def press(self, keys: str) -> None:
        """Press keys one after another, each 100 ms with 60 ms between; return when they are sent.

        Returns too when the call ends during a key; raises RuntimeError if it has ended before one.
        """
        for key in keys:
            if self._ended:
                raise RuntimeError(f"the call ended before {key} was pressed")
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._keys.append((key, done))
            await done

    def end(self) -> None:
        """Send no more."""
        self._ended = True
        self._task.cancel()
        for _, done in self._keys:
            if not done.done():
                done.set_result(None)

    async def stop(self) -> None:
        """Send no more, and wait until that is so."""
        self.end()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        steps = self._steps()
        while True:
            next(steps)
            due += PERIOD
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _steps(self) -> Iterator[None]:
        marker = True
        while True:
            if self._keys:
                key, done = self._keys[0]
                yield from self._event(KEYS.index(key))
                self._keys.pop(0)
                if not done.done():
                    done.set_result(None)
                marker = True
            self._packet(PCMA, self._timestamp, self._sound[self.sent % len(self._sound)], marker=marker)
            self._timestamp += STEP
            marker = False
            yield

    def _event(self, code: int) -> Iterator[None]:
        for number in range(1, 6):
            self._packet(EVENT, self._timestamp, struct.pack("!BBH", code, 10, number * STEP), marker=number == 1)
            yield
        for _ in range(3):
            self._packet(EVENT, self._timestamp, struct.pack("!BBH", code, 0x8A, 5 * STEP), marker=False)
        yield
        self._timestamp += 6 * STEP
        for _ in range(3):
            self._packet(PCMA, self._timestamp, SILENCE, marker=False)
            self._timestamp += STEP
            yield

    def _packet(self, kind: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, timestamp & 0xFFFFFFFF, self._ssrc
        )
        self._media.send(head + payload, self._to)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.sent += 1


@cache
def tone(hertz: int) -> tuple[bytes, ...]:
    """Return one second of a tone as A-law payloads of 20 ms, to be repeated."""
    samples = [round(8000 * math.sin(2 * math.pi * hertz * number / 8000)) for number in range(8000)]
    coded = bytes(_encode(sample) for sample in samples)
    return tuple(coded[start : start + STEP] for start in range(0, 8000, STEP))


def samples(packets: Sequence[Packet]) -> list[int]:
    """Return the 16-bit samples of the A-law packets among `packets`."""
    return [LINEAR[octet] for packet in packets if packet.payload_type == PCMA for octet in packet.payload]


def loudness(packets: Sequence[Packet]) -> float:
    """Return the root mean square of the samples, 0 for none; below 100 is silence."""
    heard = samples(packets)
    return math.sqrt(sum(sample * sample for sample in heard) / len(heard)) if heard else 0.0


def _encode(sample: int) -> int:
    sign, magnitude = (0x80, sample) if sample >= 0 else (0x00, -sample - 1)
    magnitude >>= 4
    segment = max(magnitude.bit_length() - 4, 0)
    mantissa = (magnitude >> max(segment - 1, 0)) & 0x0F
    return (sign | segment << 4 | mantissa) ^ 0x55


def _decode(octet: int) -> int:
    value = octet ^ 0x55
    segment, mantissa = (value >> 4) & 7, value & 0x0F
    magnitude = (mantissa << 4) + 8 if segment == 0 else ((mantissa << 4) + 0x108) << (segment - 1)
    return magnitude if value & 0x80 else -magnitude


LINEAR = tuple(_decode(octet) for octet in range(256))
