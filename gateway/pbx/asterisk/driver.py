"""The port `Pbx` for an Asterisk: what it holds is read back and written through AMI.

One read of each part tells everything (`DBGetTree`; never `DBGet`, which cuts at 255 bytes on Asterisk 16.28). Only
what differs from what this connection has read, or had acknowledged, is written; another connection starts without
knowledge. What the dialplan writes by itself it tells; AMI gives no order between that and the answers to our writing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from itertools import chain

from gateway.domain.conference import Call, CallId, Member, Prompt
from gateway.domain.held import Asked, CallTold, Came, Dialled, Held, PbxEvent, Place, QueuesChanged, Refusal, Went
from gateway.errors import Refused
from gateway.pbx.asterisk import image, lines, told
from gateway.pbx.asterisk.calls import FAMILY as CALLS
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message
from gateway.pbx.asterisk.conferences import Conferences
from gateway.pbx.asterisk.connection import connect
from gateway.pbx.asterisk.image import Part
from gateway.pbx.asterisk.names import Names
from gateway.pbx.asterisk.queues import Queues
from gateway.pbx.asterisk.settings import AsteriskSettings

log = logging.getLogger(__name__)

_UNSURE = "\0"  # a value that AstDB cannot hold: what is there must be written
_DENIED = "Permission denied"  # tests/captures/asterisk/rights_call.txt
_NOTHING = Held()
_Step = tuple[Part, Place, str | None, str]


class Asterisk:
    """One Asterisk; implements `gateway.ports.Pbx`."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["AsteriskSwitch"]:
        """Open one connection. Raises `Unreachable` or `SignInAgain`."""
        async with connect(self._settings) as connection:
            yield AsteriskSwitch(connection)


class AsteriskSwitch:
    """One connection; implements `gateway.ports.Switch`.

    Reading and writing wait for each other: what is compared with must not be older than what was written.
    """

    def __init__(self, connection: Client) -> None:
        self._client = connection
        self._known: dict[Part, dict[Place, str | None]] = {part: {} for part in Part}
        self._has_read = False
        self._lock = asyncio.Lock()
        self._queues = Queues(connection)
        self._conferences = Conferences(connection)
        self._names = Names(connection)
        self._crossed: set[tuple[Part, Place]] = set()  # told of since we last began to read all, or to write it
        connection.hear(self._hear)

    def events(self) -> AsyncIterator[PbxEvent]:
        """Yield what `told` knows, and the PBX's clock, at once and then with each sign of life.

        Raises `Unreachable` when the connection is lost. What is dialled, how calls go and who comes and goes is told
        as long as it is not, in its order.
        """
        return self._client.events()

    def _hear(self, message: Message) -> None:
        try:
            event = told.event(message)
        except ValueError as error:
            log.warning("passed over what a dialplan told: %s", error)
            return
        if isinstance(event, Dialled):
            self._doubt(event)
        if isinstance(event, Came | Went):
            self._conferences.hear(event)
        if event is not None and not (isinstance(event, QueuesChanged) and self._queues.made(message)):
            self._client.tell(event)

    def _doubt(self, event: Dialled) -> None:
        """Note that what is there is either what was told or what we wrote at about the same time."""
        for key in ((Part.HAND, event.place), *((Part.LAMP, phone) for phone in event.phones)):
            part, place = key
            self._known[part][place] = _UNSURE
            self._crossed.add(key)

    async def held(self) -> Mapping[Place, Held]:
        """Read back all that Asterisk holds of ours. Raises `Unreachable`, or `Refused` where rights are missing."""
        async with self._lock:
            return await self._read()

    async def _read(self) -> Mapping[Place, Held]:
        self._crossed.clear()
        answers = await self._client.ask_all([image.tree(part) for part in Part])
        read: dict[Part, dict[Place, str | None]] = {}
        for part, answer in zip(Part, answers, strict=True):
            if not answer.succeeded:
                raise Refused(
                    f"Asterisk would not list {part.family}: {answer.get('Message')}",
                    f"give the AMI user write = {lines.WRITE} in manager.conf",
                )
            read[part] = dict(image.entries(part, answer.items))
        self._known, self._has_read = read, True
        places = {place for entries in read.values() for place in entries}
        holds = {place: image.held(*(read[part].get(place) for part in Part)) for place in places}
        for part, place in self._crossed:
            read[part][place] = _UNSURE
        return holds

    async def hold(self, wanted: Mapping[Place, Held | None]) -> Mapping[Place, Refusal]:
        """Make Asterisk hold exactly `wanted` for these places (None: forget); return what could not be held.

        Each part is written for all places before the next one is, in the order of `Part`: calls must be right at once,
        and a lamp is looked at before a text is. Raises `Unreachable`: then any part of it may have been written.
        """
        refusals: dict[Place, Refusal] = {}
        values: dict[Place, image.Values] = {}
        for place, held in wanted.items():
            try:
                values[place] = image.values(place, held or _NOTHING)
            except Refused as error:
                refusals[place] = Refusal(str(error))
        async with self._lock:
            await self._write(values, refusals)
        return refusals

    async def _write(self, values: Mapping[Place, image.Values], refusals: dict[Place, Refusal]) -> None:
        steps: deque[_Step] = deque()
        async with aclosing(self._client.answers(self._steps(values, steps))) as several:
            async for answers in several:
                for answer in answers:
                    part, place, value, action = steps.popleft()
                    # what is not there cannot be deleted, and need not
                    gone = action == "DBDel" and answer.get("Message") != _DENIED
                    if not answer.succeeded and not gone:
                        refusals[place] = Refusal(f"{action} {part.family}: {answer.get('Message')}")
                        self._known[part][place] = _UNSURE
                    elif place not in refusals and not (self._crossed and (part, place) in self._crossed):
                        self._known[part][place] = value

    def _steps(self, values: Mapping[Place, image.Values], steps: deque[_Step]) -> Iterator[Action]:
        """Yield the actions that are needed, and note in `steps` what each is for."""
        otherwise = None if self._has_read else _UNSURE
        for number, part in enumerate(Part):
            known = self._known[part]
            for place, of_place in values.items():
                value = of_place[number]
                if known.get(place, otherwise) == value:
                    continue
                known[place] = _UNSURE
                if self._crossed:  # hardly ever, and this is the hot path
                    self._crossed.discard((part, place))
                for action in image.writes(part, place, value):
                    steps.append((part, place, value, action.name))
                    yield action

    async def pause(self, places: Collection[Place]) -> Refusal | None:
        """Let exactly the queue members of `places` be paused by us, in all queues; raises `Unreachable`.

        A refusal says what is missing in manager.conf. Where nothing differs nothing is written, and nothing refused.
        """
        return await self._queues.pause(places)

    async def boot(self) -> str:
        """Return what names this run of Asterisk. Raises `Unreachable`, or `Refused` where rights are missing."""
        return await self._conferences.boot()

    async def call(self, calls: Sequence[Call]) -> Mapping[CallId, Refusal]:
        """Place these calls, in their order; return what was refused. How a call goes is told by events.

        Raises `Unreachable`: any of them may have been placed. No call waits for what is read or written elsewhere.
        """
        return await self._conferences.call(calls)

    async def calls(self) -> Mapping[CallId, CallTold]:
        """Return how far every call is that Asterisk has noted. Raises `Unreachable` or `Refused`."""
        return await self._conferences.calls()

    async def hang_up(self, calls: Collection[CallId]) -> None:
        """End these calls, also those that are about to begin. Raises `Unreachable` or `Refused`.

        What rings or has not begun is told to be dropped at once; what the dialplan told before may come after that.
        """
        await self._conferences.hang_up(calls)

    async def forget(self, calls: Collection[CallId]) -> None:
        """Let Asterisk forget these calls. Raises `Unreachable`."""
        await self._conferences.forget(calls)

    async def members(self) -> frozenset[Member]:
        """Return who is in any conference of ours; raises `Unreachable`.

        Whoever was told to come in, and not to have left, is among them. Nobody is, where rights are missing.
        """
        return await self._conferences.members()

    async def close(self, name: str, prompt: Prompt) -> None:
        """Tell everybody in the conference `name` what `prompt` says, and put them out.

        Raises `Unreachable` or `Refused`.
        """
        await self._conferences.close(name, prompt)

    async def be_asked(self, lasting: timedelta) -> None:
        """Let the dialplan ask for names of callers for so long; raises `Unreachable`."""
        await self._names.be_asked(lasting)

    async def name(self, names: Mapping[Asked, str | None]) -> None:
        """Set these names, as far as telephones and dialplans can bear them, and let calls go on.

        Raises `Unreachable`.
        """
        await self._names.name(names)

    async def forget_all(self) -> Mapping[Place, Refusal]:
        """Remove everything of ours, whatever extension or other key it is for; return what could not be forgotten."""
        refusals = await self.hold(dict.fromkeys(await self.held()))
        families = [*((part.family, part.key("")) for part in Part), (CALLS, "")]
        listed = await self._client.ask_all([image.listing(family) for family, _ in families])
        rest = (image.leftovers(*family, answer.items) for family, answer in zip(families, listed, strict=True))
        await self._client.ask_all(list(chain.from_iterable(rest)))
        self._known, self._has_read = {part: {} for part in Part}, False
        return refusals
