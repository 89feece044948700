"""Calls that an Asterisk places for us: the action that asks for one, the mark that it leaves, its channels. Pure.

An id is asked for as the Local channel `Local/<id>@ringplan-call/n`; the dialplan behind it places no id twice, since
its mark, AstDB `ringplan-call/<id>`, is there from the first time on (dialplan/README.md). Seen on Asterisk 22.10.1 and
16.28 (tests/captures/asterisk/originate_*.txt): `Originate` needs the right of that name; with `Async` it is answered
before there is a channel, whose two halves are `Local/<id>@ringplan-call-<number>;1` and `;2`.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from gateway.domain.code import LANGUAGES
from gateway.domain.conference import Call, CallId, CallState, Result
from gateway.domain.held import CallTold
from gateway.errors import Refused
from gateway.pbx.asterisk import image
from gateway.pbx.asterisk.codec import Action, Message
from gateway.planning.conference.room import is_name
from gateway.planning.targets import is_number

FAMILY = "ringplan-call"
CONTEXT = "ringplan-call"
ANSWERED = "ringplan-called"
STATES = {"d": CallState.SENT, "u": CallState.UP, "o": CallState.OVER}
LONGEST_SHOWN = 60
"""Characters of a caller's name; a line of AMI has room for 250 of any script."""

_BEYOND_RINGING = timedelta(seconds=5)  # the dialplan ends the ringing by itself, and notes how
_ID = re.compile(r"[0-9a-f]{32}")
_MARK = re.compile(r"1[|]([duo])-([0-9]{1,12})-([a-z]*)")
_CHANNEL = re.compile(rf"Local/([0-9a-f]{{32}})@{CONTEXT}-[0-9a-f]+;[12]")


def originate(call: Call) -> Action:
    """Return the action that asks for `call`. Raises `Refused` where it is none that a dialplan could understand."""
    numbers_are = image.is_place(call.room) and is_number(call.to)
    if not (is_id(call.id) and is_name(call.name) and numbers_are and call.language in LANGUAGES):
        raise Refused("a call has an id of 32 and a conference of 12 hexadecimal digits, and numbers of digits")
    ring = int(call.ring.total_seconds())
    variables = {
        "CALL": call.id,
        "TO": call.to,
        "NAME": call.name,
        "LANGUAGE": call.language,
        "BEFORE": str(int(call.before.timestamp())),
        "RING": str(ring),
        "FORCED": _flag(call.forced),
        "CONFIRM": _flag(call.confirmed),
        "RECORDED": _flag(call.recorded),
        "MODERATOR": _flag(call.is_moderator),
    }
    fields = (
        ("Channel", f"Local/{call.id}@{CONTEXT}/n"),
        ("Context", ANSWERED),
        ("Exten", call.room),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", str(int((call.ring + _BEYOND_RINGING).total_seconds() * 1000))),
        ("CallerID", f'"{_shown(call.shown)}" <{call.room}>'),
        *(("Variable", f"RINGPLAN_{name}={value}") for name, value in variables.items()),
    )
    return Action("Originate", fields)


def is_id(text: str) -> bool:
    """Return whether `text` can name a call."""
    return _ID.fullmatch(text) is not None


def result_of(state: CallState, text: str) -> Result | None:
    """Return the result that a dialplan tells, None for a call that is not over. Raises ValueError for no result."""
    if state is CallState.OVER:
        return Result(text)
    if text:
        raise ValueError("a call that is not over has no result")
    return None


def tree() -> Action:
    """Return the action that lists all marks."""
    return image.listing(FAMILY)


def marks(items: Iterable[Message]) -> Iterator[CallTold]:
    """Yield how far each call of a list of marks is. One whose mark cannot be read was placed, and has failed."""
    start = f"/{FAMILY}/"
    for item in items:
        call = item.get("Key").removeprefix(start)
        if is_id(call):
            yield _marked(call, item.get("Val"))


def _marked(call: CallId, value: str) -> CallTold:
    found = _MARK.fullmatch(value)
    try:
        if found is not None:
            state = STATES[found[1]]
            return CallTold(call, state, result_of(state, found[3]))
    except ValueError:
        pass  # told as one that cannot be read
    return CallTold(call, CallState.OVER, Result.FAILED)


def dropped(call: CallId, now: datetime) -> Action:
    """Return the action that marks `call` as over, so that it is never placed."""
    value = f"1|o-{int(now.timestamp())}-{Result.DROPPED.value}"
    return Action("DBPut", (("Family", FAMILY), ("Key", call), ("Val", value)))


def forget(call: CallId) -> Action:
    """Return the action that removes the mark of `call`. Raises `Refused` where it is no id."""
    if not is_id(call):
        raise Refused("a call has an id of 32 hexadecimal digits")
    return Action("DBDel", (("Family", FAMILY), ("Key", call)))


def id_of(channel: str) -> CallId | None:
    """Return which call a channel is half of, None: no call of ours."""
    found = _CHANNEL.fullmatch(channel)
    return None if found is None else found[1]


def channels(items: Iterable[Message], calls: Collection[CallId]) -> dict[CallId, list[str]]:
    """Return the channels that there are of `calls`, out of a list of all channels."""
    found: dict[CallId, list[str]] = {}
    for item in items:
        channel = item.get("Channel")
        call = id_of(channel)
        if call is not None and call in calls:
            found.setdefault(call, []).append(channel)
    return found


def _flag(it_is: bool) -> str:
    return "1" if it_is else "0"


def _shown(name: str) -> str:
    """Return letters, digits and spaces of `name`: quotes and brackets would end it, in AMI and in SIP."""
    return "".join(letter if letter.isalnum() else " " for letter in name)[:LONGEST_SHOWN].strip()
