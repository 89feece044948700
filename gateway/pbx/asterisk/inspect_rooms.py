"""Is an Asterisk set up for conferences? Asked through AMI, changes nothing, and matters only where there are rooms.

As in `inspect`: `ListCommands` lists what the signed-in user may do, `ShowDialPlan` with an extension what matches it
in every context. `ModuleCheck` succeeds for a module that is loaded, and `AST_CONFIG` reads a file with those that it
includes; `DIALPLAN_EXISTS` is 0 for a number that a context does not lead to, also where what it includes is
not there. Seen on Asterisk 22.10.1 and 16.28.
"""

import re
from collections.abc import Collection, Sequence

from gateway.domain.conference import Room
from gateway.domain.finding import Finding
from gateway.domain.user import Extension
from gateway.errors import RingplanError
from gateway.pbx.asterisk import calls, lines, rooms
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message
from gateway.pbx.asterisk.connection import connect
from gateway.pbx.asterisk.settings import AsteriskSettings

NEEDED = ("Originate", "Hangup", "Redirect", "CoreShowChannels", "ModuleCheck", "ShowDialPlan")
OF_CONFERENCES = ("ConfbridgeListRooms", "ConfbridgeList")
"""Not there at all where app_confbridge is not loaded."""

MODULES = ("app_confbridge", "bridge_softmix", "func_hangupcause", "func_lock", "func_logic")
OURS = (calls.CONTEXT, calls.ANSWERED, lines.ROOM, rooms.OUT)

YES = ("yes", "true", "on", "1", "y", "t")
"""What Asterisk takes for yes in its files."""

_NAMED = 5  # rooms or extensions that are named in a message, at most
_LEADS = re.compile(rf"(?:^|[(?:]){lines.ROOM},")


async def inspect_rooms(
    settings: AsteriskSettings, numbers: Collection[Room], called: Collection[Extension] = ()
) -> tuple[Finding, ...]:
    """Look at everything that conferences behind these room `numbers` need; nothing is asked where there are none.

    `called`: the main numbers of those who may be called into them. Never raises for what it finds: an Asterisk that
    cannot be reached is a finding too.
    """
    if not numbers:
        return ()
    try:
        async with connect(settings) as asterisk:
            rights, may_look = await _rights(asterisk, settings)
            if not may_look:
                return (rights,)
            dialplan = await _dialplan(asterisk, sorted(numbers), sorted(called))
            others = await _menus(asterisk), await _records(asterisk, settings)
            return rights, await _modules(asterisk), *dialplan, *others
    except RingplanError as error:
        return (Finding("connection", False, str(error), error.remedy),)


async def _rights(asterisk: Client, settings: AsteriskSettings) -> tuple[Finding, bool]:
    allowed = (await asterisk.ask(Action("ListCommands"))).fields
    may_report = "ShowDialPlan" in allowed  # needs the right that conferences need
    missing = [name for name in (*NEEDED, *(OF_CONFERENCES if not may_report else ())) if name not in allowed]
    if not missing:
        return Finding("conference rights", True, f"{settings.user} may call people into conferences"), True
    remedy = f"in manager.conf, below [{settings.user}]: write = {lines.WRITE}; then `manager reload`"
    said = f"{settings.user} may not use {', '.join(missing)}"
    return Finding("conference rights", False, said, remedy), may_report and "ModuleCheck" in allowed


async def _modules(asterisk: Client) -> Finding:
    found = await asterisk.ask_all([Action("ModuleCheck", (("Module", f"{name}.so"),)) for name in MODULES])
    missing = [f"{name}.so" for name, answer in zip(MODULES, found, strict=True) if not answer.succeeded]
    if not missing:
        return Finding("modules", True, "all modules that conferences need are loaded")
    load = "; ".join(f"`module load {name}`" for name in missing)
    return Finding("modules", False, f"not loaded: {', '.join(missing)}", f"{load}; and see modules.conf")


async def _dialplan(asterisk: Client, numbers: Sequence[Room], called: Sequence[Extension]) -> list[Finding]:
    contexts = (*OURS, lines.AUTOCALL)
    shown = await asterisk.ask_all(
        [Action("ShowDialPlan", (("Context", context),)) for context in contexts]
        + [Action("ShowDialPlan", (("Extension", number),)) for number in numbers]
    )
    there = dict(zip((*contexts, *numbers), (answer.items for answer in shown), strict=True))
    missing = [context for context in OURS if not there[context]]
    without_line = [number for number in numbers if not any(map(_leads, there[number]))]
    autocall = await _autocall(asterisk, called) if there[lines.AUTOCALL] else _no_autocall()
    return [_ours(missing), autocall, _lines(without_line)]


def _ours(missing: Sequence[str]) -> Finding:
    if not missing:
        return Finding("conferences", True, "the dialplan of conferences is loaded")
    remedy = "put ringplan-conference.conf of this version beside ringplan.conf, which includes it; `dialplan reload`"
    return Finding("conferences", False, f"no context {', '.join(missing)}: there are no conferences", remedy)


async def _autocall(asterisk: Client, called: Sequence[Extension]) -> Finding:
    """Say who is not reached: it may be meant for some, as the context has nothing but what may be called."""
    leads = [Action("Getvar", (("Variable", f"DIALPLAN_EXISTS({lines.AUTOCALL},{number},1)"),)) for number in called]
    answers = await asterisk.ask_all(leads)
    lost = [number for number, answer in zip(called, answers, strict=True) if answer.get("Value") == "0"]
    if not lost:
        return Finding("autocall", True, f"the context {lines.AUTOCALL} is there")
    said = f"{lines.AUTOCALL} does not lead to {_named(lost)}: they are not called into conferences"
    return Finding("autocall", len(lost) < len(called), said, lines.autocall_context())


def _no_autocall() -> Finding:
    said = f"no context {lines.AUTOCALL}: nobody is called into a conference"
    return Finding("autocall", False, said, lines.autocall_context())


def _lines(without: Sequence[Room]) -> Finding:
    if not without:
        return Finding("rooms", True, "a number of the dialplan leads to every room")
    said = f"no line leads to the rooms {_named(without)}: nobody can dial in"
    return Finding("rooms", False, said, lines.room(without[0]))


def _named(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return ", ".join(numbers[:_NAMED]) + more


def _leads(step: Message) -> bool:
    return _LEADS.search(step.get("AppData")) is not None


async def _menus(asterisk: Client) -> Finding:
    menu = Action("Getvar", (("Variable", "AST_CONFIG(confbridge.conf,ringplan-sv,type)"),))
    if (await asterisk.ask(menu)).get("Value") == "menu":
        return Finding("keys", True, "whoever is in a conference has keys")
    remedy = "ringplan-menus.conf beside confbridge.conf, and in that: #include ringplan-menus.conf;"
    return Finding("keys", True, "keys do nothing in conferences", f"{remedy} `module reload app_confbridge.so`")


async def _records(asterisk: Client, settings: AsteriskSettings) -> Finding:
    """Look whether channel events are kept: among them is the caller's name that telephones are shown."""
    enabled = Action("Getvar", (("Variable", "AST_CONFIG(cel.conf,general,enable)"),))
    is_kept = (await asterisk.ask(enabled)).get("Value").lower() in YES
    if not is_kept or not settings.subjects:
        return Finding("records", True, "no record keeps what a meeting is called")
    said = "CEL is on: it keeps for good what meetings are called, as the name that telephones show"
    remedy = "set `subjects = false` below this PBX, so that they show the room alone; or enable = no in cel.conf"
    return Finding("records", True, said, remedy)
