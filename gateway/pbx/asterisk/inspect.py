"""Is an Asterisk set up as Ringplan needs it? Asked through AMI, changes nothing.

The answers were seen on Asterisk 22.10.1: `ShowDialPlan` with an extension lists what matches it in every context,
with an unknown context or extension it is an error; `ListCommands` lists what the signed-in user may do; a file cannot
be looked at (STAT() is refused to AMI), so sounds are looked at where Asterisk's data folder is on this machine.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from gateway.domain.finding import Finding
from gateway.domain.held import ClockSeen
from gateway.domain.user import Extension
from gateway.errors import RingplanError
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message
from gateway.pbx.asterisk.connection import connect
from gateway.pbx.asterisk.settings import AsteriskSettings

OLDEST, NEWEST = (16, 28), 22
CLOCKS_MAY_DIFFER = 2.0  # seconds
NEEDED = ("DBPut", "DBDel", "DBGetTree", "Setvar", "Getvar", "ShowDialPlan", "CoreSettings")
READS_VERSION = '"^2[|]'
"""In a step of the context `READER`: the first section of the schedule value that the dialplan understands."""

READER = "ringplan-read"
NAMER = "ringplan-name"
"""The context that asks for names of callers; dialplans of before have none."""

OF_QUEUES = "QueueStatus", "QueuePause"
"""Who may use the second, where there is the first: that needs no right, but the module app_queue."""

PREDIAL_HOOK = "macro-dialout-one-predial-hook"
"""Where FreePBX leaves room before a Dial, for all extensions (from its published dialplan, unverified)."""

_CATCHES_ALL = re.compile(r"_[*#]?[.!]")  # such a pattern is what is left when nothing else answers
_ENTERS = re.compile(r"Gosub\(ringplan,|^ringplan,")
_NAMED = 5  # extensions that are named in a message, at most


async def inspect(
    settings: AsteriskSettings, extensions: Collection[Extension], sounds: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Look at everything that these `extensions` need.

    `sounds` are names below Asterisk's sounds folder, without their ending (`ringplan/sv/person`). Never raises for
    what it finds: an Asterisk that cannot be reached is a finding too.
    """
    try:
        async with connect(settings) as asterisk:
            findings = [Finding("connection", True, f"Asterisk at {settings.address} lets {settings.user} in")]
            rights, may_look = await _rights(asterisk, settings)
            findings += [rights, await _version(asterisk), await _clock(asterisk)]
            if may_look:
                findings.append(await _switch(asterisk))
                findings += await _dialplan(asterisk, sorted(extensions))
                findings.append(await _sounds(asterisk, sounds))
            return tuple(findings)
    except RingplanError as error:
        return (Finding("connection", False, str(error), error.remedy),)


async def _rights(asterisk: Client, settings: AsteriskSettings) -> tuple[Finding, bool]:
    """Return what is found, and whether there is right enough to look at the rest."""
    allowed, read = await asterisk.ask_all(
        [
            Action("ListCommands"),
            Action("Getvar", (("Variable", f"AST_CONFIG(manager.conf,{settings.user},read)"),)),
        ]
    )
    there, needed = OF_QUEUES
    wanted = [*NEEDED, needed] if there in allowed.fields else NEEDED
    missing = [name for name in wanted if name not in allowed.fields]
    told = {part.strip() for part in read.get("Value").split(",")}  # nothing where it stands somewhere else
    deaf = [] if told & {"", "all"} else [part for part in lines.READ.split(",") if part not in told]
    if not missing and not deaf:
        return Finding("rights", True, f"{settings.user} may do what is needed"), True
    said = [f"may not use {', '.join(missing)}"] if missing else []
    said += [f"is not told of {', '.join(deaf)}"] if deaf else []
    found = Finding(
        "rights",
        False,
        f"{settings.user} {' and '.join(said)}",
        f"in manager.conf, below [{settings.user}]: read = {lines.READ} and write = {lines.WRITE};"
        " then `manager reload`",
    )
    return found, set(missing) <= {needed}


async def _version(asterisk: Client) -> Finding:
    said = (await asterisk.ask(Action("CoreSettings"))).get("AsteriskVersion")
    found = re.search(r"(\d+)\.(\d+)", said)
    numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    if numbers >= OLDEST and numbers[0] <= NEWEST:
        return Finding("version", True, f"Asterisk {said}")
    return Finding("version", False, f"Asterisk {said or 'of unknown version'}", "Ringplan is for Asterisk 16.28 to 22")


async def _clock(asterisk: Client) -> Finding:
    async with aclosing(asterisk.events()) as events:
        ahead = await anext(event.ahead.total_seconds() async for event in events if isinstance(event, ClockSeen))
    said = f"the clocks of Asterisk and of this machine differ by {abs(ahead):.1f} s"
    if abs(ahead) <= CLOCKS_MAY_DIFFER:
        return Finding("clock", True, said)
    return Finding("clock", False, said, "let both machines follow a time server: Asterisk goes by its own clock")


async def _switch(asterisk: Client) -> Finding:
    value = (await asterisk.ask(Action("Getvar", (("Variable", lines.OFF),)))).get("Value")
    if value in ("", "0"):
        return Finding("switch", True, f"{lines.OFF} is not set")
    again = f"`dialplan set global {lines.OFF} 0`, and look into [globals] in extensions.conf"
    return Finding("switch", False, f"{lines.OFF} is set: every call passes, nobody is diverted", again)


async def _dialplan(asterisk: Client, extensions: Sequence[Extension]) -> list[Finding]:
    contexts = (lines.CONTEXT, READER, NAMER, lines.TARGET, PREDIAL_HOOK)
    dialled = _star_codes(extensions)
    shown = await asterisk.ask_all(
        [Action("ShowDialPlan", (("Context", context),)) for context in contexts]
        + [Action("ShowDialPlan", (("Extension", number),)) for number in (*dialled, *extensions)]
    )
    ours, reader, namer, target, hook, *answered = (answer.items for answer in shown)
    codes = dict(zip(dialled, answered, strict=False))
    steps = dict(zip(extensions, answered[len(dialled) :], strict=True))
    hooked = any(_enters(item) for item in hook)
    without_line = [] if hooked else [ext for ext in extensions if not _has_line(steps[ext])]
    without_hint = [ext for ext in extensions if not _has_hint(ext, steps[ext])]
    return [
        _ours(ours, reader, namer),
        _found(
            "line", "the line of Ringplan", without_line, f"before the Dial of each pattern: {lines.line().strip()}"
        ),
        _found("hint", "a hint with Ringplan's lamp (optional)", without_hint, lines.hint("_1XXX"), needed=False),
        Finding("targets", True, f"the context {lines.TARGET} is there")
        if target
        else Finding("targets", False, f"no context {lines.TARGET}: no target is dialled", lines.target_context()),
        _codes(codes),
    ]


def _star_codes(extensions: Sequence[Extension]) -> tuple[str, ...]:
    """Return numbers that are dialled by default: set, end, the diversion key, ring through."""
    return ("*23*1", "#23#", *(f"{code}{extension}" for code in ("*21", "*24") for extension in extensions[:1]))


def _codes(answered: Mapping[str, Sequence[Message]]) -> Finding:
    """Say whether star codes can be dialled. What else answers to them may be nobody's business, but may win, too."""
    others = {number: _others(steps) for number, steps in answered.items()}
    taken = [f"{number} in {', '.join(contexts)}" for number, contexts in others.items() if contexts]
    if taken:
        remedy = "take other star codes, or take these from the others (FreePBX's follow-me toggle also uses *21)"
        return Finding("codes", True, f"star codes mean something else, too: {'; '.join(taken)}", remedy)
    # a context is listed by itself, and once more for each that includes it
    begins = [step for step in next(iter(answered.values()), ()) if step.get("Priority") == "1"]
    if sum(step.get("Context") == lines.CODES for step in begins) < 2:
        return Finding(
            "codes",
            True,
            "no phone can dial star codes (optional): no context includes them",
            f"in the context that phones dial in: {lines.include(lines.CODES)}",
        )
    return Finding("codes", True, "star codes can be dialled")


def _others(steps: Sequence[Message]) -> list[str]:
    """Return the contexts that answer by themselves: not ours, and not a pattern that leads to one of ours."""
    answers: dict[tuple[str, str], bool] = {}
    for step in steps:
        context, pattern = step.get("Context"), step.get("Extension")
        if not (step.get("Priority") == "hint" or context.startswith(lines.CONTEXT) or _CATCHES_ALL.fullmatch(pattern)):
            leads = step.get("AppData").startswith(f"{lines.CONTEXT}-")
            answers[context, pattern] = answers.get((context, pattern), True) and not leads
    return sorted({context for (context, _), by_itself in answers.items() if by_itself})


def _ours(steps: Sequence[Message], reader: Sequence[Message], namer: Sequence[Message]) -> Finding:
    reload = "then `dialplan reload`"
    if not steps:
        add = f"put the files of share/ringplan/dialplan/asterisk beside extensions.conf and into that: {lines.INCLUDE}"
        return Finding(
            "dialplan", False, f"the context {lines.CONTEXT} is not loaded: nobody is diverted", f"{add}; {reload}"
        )
    if namer and any(READS_VERSION in step.get("AppData") for step in reader):
        return Finding("dialplan", True, f"the context {lines.CONTEXT} is loaded")
    again = "put the ringplan.conf and ringplan-hand.conf of this version beside extensions.conf"
    return Finding("dialplan", False, f"the context {lines.CONTEXT} is of another version", f"{again}; {reload}")


def _found(part: str, what: str, without: Sequence[Extension], remedy: str, needed: bool = True) -> Finding:
    if not without:
        return Finding(part, True, f"every extension has {what}")
    more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    return Finding(part, not needed, f"without {what}: {', '.join(without[:_NAMED])}{more}", remedy)


def _has_line(steps: Sequence[Message]) -> bool:
    """Whether, in some context that dials, Ringplan is entered before the phone is dialled.

    A context that others include is listed again for each of them, every time from its priority 1 on.
    """
    entered: set[str] = set()
    for step in steps:
        context = step.get("Context")
        if step.get("Priority") == "1":
            entered.discard(context)
        if _enters(step):
            entered.add(context)
        elif step.get("Application") == "Dial" and context in entered:
            return True
    return False


def _enters(step: Message) -> bool:
    if step.get("Context").startswith(lines.CONTEXT) or step.get("Application") not in ("ExecIf", "Gosub", "GosubIf"):
        return False
    return _ENTERS.search(step.get("AppData")) is not None


def _has_hint(extension: Extension, steps: Sequence[Message]) -> bool:
    lamp = f"Custom:ringplan-{extension}"
    hints = (step.get("Application") for step in steps if step.get("Priority") == "hint")
    return any(lamp in re.split("[&,]", hint.replace("${EXTEN}", extension)) for hint in hints)


async def _sounds(asterisk: Client, sounds: Collection[str]) -> Finding:
    data = (await asterisk.ask(Action("Getvar", (("Variable", "ASTDATADIR"),)))).get("Value")
    folder = Path(data) / "sounds"
    if not data or not await asyncio.to_thread(folder.is_dir):
        return Finding("sounds", True, "Asterisk's sounds are not on this machine: not looked at")
    missing = await asyncio.to_thread(_missing, folder, sounds)
    if not missing:
        return Finding("sounds", True, f"all {len(sounds)} sounds are there")
    said = f"{len(missing)} of {len(sounds)} sounds are missing, the first is {missing[0]}"
    return Finding("sounds", False, said, f"`ringplan prompts build`, and its files to {folder}")


def _missing(folder: Path, sounds: Collection[str]) -> list[str]:
    return [sound for sound in sorted(sounds) if not (folder / f"{sound}.wav").is_file()]
