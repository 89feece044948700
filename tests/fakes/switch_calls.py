"""Telephones and conferences of the PBX in memory: what is rung, who is in, and what the PBX notes of its calls.

The PBX notes an id before it rings, as the dialplan does, tells how it goes on, and knows no id twice. Its notes are
lost with its last second when it is killed, and with them all that rings or talks, of which nobody is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import count

from gateway.domain.conference import Call, CallId, CallState, Member, Prompt, Result
from gateway.domain.held import CallTold, Came, PbxEvent, Refusal, SignedIn, Went


class Phone(Enum):
    """What a telephone does, other than to end a call with a `Result`."""

    RINGS = "rings"  # until a test picks it up, or lets it stop
    ANSWERS = "answers"


class Telephones:
    """`phones` do, by number, what a test has put there; others ring. `rung` are all calls that a telephone has heard,
    and `rung_at` when.

    `asked` are the ids of all calls that were asked for, again and again perhaps. `marks` is what the PBX has noted,
    `live` what rings or talks, `inside` who is in, by channel. `refuses` are numbers that cannot be called. `partly`
    of the calls that were still to be placed when who asked for them vanished are placed nevertheless, `lag` turns
    of the loop later. `tell` is how events leave. `closed` are the conferences that were closed. `now`, where there is
    one, is the PBX's clock.
    """

    def __init__(self, tell: Callable[[PbxEvent], None]) -> None:
        self.tell = tell
        self.phones: dict[str, Phone | Result] = {}
        self.rung: list[Call] = []
        self.rung_at: list[datetime | None] = []
        self.asked: list[CallId] = []
        self.marks: dict[CallId, CallTold] = {}
        self.live: dict[CallId, Call] = {}
        self.inside: dict[str, Member] = {}
        self.closed: list[tuple[str, Prompt]] = []
        self.refuses: frozenset[str] = frozenset()
        self.partly = 1
        self.lag = 0
        self.now: Callable[[], datetime] | None = None
        self._run = 1
        self._is_up = True
        self._channels = count(1)
        self._not_kept: list[tuple[CallId, CallTold | None]] = []

    @property
    def boot(self) -> str:
        """What names this run of the PBX."""
        return f"run {self._run}"

    # What people do

    def pick_up(self, call: CallId) -> None:
        """Answer a telephone that rings: who answers is in."""
        if call in self.live and self.marks.get(call) == CallTold(call, CallState.SENT):
            asked = self.live[call]
            self._note(CallTold(call, CallState.UP))
            self._come(Member(asked.name, f"call/{next(self._channels)}", call=call))

    def end(self, call: CallId, result: Result) -> None:
        """Let a call be over, whether it rings or talks."""
        if self.live.pop(call, None) is None:
            return
        for member in [one for one in self.inside.values() if one.call == call]:
            self._go(member)
        self._note(CallTold(call, CallState.OVER, result))

    def dial_in(self, name: str, number: str = "") -> str:
        """Dial into a conference, and return the channel."""
        channel = f"phone/{next(self._channels)}"
        self._come(Member(name, channel, number))
        return channel

    def pretend(self, name: str) -> None:
        """Tell that somebody is in a conference who is not, as another program at the PBX can."""
        self.tell(Came(Member(name, "PJSIP/nobody")))

    def leave(self, channel: str) -> None:
        """Hang up, in whatever way somebody has come in."""
        member = self.inside.get(channel)
        if member is None:
            return
        if member.call is not None:
            self.end(member.call, Result.LEFT)
        else:
            self._go(member)

    def sign_in(self, number: str) -> None:
        """A telephone signs in to the PBX, and rings from now on."""
        if self.phones.get(number) is Result.UNREGISTERED:
            del self.phones[number]
        self.tell(SignedIn(number))

    # What the PBX does

    def place(self, call: Call) -> None:
        """Begin a call, unless its id is noted already."""
        self.asked.append(call.id)
        if call.id in self.marks:
            return
        self._note(CallTold(call.id, CallState.SENT))
        if self.now is not None and self.now() > call.before:
            self._note(CallTold(call.id, CallState.OVER, Result.LATE))
            return
        self.live[call.id] = call
        does = self.phones.get(call.to, Phone.RINGS)
        if does not in (Result.UNREGISTERED, Result.DND):
            self.rung.append(call)
            self.rung_at.append(self.now() if self.now else None)
        if isinstance(does, Result):
            self.end(call.id, does)
        elif does is Phone.ANSWERS:
            self.pick_up(call.id)

    def place_lost(self, calls: Sequence[Call], has_turned: Callable[[], None]) -> None:
        """Place some of `calls` nevertheless, of which nobody hears anything any more."""
        loop, run = asyncio.get_running_loop(), self._run

        def place(turns: int) -> None:
            has_turned()
            if turns:
                loop.call_soon(place, turns - 1)
            elif self._is_up and run == self._run:
                for call in calls[: self.partly]:
                    self.place(call)

        place(self.lag)

    def close(self, name: str, prompt: Prompt) -> None:
        """Put everybody out of a conference."""
        self.closed.append((name, prompt))
        for member in [one for one in self.inside.values() if one.name == name]:
            self.leave(member.channel)

    def forget(self, call: CallId) -> None:
        """Take a note out."""
        self._not_kept.append((call, self.marks.pop(call, None)))

    def keep(self) -> None:
        """A second has passed: all notes are on the disk."""
        self._not_kept.clear()

    def kill(self, lost: int | None = None) -> None:
        """Die with all calls; the `lost` latest notes of the last second (None: all of them) are gone."""
        many = len(self._not_kept) if lost is None else min(lost, len(self._not_kept))
        for _ in range(many):
            call, before = self._not_kept.pop()
            if before is None:
                self.marks.pop(call, None)
            else:
                self.marks[call] = before
        self._not_kept.clear()
        self.live.clear()
        self.inside.clear()
        self._is_up = False

    def start(self) -> None:
        """Run anew."""
        if not self._is_up:
            self._is_up, self._run = True, self._run + 1

    def _note(self, told: CallTold) -> None:
        self._not_kept.append((told.call, self.marks.get(told.call)))
        self.marks[told.call] = told
        self.tell(told)

    def _come(self, member: Member) -> None:
        self.inside[member.channel] = member
        self.tell(Came(member))

    def _go(self, member: Member) -> None:
        del self.inside[member.channel]
        self.tell(Went(member))


class CallsOfLine:
    """What one connection asks of the telephones, step by step: `step` takes its time, `write` may cut it."""

    def __init__(
        self,
        telephones: Telephones,
        step: Callable[[], Awaitable[None]],
        write: Callable[[], Awaitable[None]],
        has_turned: Callable[[], None],
    ) -> None:
        self._telephones = telephones
        self._step = step
        self._write = write
        self._has_turned = has_turned

    async def boot(self) -> str:
        await self._step()
        return self._telephones.boot

    async def call(self, calls: Sequence[Call]) -> Mapping[CallId, Refusal]:
        left, refused = list(calls), {}
        try:
            while left:
                await self._write()
                call = left.pop(0)
                if call.to in self._telephones.refuses:
                    refused[call.id] = Refusal("it would not")
                else:
                    self._telephones.place(call)
            await self._step()
        finally:
            if left:
                self._telephones.place_lost(left, self._has_turned)
        return refused

    async def calls(self) -> Mapping[CallId, CallTold]:
        await self._step()
        noted = dict(self._telephones.marks)
        await self._step()
        return noted

    async def hang_up(self, calls: Collection[CallId]) -> None:
        for call in sorted(calls):
            await self._write()
            is_in = any(one.call == call for one in self._telephones.inside.values())
            self._telephones.end(call, Result.LEFT if is_in else Result.DROPPED)
        await self._step()

    async def forget(self, calls: Collection[CallId]) -> None:
        for call in sorted(calls):
            await self._write()
            self._telephones.forget(call)
        await self._step()

    async def members(self) -> frozenset[Member]:
        await self._step()
        inside = frozenset(self._telephones.inside.values())
        await self._step()
        return inside

    async def close(self, name: str, prompt: Prompt) -> None:
        await self._write()
        self._telephones.close(name, prompt)
        await self._step()
