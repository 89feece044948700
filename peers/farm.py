"""Many telephones behind one socket, for as many calls at once as a process of sipp each could not take.

They are where the PBX's settings say (`Setup.at`), so nobody registers. All of them reject, or answer and stay; sound
comes to one socket, and is told apart by where it comes from. RFC 3261 for the answers, RFC 3550 for the sound.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, cast

from peers.media import PERIOD, STEP, tone
from peers.ports import bound
from peers.sip import Message, user

Address = tuple[str, int]
KEPT = ("Via", "From", "To", "Call-ID", "CSeq")
BUFFER = 1 << 24  # bytes: what comes while this process is busy waits in the kernel
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35  # socket(7), linux/asm-generic/socket.h
AT_A_TIME = 500  # packets
PAUSE = 0.1  # seconds without a packet that somebody hears


@dataclass(slots=True)
class Heard:
    """What came from one place: packets, how many are missing among them, and how often it paused."""

    packets: int = 0
    missing: int = 0
    pauses: int = 0
    last: float = 0.0
    sequence: int = -1


@dataclass(slots=True)
class Asked:
    """One call to one of the telephones; `at` on the event loop's clock, when its INVITE came."""

    number: str
    at: float
    invite: Message
    back: Address
    media: Address
    answered: float | None = None
    ended: float | None = None
    said: bytes = b""
    heard: Heard = field(default_factory=Heard)


class Farm(asyncio.DatagramProtocol):
    """`calls` in the order in which they came. Each rings for `ring` seconds; then all do as `then` says."""

    def __init__(self, signalling: socket.socket, media: socket.socket) -> None:
        self.host, self.port = signalling.getsockname()
        self.media_port = media.getsockname()[1]
        self.then: Literal["reject", "answer"] = "reject"
        self.ring = 0.2
        self.calls: list[Asked] = []
        self._by_id: dict[str, Asked] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._sounds: dict[Address, Heard] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Farm"]:
        """Listen on free ports; `then` and `ring` may be changed at any time."""
        loop = asyncio.get_running_loop()
        signalling, media = bound(), bound()
        for one in (signalling, media):
            one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        farm = cls(signalling, media)
        calls, _ = await loop.create_datagram_endpoint(lambda: farm, sock=signalling)
        media.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        loop.add_reader(media, farm._hear, media)
        talking = asyncio.create_task(farm._talk(media))
        try:
            yield farm
        finally:
            talking.cancel()
            calls.close()
            loop.remove_reader(media)
            media.close()

    def forget(self) -> None:
        """Begin anew: what has been is no longer counted."""
        self.calls.clear()
        self._by_id.clear()
        self._sounds.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Called by asyncio."""
        at = asyncio.get_running_loop().time()
        message = Message(data.decode(errors="replace"), sent=False, at=at)
        if message.status is not None or message.method == "ACK":
            return
        known = self._by_id.get(message.header("Call-ID"))
        if message.method == "INVITE":
            if known is None:
                self._invited(message, addr)
            elif known.said:
                self._send(known.said, addr)
            return
        self._send(_answer(message, "200 OK"), addr)
        if known is not None:
            known.ended = known.ended or at
            if message.method == "CANCEL":
                self._say(known, "487 Request Terminated")

    def _hear(self, media: socket.socket) -> None:
        """Take in packets of sound, each at the kernel's time of its coming."""
        for _ in range(AT_A_TIME):
            try:
                data, told, _, addr = media.recvmsg(2048, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("qq", told[0][2])
            self._came(data, addr, seconds + nanoseconds / 1e9)

    def _came(self, data: bytes, addr: Address, at: float) -> None:
        heard = self._sounds.get(addr)
        if heard is None:
            return
        sequence = int.from_bytes(data[2:4], "big")
        if heard.packets:
            heard.missing += (sequence - heard.sequence - 1) & 0xFFFF if sequence != heard.sequence else 0
            heard.pauses += at - heard.last > PAUSE
        heard.packets, heard.last, heard.sequence = heard.packets + 1, at, sequence

    def _invited(self, invite: Message, addr: Address) -> None:
        media = invite.media() or addr
        call = Asked(user(invite.uri), invite.at, invite, addr, media)
        self.calls.append(call)
        self._by_id[invite.header("Call-ID")] = call
        self._say(call, "180 Ringing")
        asyncio.get_running_loop().call_later(self.ring, self._decide, call)

    def _decide(self, call: Asked) -> None:
        if call.ended is not None:
            return
        now = asyncio.get_running_loop().time()
        if self.then == "reject":
            call.ended = now
            self._say(call, "603 Decline")
        else:
            call.answered = now
            self._sounds[call.media] = call.heard
            self._say(call, "200 OK", _sdp(self.host, self.media_port))

    def _say(self, call: Asked, status: str, body: str = "") -> None:
        call.said = _answer(call.invite, status, f"<sip:{call.number}@{self.host}:{self.port}>", body)
        self._send(call.said, call.back)

    def _send(self, data: bytes, to: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(data, to)

    async def _talk(self, media: socket.socket) -> None:
        """Let everybody who has answered speak, all the same: a tone of which nobody loses a packet but in the PBX."""
        loop, sound, number = asyncio.get_running_loop(), tone(440), 0
        due = loop.time()
        while True:
            payload = sound[number % len(sound)]
            head = struct.pack(">BBHII", 0x80, 8, number & 0xFFFF, (number * STEP) & 0xFFFFFFFF, 1)
            for call in self.calls:
                if call.answered is not None and call.ended is None:
                    media.sendto(head + payload, call.media)
            number, due = number + 1, due + PERIOD
            await asyncio.sleep(max(0.0, due - loop.time()))


def _answer(request: Message, status: str, contact: str = "", body: str = "") -> bytes:
    lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name in KEPT for value in request.headers(name))]
    if ";tag=" not in request.header("To"):
        lines = [f"{line};tag=farm" if line.startswith("To:") else line for line in lines]
    if contact:
        lines.append(f"Contact: {contact}")
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def _sdp(host: str, port: int) -> str:
    lines = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0")
    return "\r\n".join([*lines, f"m=audio {port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=sendrecv", ""])
