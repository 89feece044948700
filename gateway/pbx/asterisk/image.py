"""What Asterisk holds for one extension, as AstDB values, and the actions that change them. Pure.

The parts are rows of dialplan/README.md. A custom device state and a custom presence are kept by Asterisk in
AstDB, under `CustomDevstate/<name>` and `CustomPresence/<name>`, as they were written; they are written through the
functions DEVICE_STATE and PRESENCE_STATE, which tell the phones, and never as AstDB values. A presence is
`state,subtype,message,e`: subtype and message are base64 (`e`), since a comma would end them.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache

from gateway.domain.code import Availability
from gateway.domain.held import Held, Lamp, Place, Presence
from gateway.errors import Refused
from gateway.pbx.asterisk.codec import Action, Message

LONGEST_VALUE = 1000
"""Bytes; a line of 1,018 makes Asterisk lose the whole action."""

_PLACE = re.compile(r"[0-9]{1,15}")
_HELD = re.compile(f"[ -~]{{1,{LONGEST_VALUE}}}")
_LAMPS = {Lamp.ON: "INUSE", Lamp.OFF: "UNAVAILABLE"}
_MEANT = {state: lamp for lamp, state in _LAMPS.items()}

Values = tuple[str | None, str | None, str | None, str | None, str | None, str | None, str | None]
"""The AstDB value of each `Part`, None: no entry."""


class Part(Enum):
    """What is held, as AstDB family and what stands before the extension in the key; in the order of writing.

    The absence by hand is last: what was dialled is not taken away before the schedule accounts for it.
    """

    PHONE = ("ringplan-phone", "")
    SCHEDULE = ("ringplan", "")
    ROOM = ("ringplan-room", "")
    INVITED = ("ringplan-invited", "")
    LAMP = ("CustomDevstate", "ringplan-")
    PRESENCE = ("CustomPresence", "ringplan-")
    HAND = ("ringplan-hand", "")

    @property
    def family(self) -> str:
        """The AstDB family."""
        return self.value[0]

    def key(self, place: Place) -> str:
        """Return the AstDB key."""
        return self.value[1] + place


def values(place: Place, held: Held) -> Values:
    """Return the AstDB value of each `Part`, None: no entry. Raises `Refused` where Asterisk could not hold it."""
    if not is_place(place):
        raise Refused("an extension is 1 to 15 digits")
    for value in (held.phone, held.schedule, held.room, held.invited, held.hand):
        if value is not None and not _HELD.fullmatch(value):
            raise _refused(value)
    lamp = None if held.lamp is None else _LAMPS[held.lamp]
    presence = None if held.presence is None else _presence_value(held.presence)
    if presence is not None and len(presence) > LONGEST_VALUE:
        raise _refused(presence)
    return held.phone, held.schedule, held.room, held.invited, lamp, presence, held.hand


def _refused(value: str) -> Refused:
    if len(value) > LONGEST_VALUE:
        return Refused(f"a value has {len(value)} characters, more than {LONGEST_VALUE}")
    return Refused("what the dialplan reads is printable ASCII")


def is_place(text: str) -> bool:
    """Return whether `text` can name an extension."""
    return _PLACE.fullmatch(text) is not None


def lamp_of(state: str | None) -> Lamp | None:
    """Return the lamp that a device state means, None: one that is not of ours."""
    return None if state is None else _MEANT.get(state)


def held(
    phone: str | None,
    schedule: str | None,
    room: str | None,
    invited: str | None,
    lamp: str | None,
    presence: str | None,
    hand: str | None,
) -> Held:
    """Return what AstDB values say, in the order of `Part`; a lamp or presence that is not ours to understand is None.

    Others may have written what the dialplan reads: it is told as it is there.
    """
    shown = None if presence is None else _presence(presence)
    return Held(schedule, lamp_of(lamp), shown, phone, hand, room, invited)


def tree(part: Part) -> Action:
    """Return the action that lists a part for all extensions."""
    return listing(part.family)


def listing(family: str) -> Action:
    """Return the action that lists an AstDB family."""
    return Action("DBGetTree", (("Family", family),))


def entries(part: Part, items: Iterable[Message]) -> Iterator[tuple[Place, str]]:
    """Yield extension and AstDB value of each entry of a list that is ours."""
    start = f"/{part.family}/{part.key('')}"
    for item in items:
        key = item.get("Key")
        place = key[len(start) :]
        if key.startswith(start) and _PLACE.fullmatch(place):
            yield place, item.get("Val")


def leftovers(family: str, start: str, items: Iterable[Message]) -> Iterator[Action]:
    """Yield the actions that delete every entry of a list whose key begins with `start`, whatever it names."""
    for item in items:
        key = item.get("Key").removeprefix(f"/{family}/")
        if key != item.get("Key") and key.startswith(start):
            yield Action("DBDel", (("Family", family), ("Key", key)))


def writes(part: Part, place: Place, value: str | None) -> tuple[Action, ...]:
    """Return the actions that make the AstDB value `value`, None: that forget it.

    What is forgotten is first put out (phones are told), and its entry deleted after that.
    """
    if part is not Part.LAMP and part is not Part.PRESENCE:
        where = (("Family", part.family), ("Key", place))
        return (Action("DBPut", (*where, ("Val", value))),) if value is not None else (Action("DBDel", where),)
    variable = f"DEVICE_STATE(Custom:ringplan-{place})" if part is Part.LAMP else _presence_variable(place)
    if value is not None:
        return (_set(variable, value),)
    out = _LAMPS[Lamp.OFF] if part is Part.LAMP else "not_set,,"
    return _set(variable, out), Action("DBDel", (("Family", part.family), ("Key", part.key(place))))


def _set(variable: str, value: str) -> Action:
    return Action("Setvar", (("Variable", variable), ("Value", value)))


def _presence_variable(place: Place) -> str:
    return f"PRESENCE_STATE(CustomPresence:ringplan-{place})"


@lru_cache(1024)  # many extensions have one presence
def _presence_value(presence: Presence) -> str:
    reason, text = (base64.b64encode(part.encode()).decode() for part in (presence.reason, presence.text))
    return f"{presence.availability.value},{reason},{text},e"


def _presence(value: str) -> Presence | None:
    try:
        state, reason, text, _ = value.split(",")
        decoded = [base64.b64decode(part, validate=True).decode() for part in (reason, text)]
        return Presence(Availability(state), *decoded)
    except (ValueError, binascii.Error):
        return None
