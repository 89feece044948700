"""Placing calls and looking after conferences, on one connection to an Asterisk.

Nothing here waits for what is read or written of extensions: a call that is due must leave at once. What a call or a
room does is told by the dialplan (`told`); only a call that was dropped before it began is told from here.
"""

import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from gateway.domain.conference import Call, CallId, CallState, Member, Prompt, Result
from gateway.domain.held import CallTold, Came, Refusal, Went
from gateway.errors import Refused
from gateway.pbx.asterisk import calls, lines, rooms
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message

log = logging.getLogger(__name__)

BOOT = "RINGPLAN_BOOT"
NO_RIGHT = f"the AMI user lacks a right: give it write = {lines.WRITE} in manager.conf"

_DENIED = "Permission denied"
_NO_EXTENSION = "Extension does not exist."
_NONE = ("No active conferences.", "No Conference by that name found.", "Invalid/unknown command: Confbridge")
"""How an answer begins that says that there is nothing to list; the last: app_confbridge is not loaded."""

_NOT_LOADED = f"the context {calls.ANSWERED} is not there: ringplan-conference.conf of this version is not loaded"


class Conferences:
    """The calls and conferences of one connection; its methods are those of `ports.Switch`, and raise what it says."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._told_in: dict[str, Member] = {}  # by channel

    def hear(self, event: Came | Went) -> None:
        """Note who has come and gone: the dialplan tells that somebody comes just before the conference lists them."""
        if isinstance(event, Came):
            self._told_in[event.member.channel] = event.member
        else:
            self._told_in.pop(event.member.channel, None)

    async def boot(self) -> str:
        """Return what names this run of Asterisk: a global variable, which does not outlive it."""
        asked = Action("Getvar", (("Variable", BOOT),))
        found = await self._client.ask(asked)
        if found.succeeded and not found.get("Value"):
            await self._client.ask(Action("Setvar", (("Variable", BOOT), ("Value", secrets.token_hex(8)))))
            found = await self._client.ask(asked)
        if not found.get("Value"):
            raise Refused(f"Asterisk would not keep {BOOT}: {found.get('Message')}", NO_RIGHT)
        return found.get("Value")

    async def call(self, wanted: Sequence[Call]) -> Mapping[CallId, Refusal]:
        """Place calls in their order; return what was refused. Raises `Unreachable`: any may have been placed."""
        refusals: dict[CallId, Refusal] = {}
        placed: dict[CallId, Action] = {}
        for call in wanted:
            try:
                placed[call.id] = calls.originate(call)
            except Refused as error:
                refusals[call.id] = Refusal(str(error))
        answers = await self._client.ask_all(placed.values())
        for call_id, answer in zip(placed, answers, strict=True):
            if not answer.succeeded:
                refusals[call_id] = _refusal(answer)
        return refusals

    async def calls(self) -> Mapping[CallId, CallTold]:
        """Return how far every call is that has a mark.

        The mark of a call that is over is written before its last channel is gone. So one that has no channel, and is
        not over even when it is read once more, has ended without a word.
        """
        noted = await self._marks()
        running = [told.call for told in noted.values() if told.state is not CallState.OVER]
        gone = running and set(running) - (await self._channels(running)).keys()
        if gone:
            noted = await self._marks()
            for call in gone & noted.keys():
                if noted[call].state is not CallState.OVER:
                    noted[call] = CallTold(call, CallState.OVER, Result.FAILED)
        return noted

    async def hang_up(self, wanted: Collection[CallId]) -> None:
        """End these calls, wherever they are: those that ring or have not begun are dropped, for good.

        A call is asked for before there is a channel or a mark. With its mark it never begins, or is not noted again,
        and what becomes of it is told here. Who is in the room has left it, and the dialplan tells that.
        """
        asked = set(filter(calls.is_id, wanted))
        noted = await self._marks() if asked else {}
        dropped = {call for call in asked if call not in noted or noted[call].state is CallState.SENT}
        now = datetime.now(UTC)
        await self._client.ask_all([calls.dropped(call, now) for call in dropped])
        channels = await self._channels(asked) if asked else {}
        of_all = [channel for of_call in channels.values() for channel in of_call]
        await self._client.ask_all([Action("Hangup", (("Channel", channel),)) for channel in of_all])
        for call in dropped:
            self._client.tell(CallTold(call, CallState.OVER, Result.DROPPED))

    async def forget(self, wanted: Collection[CallId]) -> None:
        """Remove the marks of these calls."""
        await self._client.ask_all([calls.forget(call) for call in wanted])

    async def members(self) -> frozenset[Member]:
        """Return who is in any conference of ours; nobody, with a warning, where we have no right to know."""
        names = {channel: name for name, channels in await self._in_bridges() for channel in channels}
        channels = list(dict.fromkeys((*self._told_in, *names)))
        numbers = await self._client.ask_all([rooms.number(channel) for channel in channels])
        members = []
        for channel, answer in zip(channels, numbers, strict=True):
            if channel in names:
                members.append(Member(names[channel], channel, rooms.number_of(answer), calls.id_of(channel)))
            elif not answer.succeeded:  # gone without a word, under this name
                self._told_in.pop(channel, None)
            elif channel in self._told_in:
                members.append(self._told_in[channel])
        return frozenset(members)

    async def close(self, name: str, prompt: Prompt) -> None:
        """Tell everybody in a conference what `prompt` says, and put them out; who leaves meanwhile is no error."""
        found = await self._in_bridges(name)
        channels = [channel for _, channels in found for channel in channels]
        answers = await self._client.ask_all([rooms.put_out(channel, prompt) for channel in channels])
        if any(answer.get("Message") == _DENIED for answer in answers):
            raise Refused("Asterisk would not put anybody out of a conference", NO_RIGHT)

    async def _marks(self) -> dict[CallId, CallTold]:
        answer = await self._client.ask(calls.tree())
        return {told.call: told for told in calls.marks(_listed(answer))}

    async def _channels(self, wanted: Collection[CallId]) -> dict[CallId, list[str]]:
        answer = await self._client.ask(Action("CoreShowChannels"))
        return calls.channels(_listed(answer), frozenset(wanted))

    async def _in_bridges(self, only: str | None = None) -> list[tuple[str, list[str]]]:
        """Return each of our conferences, or `only` that one, with the channels that are in it."""
        every = await self._client.ask(rooms.every())
        if every.get("Message") == _DENIED:
            log.warning("it is not known who is in conferences: %s", NO_RIGHT)
            return []
        ours = [(bridge, name) for bridge, name in rooms.bridges(_listed(every)) if only in (None, name)]
        answers = await self._client.ask_all([rooms.those_in(bridge) for bridge, _ in ours])
        return [(name, list(rooms.channels(_listed(answer)))) for (_, name), answer in zip(ours, answers, strict=True)]


def _listed(answer: Message) -> tuple[Message, ...]:
    """Return what a list holds. Raises `Refused` where Asterisk would not list it."""
    if answer.succeeded or answer.get("Message").startswith(_NONE):
        return answer.items
    raise Refused(f"Asterisk would not list calls or conferences: {answer.get('Message')}", NO_RIGHT)


def _refusal(answer: Message) -> Refusal:
    why = answer.get("Message")
    if why == _DENIED:
        return Refusal(NO_RIGHT)
    return Refusal(_NOT_LOADED if why == _NO_EXTENSION else f"Originate: {why}")
