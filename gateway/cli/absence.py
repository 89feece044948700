"""`ringplan absence`: away by hand, as with the star codes of the telephone. It beats the calendar until it ends."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import absence
from gateway.deciding.absence import Fields, Wanted
from gateway.deciding.anyway import rings_anyway
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.deciding.treatments import words
from gateway.domain.code import Code
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.engine.decided import rules_of
from gateway.planning.callers import language_of, window_of
from gateway.planning.rules import Rules, discreet
from gateway.planning.schedule import Window
from gateway.planning.timeline import of_user, segment_at
from gateway.settings import Settings
from gateway.store import absences, users

app = typer.Typer(help="Who is away by hand, whatever their calendar says.", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(help="Any number of the user's.")]
OPTIONS = Fields("CODE", "--until", "--to")
BEHIND = "what was dialled meanwhile is not known before its next start"


@app.command("set")
def change(
    context: typer.Context,
    extension: Extension,
    code: Annotated[str, typer.Argument(help="What people write (M), the code's key (meeting), or its digit.")],
    until: Annotated[
        str | None,
        typer.Option(help="15:00, the day of return 2026-11-24, or both. Not needed where the code takes nothing."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="Number that callers are led to this time.")] = None,
) -> None:
    """Let somebody be away from now on; an absence by hand that was set before ends."""
    settings = settings_of(context)
    user, lines, notes = perform(_set(settings, extension, Wanted(code, until, to)))
    shown.line(f"{user.extension} is away by hand")
    shown.table(("", ""), lines)
    for note in notes:
        shown.line(shown.bad(f"! {note}"))


@app.command("end")
def end(context: typer.Context, extension: Extension) -> None:
    """End what is in force now, by hand and of the calendar; what begins later is in force then."""
    settings = settings_of(context)
    user, ended, running = perform(_end(settings, extension))
    for one, code in ended:
        until = shown.instant(one.end, user.zone)
        what = (
            f"{code.key} by hand, until {until}, is ended" if one.by_hand else f"{code.key} is dismissed until {until}"
        )
        shown.line(f"{user.extension}: {what}")
    if not ended:
        shown.line(f"{user.extension}: nothing is in force")
    if not running:
        shown.line(shown.bad(f"! {RUNS_NOT}: {'its PBX is told at its next start' if ended else BEHIND}"))


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
    """Show who is away by hand; of sensitive codes nothing that tells which."""
    found, running = perform(_list(settings_of(context)))
    if as_json:
        shown.as_json(
            [
                {
                    "extension": user.extension,
                    "name": user.name,
                    "code": code.key,
                    "since": one.start.isoformat(),
                    "until": one.end.isoformat(),
                    "target": one.target,
                }
                for user, one, code in found
            ]
        )
        return
    shown.table(
        ("EXTENSION", "NAME", "CODE", "SINCE", "UNTIL", "TARGET"),
        (
            (
                user.extension,
                user.name,
                code.key,
                shown.instant(one.start, user.zone),
                shown.instant(one.end, user.zone),
                one.target or "",
            )
            for user, one, code in found
        ),
        empty="Nobody is away by hand",
    )
    if not running:
        shown.line(shown.bad(f"! {RUNS_NOT}: {BEHIND}"))


async def _set(settings: Settings, extension: str, wanted: Wanted) -> tuple[User, list[tuple[str, str]], list[str]]:
    now = WallClock().now().replace(microsecond=0)
    async with writing(settings) as rows:
        user = await user_at(rows, extension)
        rules = await rules_of(rows)
        made = await absence.put(rows, rules, user, wanted, now, OPTIONS)
        notes = await rings_anyway(rows, settings.installation, user)
        if not await is_running(rows):
            notes.append(f"{RUNS_NOT}: it counts from its next start on")
        segment = segment_at(of_user(await absence.asked(rows, user), user, rules), now)
    window = window_of(segment, user, rules) if segment else None
    return user, _told(user, discreet(rules.by_key[made.code]), made, window, rules), notes


def _told(user: User, code: Code, made: Diversion, window: Window | None, rules: Rules) -> list[tuple[str, str]]:
    lines = [("by", code.key), ("until", f"{shown.instant(made.end, user.zone)} {user.zone.key}")]
    if window is None:
        return lines
    hear = [who for who, met in (("colleagues", window.internal), ("others", window.external)) if met.announce]
    text = code.texts.get(language_of(user, rules), code.reason)
    lines.append(
        (
            "callers hear" if len(hear) != 1 else f"{hear[0]} hear",
            f"{text}, back {shown.instant(window.back, user.zone)}" if hear else "no announcement",
        )
    )
    lines += [("colleagues meet", words(window.internal)), ("others meet", words(window.external))]
    return [*lines, ("target", window.target)] if window.target else lines


async def _end(settings: Settings, extension: str) -> tuple[User, list[tuple[Diversion, Code]], bool]:
    now = WallClock().now()
    async with writing(settings) as rows:
        user = await user_at(rows, extension)
        by_key = (await rules_of(rows)).by_key
        ended = await absence.end(rows, user, now)
        named = [(one, discreet(by_key[one.code])) for one in ended if one.code in by_key]
        return user, named, await is_running(rows)


async def _list(settings: Settings) -> tuple[list[tuple[User, Diversion, Code]], bool]:
    now = WallClock().now()
    async with reading(settings) as rows:
        by_hand = await absences.every(rows)
        by_key = (await rules_of(rows)).by_key
        found = [
            (user, one, discreet(by_key[one.code]))
            for user in await users.every(rows)
            for one in (by_hand.get(user.id),)
            if one is not None and one.start <= now < one.end and one.code in by_key
        ]
        return found, await is_running(rows)
