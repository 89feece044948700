"""`ringplan explain`: which item, rule or setting decides about an extension. Texts of calendars are not shown."""

from dataclasses import asdict, replace
from datetime import datetime
from enum import Enum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway.cli import given, shown
from gateway.cli.opened import perform, reading, settings_of, user_at
from gateway.cli.treatments import words
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.engine.decided import rules_of
from gateway.errors import RingplanError
from gateway.pbx.asterisk.before import obeyed_first
from gateway.planning.explain import Back, Explanation, TargetFrom, Why, explain
from gateway.planning.rules import Rules, discreet
from gateway.planning.timeline import Segment
from gateway.settings import Settings
from gateway.store import diversions, mailboxes, switches

WHY = {
    Why.NOTHING_RUNS: "no item with a code runs at that time",
    Why.INFORMATION_ONLY: "what runs is information only (;)",
    Why.CODE_IS_GONE: "the code of what runs has been removed",
    Why.RUNS_ALONE: "it is the only one that runs",
    Why.STARTED_LAST: "of those that run it started last",
    Why.ENDS_FIRST: "of those that started together it ends first",
    Why.LOWER_KEY: "it runs as long as another one, and has the lower key",
}
BACK = {
    Back.ITS_END: "its own end",
    Back.END_OF_RUN: "the end of the unbroken run of diversions",
    Back.NEXT_WORKING_TIME: "the next working time after the run",
}
TARGET = {
    TargetFrom.ASKED_FOR: "asked for in the item by >number",
    TargetFrom.CODE: "the code's own",
    TargetFrom.NOBODY: "none is set",
}


def explain_(
    context: typer.Context,
    extension: Annotated[str, typer.Argument(help="Number on the PBX.")],
    at: Annotated[str | None, typer.Option(help="14:30, or 2026-11-23 14:30; now if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell which item, rule or setting decides about a call to EXTENSION."""
    settings = settings_of(context)
    user, told, beyond = perform(_gather(settings, extension, at))
    if as_json:
        shown.as_json({"extension": user.extension, "rings_anyway": beyond, **_as_json(told)})
    else:
        _show(user, told, beyond)


async def _gather(settings: Settings, extension: str, at: str | None) -> tuple[User, Explanation, list[str]]:
    now = WallClock().now()
    async with reading(settings) as rows:
        user = await user_at(rows, extension)
        when = now if at is None else given.time_of(at, now, user.zone)
        rules = await rules_of(rows)
        told = _discreet(explain(await diversions.of(rows, user.id), user, rules, when), rules)
        seen = await mailboxes.progress(rows)
        boxes = await mailboxes.of(rows, user.id)
        pilot = settings.run.pilot
        beyond = {
            f"{user.extension} is disabled": not user.enabled,
            "Ringplan is off": await switches.off_since(rows) is not None,
            "only the pilot group takes part": bool(pilot) and not any(place in pilot for place in user.places),
            "it is a dry run: nothing is written into the PBX": settings.run.dry_run,
        }
        notes = [said for said, is_so in beyond.items() if is_so]
        if not boxes:
            notes.append("no calendar is read for it")
        for box in boxes:
            failing = seen[box.id].failing_since
            if failing is not None:
                notes.append(
                    f"its calendar cannot be read since {shown.instant(failing, user.zone)}: {seen[box.id].said}"
                )
    return user, told, notes if at else [*notes, *await _on_the_pbx(settings, user)]


async def _on_the_pbx(settings: Settings, user: User) -> tuple[str, ...]:
    """Return what the user's PBX obeys now before anything that is planned."""
    if user.pbx not in settings.pbx:
        return (f"its PBX {user.pbx} is not in the settings",)
    try:
        return await obeyed_first(settings.pbx[user.pbx], user.extension)
    except RingplanError as error:
        return (f"whether its PBX obeys something else first is not known: {error}",)


def _discreet(told: Explanation, rules: Rules) -> Explanation:
    """Leave out which sensitive code it is: of who is sick this command's reader need not know."""

    def one(diversion: Diversion) -> Diversion:
        code = rules.by_key.get(diversion.code)
        return replace(diversion, code=discreet(code).key) if code else diversion

    def segment(known: Segment | None) -> Segment | None:
        return known and replace(known, diversion=one(known.diversion))

    return replace(
        told,
        segment=segment(told.segment),
        next=segment(told.next),
        code=told.code and discreet(told.code),
        beneath=tuple(map(one, told.beneath)),
        information=tuple(map(one, told.information)),
    )


def _show(user: User, told: Explanation, beyond: list[str]) -> None:
    zone = user.zone
    for note in beyond:
        shown.line(shown.bad(f"! {note}"))
    lines = [
        ("extension", f"{user.extension} {user.name}".strip()),
        ("at", f"{shown.instant(told.at, zone)} {zone.key}"),
    ]
    segment, code, window = told.segment, told.code, told.window
    if segment is None or code is None or window is None:
        lines += [("does", "rings"), ("because", WHY[told.why])]
    else:
        lines += [
            ("does", "is diverted"),
            ("by", _item(segment.diversion, zone)),
            ("because", WHY[told.why]),
            ("from", shown.instant(segment.start, zone)),
            ("until", shown.instant(segment.end, zone)),
            ("back", f"{shown.instant(segment.back, zone)}{f' ({BACK[told.back]})' if told.back else ''}"),
            ("colleagues meet", words(window.internal)),
            ("others meet", words(window.external)),
            ("target", f"{window.target or ''} ({TARGET[told.target_from or TargetFrom.NOBODY]})".strip()),
            ("reason told", window.reason),
        ]
    lines += [("beneath it", _item(one, zone)) for one in told.beneath]
    lines += [("information", _item(one, zone)) for one in told.information]
    lines += [("code is gone", _item(one, zone)) for one in told.gone]
    if told.next is not None:
        lines.append(("next", _item(told.next.diversion, zone)))
    shown.table(("", ""), lines)


def _item(diversion: Diversion, zone: ZoneInfo) -> str:
    spans = f"{shown.instant(diversion.start, zone)} to {shown.instant(diversion.end, zone)}"
    return f"{diversion.code}{':' if diversion.diverts else ';'} {spans} ({diversion.key[:12]})"


def _as_json(told: Explanation) -> dict[str, object]:
    made = _written(asdict(told))
    if not isinstance(made, dict):
        raise TypeError("an explanation is a mapping")
    return made


def _written(value: object) -> object:
    match value:
        case dict():
            return {key: _written(one) for key, one in value.items() if key != "text"}
        case list() | tuple():
            return [_written(one) for one in value]
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
    return value
