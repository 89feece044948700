"""A lamp on a phone: a SIP subscriber that records each notification with the time of its arrival.

RFC 6665 (SUBSCRIBE and NOTIFY), RFC 4235 (dialog events), RFC 7616 with RFC 8760 (digest). The server's 401 carries
`algorithm=MD5, qop="auth"`, as Asterisk sends it.
"""

import asyncio
import hashlib
import itertools
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from peers import ports
from peers.asterisk import Asterisk
from peers.process import SOON, Late
from peers.sip import Message

SUBSCRIBED, GONE = 600, 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification: when it came (event loop's clock, seconds), the dialog's state, and the whole body.

    `state` is `terminated` (lamp off), `early` (blinks) or `confirmed` (on); with event `presence` the body's note.
    """

    at: float
    state: str
    body: str


class Lamp(asyncio.DatagramProtocol):
    """One subscription; `notices` in the order of arrival, the newest last."""

    def __init__(self, asterisk: Asterisk, phone: str, watched: str, event: str) -> None:
        self.phone, self.watched, self.event = phone, watched, event
        self.notices: list[Notice] = []
        self._asterisk, self._port = asterisk, 0
        self._tag, self._call_id = secrets.token_hex(4), secrets.token_hex(8)
        self._count = itertools.count(1)
        self._heard: set[str] = set()
        self._remote = ""
        self._expires = SUBSCRIBED
        self._over = False
        self._refused: str | None = None
        self._changed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    @asynccontextmanager
    async def subscribe(
        cls, asterisk: Asterisk, phone: str, watched: str, event: str = "dialog"
    ) -> AsyncIterator["Lamp"]:
        """Subscribe as `phone` to the hint of `watched`; yields once the first notification is there."""
        loop = asyncio.get_running_loop()
        lamp = cls(asterisk, phone, watched, event)
        transport, _ = await loop.create_datagram_endpoint(lambda: lamp, sock=ports.bound(asterisk.host))
        try:
            lamp._subscribe(SUBSCRIBED)
            await lamp.has(1)
            yield lamp
            if asterisk.running:
                lamp._subscribe(GONE)
                await lamp._until(lambda: lamp._over, SOON, "unsubscribed")
        finally:
            transport.close()

    @property
    def state(self) -> str:
        """The newest state, empty before the first notification."""
        return self.notices[-1].state if self.notices else ""

    async def has(self, count: int, deadline: float = SOON) -> Notice:
        """Wait until `count` notifications have come in all, and return the last of those."""
        await self._until(lambda: len(self.notices) >= count, deadline, f"{count} notifications")
        return self.notices[count - 1]

    async def shows(self, state: str, deadline: float = SOON) -> Notice:
        """Wait until the newest notification says `state`, and return it."""
        await self._until(lambda: self.state == state, deadline, state)
        return self.notices[-1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio."""
        if addr != (self._asterisk.host, self._asterisk.sip_port):
            return
        message = Message(data.decode(errors="replace"), sent=False, at=asyncio.get_running_loop().time())
        if message.status is None:
            self._notified(message)
        elif message.status == 401 and self._refused is None:
            self._subscribe(self._expires, message.header("WWW-Authenticate"))
        elif message.status >= 300:
            self._refused = message.first
            self._changed.set()
        else:
            self._remote = message.header("To")

    def _notified(self, message: Message) -> None:
        kept = ("Via", "From", "To", "Call-ID", "CSeq")
        lines = [f"{name}: {value}" for name in kept for value in message.headers(name)]
        self._send("\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""]))
        count = message.header("CSeq")
        if count in self._heard:  # sent again, as our answer to the first came late
            return
        self._heard.add(count)
        self._over = message.header("Subscription-State").startswith("terminated")
        if message.method == "NOTIFY" and message.body.strip():
            pattern = r"<state>(\w+)</state>" if self.event == "dialog" else r"<note>([^<]*)</note>"
            state = re.search(pattern, message.body)
            self.notices.append(Notice(message.at, state[1] if state else "terminated", message.body))
        self._changed.set()

    def _subscribe(self, expires: int, challenge: str = "") -> None:
        self._expires = expires
        host, number = self._asterisk.host, next(self._count)
        uri = f"sip:{self.watched}@{host}:{self._asterisk.sip_port}"
        lines = [
            f"SUBSCRIBE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{self._port};branch=z9hG4bK{self._tag}{number};rport",
            f"From: <sip:{self.phone}@{host}>;tag={self._tag}",
            f"To: {self._remote or f'<sip:{self.watched}@{host}>'}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} SUBSCRIBE",
            f"Contact: <sip:{self.phone}@{host}:{self._port}>",
            f"Event: {self.event}",
            f"Accept: application/{'dialog-info' if self.event == 'dialog' else 'pidf'}+xml",
            f"Expires: {expires}",
            "Max-Forwards: 70",
        ]
        if challenge:
            lines.append(f"Authorization: {self._credentials(challenge, uri)}")
        self._send("\r\n".join([*lines, "Content-Length: 0", "", ""]))

    def _credentials(self, challenge: str, uri: str) -> str:
        asked = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge.partition(" ")[2]))
        own = secrets.token_hex(4)
        who = _md5(f"{self.phone}:{asked['realm']}:{self._asterisk.sip_secret}")
        what = _md5(f"SUBSCRIBE:{uri}")
        answer = _md5(f"{who}:{asked['nonce']}:00000001:{own}:auth:{what}")
        return (
            f'Digest username="{self.phone}",realm="{asked["realm"]}",nonce="{asked["nonce"]}",uri="{uri}",'
            f'response="{answer}",algorithm=MD5,qop=auth,nc=00000001,cnonce="{own}",opaque="{asked.get("opaque", "")}"'
        )

    def _send(self, text: str) -> None:
        if self._transport is not None:
            self._transport.sendto(text.encode(), (self._asterisk.host, self._asterisk.sip_port))

    async def _until(self, condition: Callable[[], bool], deadline: float, what: str) -> None:
        try:
            async with asyncio.timeout(deadline):
                while not condition():
                    if self._refused:
                        raise AssertionError(f"the lamp of {self.watched} at {self.phone}: {self._refused}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            seen = [notice.state for notice in self.notices]
            raise Late(f"the lamp of {self.watched} at {self.phone}: not {what} in {deadline} s, but {seen}") from None


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
