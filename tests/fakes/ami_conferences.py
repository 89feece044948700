"""Calls and conferences of the scripted peer: telephones that are rung, marks, bridges, and what is told of them.

As Asterisk 22.10.1 and 16.28 answered with Ringplan's dialplan (tests/captures/asterisk/conference_*.txt): an id is
placed once, a mark never goes back, and what is told follows the answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

Fields = dict[str, str]

NOBODY = "No active conferences."
_STEPS = {("", "d"), ("d", "u"), ("d", "o"), ("u", "o"), ("", "o")}  # from a mark's state to the next


@dataclass(slots=True)
class Placed:
    """A call that rings or talks, by its id; `number` counts the Local channels."""

    call: str
    bridge: str
    number: int
    is_in: bool = False

    @property
    def channels(self) -> tuple[str, str]:
        """The near half, which is in the bridge, and the far one."""
        name = f"Local/{self.call}@ringplan-call-{self.number:08x}"
        return f"{name};1", f"{name};2"


@dataclass(slots=True)
class FakeConferences:
    """`phones` are `answer`, `busy` or `ring`, by number; others are not signed in. `rung`: the ids that rang.

    `database` and `untold` are the peer's own. `guests` have dialled in: bridge and number, by channel.
    """

    database: dict[str, str]
    untold: list[str]
    phones: dict[str, str] = field(default_factory=dict)
    rung: list[str] = field(default_factory=list)
    guests: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_loaded: bool = True
    _placed: dict[str, Placed] = field(default_factory=dict)
    _channels: int = 0

    @property
    def actions(self) -> dict[str, Callable[[Fields], tuple[str, list[str] | None]]]:
        """What may be asked: each returns a message, and the items of a list or None for a refusal."""
        known: dict[str, Callable[[Fields], tuple[str, list[str] | None]]] = {
            "Originate": self.originate,
            "Hangup": self.hang_up,
            "Redirect": self.redirect,
            "CoreShowChannels": self.show,
        }
        bridges: dict[str, Callable[[Fields], tuple[str, list[str] | None]]] = {
            "ConfbridgeListRooms": self.rooms,
            "ConfbridgeList": self.those_in,
        }
        return known | bridges if self.is_loaded else known

    def originate(self, action: Fields) -> tuple[str, list[str] | None]:
        """`Originate`."""
        if action["Context"] != "ringplan-called":
            return "Extension does not exist.", None
        call = action["Channel"].removeprefix("Local/").partition("@")[0]
        given = dict(one.split("=", 1) for one in action["Variable"].split(","))
        if not self._mark(call, "d", ""):
            return "Originate successfully queued", []
        self._channels += 1
        placed = Placed(call, f"ringplan-{action['Exten']}-{given['RINGPLAN_NAME']}", self._channels)
        match self.phones.get(given["RINGPLAN_TO"]):
            case None:
                self._mark(call, "o", "unregistered")
            case "busy":
                self.rung.append(call)
                self._mark(call, "o", "busy")
            case does:
                self.rung.append(call)
                self._placed[call] = placed
                if does == "answer":
                    self._mark(call, "u", "")
                    placed.is_in = True
                    self._moved(placed.bridge, placed.channels[0], "", call, "in")
        return "Originate successfully queued", []

    def hang_up(self, action: Fields) -> tuple[str, list[str] | None]:
        """`Hangup`."""
        channel = action["Channel"]
        for placed in [one for one in self._placed.values() if channel in one.channels]:
            self._end(placed)
            return "Channel Hungup", []
        return "No such channel", None

    def redirect(self, action: Fields) -> tuple[str, list[str] | None]:
        """`Redirect`, which ends what it is asked for."""
        channel = action["Channel"]
        if channel in self.guests:
            self.leave(channel)
            return "Redirect successful", []
        message, done = self.hang_up(action)
        return ("Redirect successful", done) if done is not None else (f"Channel does not exist: {message}", None)

    def show(self, _: Fields) -> tuple[str, list[str] | None]:
        """`CoreShowChannels`."""
        channels = [channel for placed in self._placed.values() for channel in placed.channels]
        return "Channels will follow", [f"Event: CoreShowChannel\r\nChannel: {one}\r\n" for one in channels]

    def rooms(self, _: Fields) -> tuple[str, list[str] | None]:
        """`ConfbridgeListRooms`."""
        bridges = {bridge for bridge, _ in self._inside()}
        listed = [f"Event: ConfbridgeListRooms\r\nConference: {bridge}\r\nParties: 1\r\n" for bridge in sorted(bridges)]
        return ("Confbridge conferences will follow", listed) if listed else (NOBODY, None)

    def those_in(self, action: Fields) -> tuple[str, list[str] | None]:
        """`ConfbridgeList`."""
        inside = [channel for bridge, channel in self._inside() if bridge == action["Conference"]]
        listed = [
            f"Event: ConfbridgeList\r\nConference: {action['Conference']}\r\nChannel: {one}\r\n" for one in inside
        ]
        return ("Confbridge user list will follow", listed) if listed else ("No Conference by that name found.", None)

    def come(self, bridge: str, number: str) -> str:
        """Let the telephone `number` dial in, and return its channel."""
        self._channels += 1
        channel = f"PJSIP/{number}-{self._channels:08x}"
        self.guests[channel] = bridge, number
        self._moved(bridge, channel, number, "", "in")
        return channel

    def leave(self, channel: str) -> None:
        """Let who has dialled in hang up."""
        bridge, number = self.guests.pop(channel)
        self._moved(bridge, channel, number, "", "out")

    def sign_in(self, number: str, does: str) -> None:
        """Let a telephone sign in."""
        self.phones[number] = does
        self.untold.append(
            "Event: PeerStatus\r\nPrivilege: system,all\r\nChannelType: PJSIP\r\n"
            f"Peer: PJSIP/{number}\r\nPeerStatus: Reachable\r\n\r\n"
        )

    def _inside(self) -> list[tuple[str, str]]:
        called = [(placed.bridge, placed.channels[0]) for placed in self._placed.values() if placed.is_in]
        return called + [(bridge, channel) for channel, (bridge, _) in self.guests.items()]

    def _end(self, placed: Placed) -> None:
        del self._placed[placed.call]
        if placed.is_in:
            self._moved(placed.bridge, placed.channels[0], "", placed.call, "out")
        self._mark(placed.call, "o", "left" if placed.is_in else "failed")

    def _mark(self, call: str, state: str, result: str) -> bool:
        before = self.database.get(f"ringplan-call/{call}", "1|-")[2:].partition("-")[0]
        if (before, state) not in _STEPS:
            return False
        self.database[f"ringplan-call/{call}"] = f"1|{state}-1795240000-{result}"
        self._tell({"UserEvent": "RingplanCall", "Id": call, "State": state, "Result": result})
        return True

    def _moved(self, bridge: str, channel: str, number: str, call: str, state: str) -> None:
        _, room, name = bridge.split("-")
        said = {"Name": name, "Room": room, "Member": channel, "Number": number, "Call": call, "State": state}
        self._tell({"UserEvent": "RingplanRoom", **said})

    def _tell(self, fields: Fields) -> None:
        told = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        self.untold.append(f"Event: UserEvent\r\nPrivilege: user,all\r\n{told}\r\n")
