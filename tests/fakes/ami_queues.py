"""Queues of the scripted peer: members, their pauses, and what is told of them.

As Asterisk 22.10.1 and 16.28 answered (tests/captures/asterisk/queue_*.txt, rights_queue_*.txt); a pause that is
already there is told again.
"""

from dataclasses import dataclass, field

Fields = dict[str, str]


@dataclass(slots=True)
class Member:
    """A member of one queue."""

    queue: str
    interface: str
    state_interface: str
    paused: bool = False
    reason: str = ""

    def lines(self, interface: str) -> str:
        """Return what is said of it, its interface under the name `interface`."""
        return (
            f"Queue: {self.queue}\r\n{interface}: {self.interface}\r\nStateInterface: {self.state_interface}\r\n"
            f"Membership: dynamic\r\nPenalty: 0\r\nStatus: 5\r\nPaused: {int(self.paused)}\r\n"
            f"PausedReason: {self.reason}\r\nWrapuptime: 0\r\n"
        )


@dataclass(slots=True)
class FakeQueues:
    """Answers to actions of app_queue: the message, and the event that everybody is told, "" after an error."""

    members: list[Member] = field(default_factory=list)

    def status(self) -> list[str]:
        """Return the events of `QueueStatus`."""
        queues = dict.fromkeys(member.queue for member in self.members)
        said = []
        for queue in queues:
            said.append(f"Event: QueueParams\r\nQueue: {queue}\r\nMax: 0\r\nStrategy: ringall\r\n")
            of_queue = (member for member in self.members if member.queue == queue)
            said += [f"Event: QueueMember\r\n{member.lines('Location')}" for member in of_queue]
        return said

    def add(self, action: Fields) -> tuple[str, str]:
        """`QueueAdd`."""
        interface = action["Interface"]
        member = Member(action["Queue"], interface, action.get("StateInterface", interface))
        self.members.append(member)
        return "Added interface to queue", _event("QueueMemberAdded", member)

    def remove(self, action: Fields) -> tuple[str, str]:
        """`QueueRemove`."""
        for member in self._found(action):
            self.members.remove(member)
            return "Removed interface from queue", _event("QueueMemberRemoved", member)
        return "Unable to remove interface: Not there", ""

    def pause(self, action: Fields) -> tuple[str, str]:
        """`QueuePause`."""
        for member in self._found(action):
            member.paused = action["Paused"] == "true"
            member.reason = action.get("Reason", "") if member.paused else ""
            done = "paused" if member.paused else "unpaused"
            return f"Interface {done} successfully", _event("QueueMemberPause", member)
        return "Interface not found", ""

    def _found(self, action: Fields) -> list[Member]:
        return [one for one in self.members if (one.queue, one.interface) == (action["Queue"], action["Interface"])]


def _event(name: str, member: Member) -> str:
    return f"Event: {name}\r\nPrivilege: agent,all\r\n{member.lines('Interface')}\r\n"
