"""`ringplan explain`: which item, rule or setting decides about an extension. Texts of calendars are not shown."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, user_at
from gateway.deciding import given
from gateway.deciding.absence import asked
from gateway.deciding.anyway import rings_anyway
from gateway.deciding.planned import Told, gather, in_short, invited, span
from gateway.deciding.treatments import words
from gateway.domain.diversion import Diversion
from gateway.domain.user import Extension, User
from gateway.engine.clock import WallClock
from gateway.engine.decided import rules_of
from gateway.errors import RingplanError
from gateway.pbx.asterisk.before import obeyed_first
from gateway.planning.explain import Back, Explanation, TargetFrom, Why, explain
from gateway.planning.rules import Rules, discreet
from gateway.planning.timeline import Segment
from gateway.settings import Settings
from gateway.store import mailboxes

WHY = {
    Why.NOTHING_RUNS: "no item with a code runs at that time",
    Why.INFORMATION_ONLY: "what runs is information only (;)",
    Why.CODE_IS_GONE: "the code of what runs has been removed",
    Why.DISMISSED: "what runs is dismissed by its owner",
    Why.BY_HAND: "set by hand, which beats the calendar",
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
    as_json: shown.AsJson = False,
) -> None:
    """Tell which item, rule or setting decides about a call to EXTENSION."""
    settings = settings_of(context)
    about = perform(_gather(settings, extension, at))
    if as_json:
        facts = {"extension": about.user.extension, "rings_anyway": about.beyond, "rings_through_for": about.through}
        asked_to = {"conferences": [in_short(one) for one in about.asked_to]}
        shown.as_json(facts | asked_to | _as_json(about.told))
    else:
        _show(about)


@dataclass(frozen=True, slots=True)
class About:
    """What decides about `user`, whose calls ring all the same (`through`), and what lets every call ring (`beyond`).

    `asked_to`: the conferences that are open to them, that to which `*26` leads last.
    """

    user: User
    told: Explanation
    through: list[Extension]
    beyond: list[str]
    asked_to: tuple[Told, ...]


async def _gather(settings: Settings, extension: str, at: str | None) -> About:
    now = WallClock().now()
    async with reading(settings) as rows:
        user = await user_at(rows, extension)
        when = now if at is None else given.time_of("--at", at, now, user.zone)
        rules = await rules_of(rows)
        told = _discreet(explain(await asked(rows, user), user, rules, when), rules)
        own_target = told.window.target if told.window else None
        through = list(dict.fromkeys(filter(None, (own_target, *user.through, *rules.organisation.through))))
        seen = await mailboxes.progress(rows)
        boxes = await mailboxes.of(rows, user.id)
        notes = await rings_anyway(rows, settings.installation, user)
        if not boxes:
            notes.append("no calendar is read for it")
        if boxes and not any(box.calendar for box in boxes):
            notes.append(f"its calendar is not read: ringplan users set {user.extension} --calendar")
        for box in boxes:
            failing = seen[box.id].failing_since
            if failing is not None:
                notes.append(
                    f"its calendar cannot be read since {shown.instant(failing, user.zone)}: {seen[box.id].said}"
                )
        asked_to = invited(await gather(rows, now), user, when)
    return About(user, told, through, notes if at else [*notes, *await _on_the_pbx(settings, user)], asked_to)


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
        dismissed=tuple(map(one, told.dismissed)),
    )


def _show(about: About) -> None:
    user, told, through, zone = about.user, about.told, about.through, about.user.zone
    for note in about.beyond:
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
            ("target", f"{window.target or ''} ({_target_from(told, segment)})".strip()),
            ("reason told", window.reason),
        ]
        lines += [("rings through for", " ".join(through))] if through else []
    lines += [("beneath it", _item(one, zone)) for one in told.beneath]
    lines += [("information", _item(one, zone)) for one in told.information]
    lines += [("code is gone", _item(one, zone)) for one in told.gone]
    lines += [
        ("dismissed by its owner", f"until {shown.instant(one.end, zone)}: {_item(one, zone)}")
        for one in told.dismissed
    ]
    if told.next is not None:
        lines.append(("next", _item(told.next.diversion, zone)))
    lines += [("conference", _conference(one, user, zone, one is about.asked_to[-1])) for one in about.asked_to]
    shown.table(("", ""), lines)


def _target_from(told: Explanation, segment: Segment) -> str:
    asked_for = told.target_from is TargetFrom.ASKED_FOR
    return (
        "asked for by hand"
        if asked_for and segment.diversion.by_hand
        else TARGET[told.target_from or TargetFrom.NOBODY]
    )


def _conference(one: Told, user: User, zone: ZoneInfo, is_last: bool) -> str:
    held = one.conference
    leads = ", as its moderator" if held.organiser == user.id else ""
    dials = "*26 leads" if is_last else f"{held.room} leads"
    return f"{held.room}, {span(held.start, held.end, zone)}, {one.state.value}{leads}: {dials} there ({held.name})"


def _item(diversion: Diversion, zone: ZoneInfo) -> str:
    spans = f"{shown.instant(diversion.start, zone)} to {shown.instant(diversion.end, zone)}"
    if diversion.by_hand:
        return f"{diversion.code} by hand {spans}"
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
