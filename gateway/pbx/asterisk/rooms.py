"""Conferences that go on in an Asterisk (app_confbridge): who is in, and how they are put out. Pure.

A conference is the bridge `ringplan-<room>-<name>` (dialplan/README.md). Seen on Asterisk 22.10.1 and 16.28
(tests/captures/asterisk/conference_*.txt): where none goes on, lists are an error; `ConfbridgeListRooms` and
`ConfbridgeList` need the right `reporting`, `Redirect` needs `call`. A member is listed by its channel; whose telephone
that is, the dialplan has found out when it let it in, and left in a variable of the channel.
"""

import re
from collections.abc import Iterable, Iterator

from gateway.domain.conference import Prompt
from gateway.pbx.asterisk.codec import Action, Message
from gateway.planning.targets import is_number

OUT = "ringplan-out"
NUMBER = "RINGPLAN_NUMBER"
ANNOUNCER = "@ringplan-announcer-"
LONGEST_CHANNEL = 200

_BRIDGE = re.compile(r"ringplan-([0-9]{1,15})-([0-9a-f]{12})")


def is_channel(text: str) -> bool:
    """Return whether `text` can name a channel."""
    return 0 < len(text) <= LONGEST_CHANNEL and text.isprintable()


def every() -> Action:
    """Return the action that lists the bridges of all conferences, of others too."""
    return Action("ConfbridgeListRooms")


def bridges(items: Iterable[Message]) -> Iterator[tuple[str, str]]:
    """Yield bridge and name of each of our conferences in a list of bridges."""
    for item in items:
        bridge = item.get("Conference")
        found = _BRIDGE.fullmatch(bridge)
        if found is not None:
            yield bridge, found[2]


def those_in(bridge: str) -> Action:
    """Return the action that lists who is in a bridge."""
    return Action("ConfbridgeList", (("Conference", bridge),))


def channels(items: Iterable[Message]) -> Iterator[str]:
    """Yield the channels in a list of who is in a bridge, but for what only announces there who comes and goes."""
    for item in items:
        channel = item.get("Channel")
        if is_channel(channel) and ANNOUNCER not in channel:
            yield channel


def number(channel: str) -> Action:
    """Return the action that asks for the number of the telephone that a channel is, as the dialplan knows it."""
    return Action("Getvar", (("Channel", channel), ("Variable", NUMBER)))


def number_of(answer: Message) -> str:
    """Return the number that `number` has asked for, "" where there is none, or the channel is gone."""
    value = answer.get("Value")
    return value if is_number(value) else ""


def put_out(channel: str, prompt: Prompt) -> Action:
    """Return the action that lets who is on `channel` hear `prompt`, and then ends their call."""
    where = (("Context", OUT), ("Exten", prompt.value), ("Priority", "1"))
    return Action("Redirect", (("Channel", channel), *where))
