"""One call as one phone sees it: its messages, its state, its sound.

A call counts only when the far phone got the INVITE and sound flowed; both are recorded here from the wire.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import quote

from peers.media import EVENT, Media, Packet, Stream
from peers.process import SOON, Late
from peers.sip import Message, cause, user
from peers.sipp import Sipp


class Leg:
    """A call that a phone got (`outgoing` False) or made. All times are the event loop's, in seconds."""

    def __init__(self, call_id: str, sipp: Sipp, media: Media, sound: Sequence[bytes], *, outgoing: bool) -> None:
        self.call_id, self.outgoing = call_id, outgoing
        self._sipp, self._media, self._sound = sipp, media, sound
        self._stream: Stream | None = None
        self._changed = asyncio.Event()
        self.messages: list[Message] = []
        self.answered_at: float | None = None
        self.ended_at: float | None = None

    @property
    def invite(self) -> Message:
        """The INVITE that began the call, the last one where a password was asked for."""
        invites = (message for message in self.messages if message.status is None and message.method == "INVITE")
        return [message for message in invites if message.sent is self.outgoing][-1]

    @property
    def target(self) -> str:
        """The user part of the INVITE's request URI: who is called."""
        return user(self.invite.uri)

    @property
    def caller(self) -> str:
        """The user part of From: the caller's number as shown."""
        return user(self.invite.header("From"))

    @property
    def diversions(self) -> list[str]:
        """The values of the Diversion headers, latest first (RFC 5806)."""
        return self.invite.headers("Diversion")

    @property
    def asserted(self) -> str:
        """The number in P-Asserted-Identity, empty if there is none."""
        return user(self.invite.header("P-Asserted-Identity"))

    @property
    def statuses(self) -> list[int]:
        """The status codes of the INVITE's responses in order, without 100 and 401."""
        codes = (message.status for message in self.messages if message.method == "INVITE")
        return [code for code in codes if code and code not in (100, 401)]

    @property
    def status(self) -> int | None:
        """The final status code, None while it rings."""
        return next((code for code in self.statuses if code >= 200), None)

    @property
    def cause(self) -> int | None:
        """The Q.850 cause with which the call ended, as far as it was told."""
        return next((found for found in map(cause, reversed(self.messages)) if found is not None), None)

    @property
    def answered(self) -> bool:
        """Whether it was answered."""
        return self.answered_at is not None

    @property
    def ended(self) -> bool:
        """Whether it is over: hung up, refused or cancelled."""
        return self.ended_at is not None

    @property
    def early(self) -> bool:
        """Whether sound was offered before the answer (183 with SDP)."""
        before = (message for message in self.messages if message.status and 100 < message.status < 200)
        return any(message.media() for message in before)

    @property
    def packets(self) -> list[Packet]:
        """The RTP packets that came for this call."""
        sources = {message.media() for message in self.messages if not message.sent}
        return [packet for packet in self._media.received if packet.source in sources]

    @property
    def heard_early(self) -> list[Packet]:
        """The packets before the answer (all, where there was none)."""
        return [packet for packet in self.packets if self.answered_at is None or packet.at < self.answered_at]

    @property
    def heard(self) -> list[Packet]:
        """The packets since the answer."""
        return [packet for packet in self.packets if self.answered_at is not None and packet.at >= self.answered_at]

    @property
    def keys(self) -> str:
        """The keys that the far end pressed (RFC 4733)."""
        events = {packet.timestamp: packet.payload[0] for packet in self.packets if packet.payload_type == EVENT}
        return "".join("0123456789*#ABCD"[code] for code in events.values())

    @property
    def sent(self) -> int:
        """How many RTP packets this side has sent."""
        return self._stream.sent if self._stream else 0

    def add(self, message: Message) -> None:
        """Take in a message of this call."""
        self.messages.append(message)
        address = None if message.sent else message.media()
        if address and self._stream:
            self._stream.redirect(address)
        final = message.method == "INVITE" and message.status is not None and message.status >= 200
        if final and message.status == 200 and self.answered_at is None:
            self.answered_at = message.at
        if message.method == "BYE" or (final and message.status not in (200, 401)):
            self.ended_at = self.ended_at or message.at
            if self._stream:
                self._stream.end()
        self._talk()
        self.touch()

    def touch(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()

    async def until(self, condition: Callable[["Leg"], object], deadline: float, what: str) -> "Leg":
        """Wait until `condition(self)` is true and return self; raise `Late` with the ladder after `deadline` s."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + deadline):
                while not condition(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Late(f"after {deadline} s still not: {what}\n{self.ladder()}") from None
        return self

    async def is_answered(self, deadline: float = SOON) -> "Leg":
        """Wait for the answer."""
        return await self.until(lambda leg: leg.answered, deadline, "answered")

    async def is_ringing(self, deadline: float = SOON) -> "Leg":
        """Wait for 180 Ringing."""
        return await self.until(lambda leg: 180 in leg.statuses, deadline, "ringing")

    async def is_over(self, deadline: float = SOON) -> "Leg":
        """Wait for the end."""
        return await self.until(lambda leg: leg.ended, deadline, "over")

    async def hears(self, packets: int = 10, deadline: float = SOON) -> "Leg":
        """Wait until `packets` RTP packets came since the answer."""
        return await self.until(lambda leg: len(leg.heard) >= packets, deadline, f"{packets} packets heard")

    async def hears_early(self, packets: int = 10, deadline: float = SOON) -> "Leg":
        """Wait until `packets` RTP packets came before the answer."""
        return await self.until(lambda leg: len(leg.heard_early) >= packets, deadline, f"{packets} early packets")

    async def press(self, keys: str) -> None:
        """Press keys; returns when they are sent. Raises RuntimeError while there is nowhere to send them."""
        if self._stream is None:
            raise RuntimeError(f"no sound has been agreed upon\n{self.ladder()}")
        await self._stream.press(keys)

    def tell(self, word: str) -> None:
        """Tell the scenario to go on: RING, EARLY, ANSWER, BUSY, REJECT (a phone that is called), HANGUP (both).

        Transferring has functions of its own, since TRANSFER takes a number.
        """
        self._sipp.tell(word, self.call_id)

    async def hold(self, deadline: float = SOON) -> None:
        """Put the other side on hold, as a phone that was called does before it asks somebody else (RFC 3264, 8.4)."""
        self.tell("HOLD")
        held = ("ACK", True)
        await self.until(
            lambda leg: any((message.method, message.sent) == held for message in leg.messages), deadline, "held"
        )

    def forward(self, to: str) -> None:
        """Send the call on to the number `to` (302), as a phone does whose owner has set that on it."""
        self._sipp.tell("FORWARD", self.call_id, f"Refer-To: <sip:{to}@{self._server}>\r\n")

    async def transfer(self, to: str, deadline: float = SOON) -> None:
        """Transfer the other side to the number `to` by REFER, without asking; wait until that is accepted."""
        await self._refer(f"<sip:{to}@{self._server}>", deadline)

    async def transfer_to(self, other: "Leg", deadline: float = SOON) -> None:
        """Transfer the other side to that of `other`, an answered call that this phone has made (RFC 3891)."""
        answer = next(message for message in other.messages if message.status == 200 and message.method == "INVITE")
        to, from_ = (answer.header(name).partition(";tag=")[2] for name in ("To", "From"))
        replaced = quote(f"{other.call_id};to-tag={to};from-tag={from_}", safe="")
        await self._refer(f"<sip:{other.target}@{self._server}?Replaces={replaced}>", deadline)

    async def hang_up(self, deadline: float = SOON) -> None:
        """Hang up (before the answer: cancel) and wait for the end; nothing if it is over."""
        if not self.ended:
            self.tell("HANGUP")
            await self.is_over(deadline)

    async def leave(self) -> None:
        """Hang up if need be, without insisting, and stop sending sound: nothing of the call stays in Asterisk."""
        if self.outgoing or self.answered:
            with suppress(Late):
                await self.hang_up()
        await self.close()

    async def close(self) -> None:
        """Stop sending sound."""
        if self._stream is not None:
            await self._stream.stop()

    def ladder(self) -> str:
        """The first lines of the messages, and how much sound there was, for error messages."""
        lines = [f"{'>' if message.sent else '<'} {message.first}" for message in self.messages]
        return "\n".join([*lines, f"{len(self.heard_early)} packets early, {len(self.heard)} after, {self.sent} sent"])

    async def _refer(self, to: str, deadline: float) -> None:
        self._sipp.tell("TRANSFER", self.call_id, f"Refer-To: {to}\r\n")
        accepted = (202, "REFER")
        await self.until(
            lambda leg: any((message.status, message.method) == accepted for message in leg.messages), deadline, "202"
        )

    @property
    def _server(self) -> str:
        said = self.invite.uri if self.outgoing else self.invite.header("Contact")
        return said.partition("@")[2].rstrip(">")

    def _talk(self) -> None:
        """Send sound as soon as both sides have said where they want it."""
        theirs = [message.media() for message in self.messages if not message.sent and message.media()]
        ours = any(message.media() for message in self.messages if message.sent)
        if self._stream is None and ours and theirs and theirs[-1] and not self.ended:
            self._stream = Stream(self._media, theirs[-1], self._sound)
