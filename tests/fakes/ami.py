"""A scripted peer that speaks AMI, for faults that a real Asterisk does not make on demand.

Answers are those of tests/captures/asterisk: login_ok_events_off, login_fail_secret, startup_fullybooted (FullyBooted
last), db_put_get_del_tree, devstate_presence, rights_least, shutdown_core_stop_now and userevent_22; of queues see
ami_queues.py, of calls and conferences ami_conferences.py. Written without the gateway's codec, so that a fault there
cannot hide here; panoramisk, an independent client, is tested against it too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.fakes.ami_conferences import FakeConferences
from tests.fakes.ami_queues import FakeQueues

Fields = dict[str, str]

ID = "\0"  # where the line with the ActionID goes


@dataclass(frozen=True, slots=True)
class Dial:
    """Somebody dials a star code at `place` while an action is executed: before it is, or after, and told likewise."""

    place: str
    hand: str
    before: bool
    told_before: bool


@dataclass(slots=True)
class FakeAmi:
    """What it holds (`database`: `family/key` to value), what it was asked, and how it misbehaves.

    `segment`: bytes per write; `silent`: actions that are never answered; `refused`: actions that are answered with
    an error; `unknown`: actions whose module is not loaded; `boots`: whether FullyBooted is sent; `hangs_up_at`: the
    connection is closed when this many actions have been executed, before the answer; `crossing`: what is dialled at
    the next action, by its name and family. `queues` None: the module for them is not loaded.
    """

    port: int = 0
    user: str = "ringplan"
    secret: str = "s3cret"
    database: dict[str, str] = field(default_factory=dict)
    asked: list[Fields] = field(default_factory=list)
    connections: int = 0
    segment: int = 1 << 16
    silent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    boots: bool = True
    hangs_up_at: int | None = None
    ahead: float = 0.0
    chatter: str = ""
    crossing: dict[str, Dial] = field(default_factory=dict)
    queues: FakeQueues | None = field(default_factory=FakeQueues)
    variables: dict[str, str] = field(default_factory=dict)
    conferences: FakeConferences = field(init=False)
    _untold: list[str] = field(default_factory=list)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.conferences = FakeConferences(self.database, self._untold)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["FakeAmi"]:
        """Listen on a free loopback port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.hang_up()
            await server.wait_closed()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def shut_down(self) -> None:
        """Say so, and leave the connections open: the event alone must do."""
        for writer in self._writers:
            await self._write(
                writer, "Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: False\r\n\r\n"
            )

    async def dial(self, place: str, hand: str, lamp: str = "INUSE", phones: str = "") -> None:
        """Write as the dialplan does, and tell everybody."""
        self._dialled(place, hand, lamp, phones or place)
        await self.tell_all()

    @property
    def of_queues(self) -> FakeQueues:
        """The queues, which are loaded."""
        assert self.queues is not None
        return self.queues

    def names(self) -> list[str]:
        """Return the names of the actions that were asked."""
        return [action["Action"] for action in self.asked]

    async def is_asked(self, *names: str) -> None:
        """Wait until each of these actions has been asked for."""
        while not set(names) <= set(self.names()):
            self._heard.clear()
            await self._heard.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            await self._write(writer, "Asterisk Call Manager/11.0.0\r\n")
            while action := await _action(reader):
                if not await self._execute(action, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _execute(self, action: Fields, writer: asyncio.StreamWriter) -> bool:
        name, number = action["Action"], action.get("ActionID", "")
        self.asked.append(action)
        self._heard.set()
        if name in self.silent:
            return True
        crossing = self.crossing.pop(f"{name} {action.get('Family', '')}".rstrip(), None)
        if crossing and crossing.before:
            self._dialled(crossing.place, crossing.hand, "INUSE", crossing.place)
        if crossing and crossing.told_before:
            await self.tell_all()
        said = _error("Permission denied") if name in self.refused else self._answer(name, action)
        if crossing and not crossing.before:
            self._dialled(crossing.place, crossing.hand, "INUSE", crossing.place)
        if self.hangs_up_at is not None and len(self.asked) >= self.hangs_up_at:
            return False
        said = said.replace(ID, f"ActionID: {number}\r\n" if number else "")
        await self._write(writer, self.chatter + said)
        await self.tell_all()
        return "Authentication failed" not in said

    def _answer(self, name: str, action: Fields) -> str:
        known: dict[str, Callable[[Fields], str]] = {
            "Login": self._login,
            "Ping": self._ping,
            "DBPut": self._put,
            "DBDel": self._delete,
            "DBGetTree": self._tree,
            "PJSIPShowEndpoints": lambda _: _error("No endpoints found"),
            "VoicemailUsersList": lambda _: _success("Message: There are no voicemail users currently defined."),
            "Setvar": self._set,
            "Getvar": self._get,
            "UserEvent": self._user_event,
        }
        if name in known and name not in self.unknown:
            return known[name](action)
        if self.queues is not None and name in ("QueueStatus", "QueueAdd", "QueueRemove", "QueuePause"):
            return self._of_queues(self.queues, name, action)
        if name in self.conferences.actions:
            return self._of_conferences(name, action)
        return _error(f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands.")

    def _of_queues(self, queues: FakeQueues, name: str, action: Fields) -> str:
        if name == "QueueStatus":
            return _list("QueueStatus", "Queue status will follow", queues.status())
        change = {"QueueAdd": queues.add, "QueueRemove": queues.remove, "QueuePause": queues.pause}[name]
        message, told = change(action)
        self._untold.append(told)
        return _success(f"Message: {message}") if told else _error(message)

    def _of_conferences(self, name: str, action: Fields) -> str:
        message, items = self.conferences.actions[name](action)
        if items is None:
            return _error(message)
        return _success(f"Message: {message}") if not message.endswith("follow") else _list(name, message, items)

    def _user_event(self, action: Fields) -> str:
        told = "".join(f"{key}: {value}\r\n" for key, value in action.items() if key not in ("Action", "ActionID"))
        self._untold.append(f"Event: UserEvent\r\nPrivilege: user,all\r\n{told}\r\n")
        return _success("Message: Event Sent")

    def _dialled(self, place: str, hand: str, lamp: str, phones: str) -> None:
        self.database[f"ringplan-hand/{place}"] = hand
        self.database.update({f"CustomDevstate/ringplan-{phone}": lamp for phone in phones.split(".")})
        said = {"UserEvent": "RingplanHand", "Extension": place, "Hand": hand, "Lamp": lamp, "Phones": phones}
        self._user_event(said)

    async def tell_all(self) -> None:
        """Tell everybody what has not been told yet."""
        told = "".join(self._untold)
        self._untold.clear()
        for writer in tuple(self._writers) if told else ():
            with suppress(ConnectionError):  # it has just gone
                await self._write(writer, told)

    def _login(self, action: Fields) -> str:
        if (action.get("Username"), action.get("Secret")) != (self.user, self.secret):
            return _error("Authentication failed")
        booted = (
            "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 1\r\nLastReload: 1\r\nStatus: Fully Booted\r\n\r\n"
        )
        return _success("Message: Authentication accepted") + (booted if self.boots else "")

    def _ping(self, _: Fields) -> str:
        return _success(f"Ping: Pong\r\nTimestamp: {time.time() + self.ahead:.6f}")

    def _put(self, action: Fields) -> str:
        self.database[f"{action['Family']}/{action['Key']}"] = action["Val"]
        return _success("Message: Updated database successfully")

    def _delete(self, action: Fields) -> str:
        if self.database.pop(f"{action['Family']}/{action['Key']}", None) is None:
            return _error("Database entry could not be deleted")
        return _success("Message: Key deleted successfully")

    def _tree(self, action: Fields) -> str:
        start = f"{action['Family']}/"
        found = {key: value for key, value in sorted(self.database.items()) if key.startswith(start)}
        items = [f"Event: DBGetTreeResponse\r\nKey: /{key}\r\nVal: {value}\r\n" for key, value in found.items()]
        return _list("DBGetTree", "Result will follow", items)

    def _set(self, action: Fields) -> str:
        function, _, name = action["Variable"].rstrip(")").partition("(")
        families = {"DEVICE_STATE": "CustomDevstate", "PRESENCE_STATE": "CustomPresence"}
        provider, _, key = name.partition(":")
        if "(" not in action["Variable"]:
            self.variables[action["Variable"]] = action["Value"]
            return _success("Message: Variable Set")
        if function not in families or not provider.startswith("Custom"):
            return _error("Variable not set")
        self.database[f"{families[function]}/{key}"] = action["Value"]
        return _success("Message: Variable Set")

    def _get(self, action: Fields) -> str:
        name, channel = action["Variable"], action.get("Channel")
        value = self.variables.get(name, "")
        if channel is not None:
            value = self.conferences.guests.get(channel, ("", ""))[1]
        return _success(f"Variable: {name}\r\nValue: {value}")

    async def _write(self, writer: asyncio.StreamWriter, text: str) -> None:
        data = text.encode()
        for start in range(0, len(data), self.segment):
            writer.write(data[start : start + self.segment])
            await writer.drain()


async def _action(reader: asyncio.StreamReader) -> Fields:
    fields: Fields = {}
    while line := (await reader.readline()).decode():
        if not line.endswith("\r\n"):
            break
        if line == "\r\n":
            return fields
        key, _, value = line.removesuffix("\r\n").partition(": ")
        fields[key] = f"{fields[key]},{value}" if key in fields else value
    return {}


def _success(lines: str) -> str:
    return f"Response: Success\r\n{ID}{lines}\r\n\r\n"


def _error(message: str) -> str:
    return f"Response: Error\r\n{ID}Message: {message}\r\n\r\n"


def _list(name: str, message: str, items: Sequence[str]) -> str:
    end = f"Event: {name}Complete\r\n{ID}EventList: Complete\r\nListItems: {len(items)}\r\n\r\n"
    return _success(f"EventList: start\r\nMessage: {message}") + "".join(f"{item}{ID}\r\n" for item in items) + end
