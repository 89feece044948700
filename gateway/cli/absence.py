"""`ringplan absence`: away by hand, as with the star codes of the telephone. It beats the calendar until it ends."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import given
from gateway.deciding.anyway import rings_anyway
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.deciding.treatments import words
from gateway.domain.code import Code, Takes
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.engine.decided import rules_of
from gateway.errors import Misconfigured
from gateway.planning import working
from gateway.planning.callers import language_of, window_of
from gateway.planning.rules import Rules, discreet, folded
from gateway.planning.schedule import Window
from gateway.planning.targets import is_permitted
from gateway.planning.timeline import of_user, segment_at
from gateway.settings import Settings
from gateway.store import absences, diversions, users

app = typer.Typer(help="Who is away by hand, whatever their calendar says.", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(help="Any number of the user's.")]
A_DAY = timedelta(days=1)
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
    user, lines, notes = perform(_set(settings, extension, code, until, to))
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
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
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


async def _set(
    settings: Settings, extension: str, written: str, until: str | None, to: str | None
) -> tuple[User, list[tuple[str, str]], list[str]]:
    now = WallClock().now().replace(microsecond=0)
    async with writing(settings) as rows:
        user = await user_at(rows, extension)
        rules = await rules_of(rows)
        code = _code(written, rules)
        absence = Diversion(
            user=user.id,
            key=BY_HAND,
            code=code.key,
            start=now,
            end=_ends(until, code, user, rules, now),
            target=None if to is None else _permitted(to, user, rules),
            by_hand=True,
        )
        await absences.put(rows, absence)
        notes = await rings_anyway(rows, settings.installation, user)
        if not await is_running(rows):
            notes.append(f"{RUNS_NOT}: it counts from its next start on")
        segment = segment_at(of_user([*await diversions.of(rows, user.id), absence], user, rules), now)
    window = window_of(segment, user, rules) if segment else None
    return user, _told(user, discreet(code), absence, window, rules), notes


def _code(written: str, rules: Rules) -> Code:
    """Find a code by what people write, its key or its digit, in this order."""
    found = rules.by_name.get(folded(written)) or rules.by_key.get(written.lower()) or rules.by_digit.get(written)
    if found is None:
        raise Misconfigured(f"{given.shortened(written)!r} is no code", "ringplan codes list names all")
    return found


def _ends(until: str | None, code: Code, user: User, rules: Rules, now: datetime) -> datetime:
    """Return `until`; where the code takes nothing, when work next begins: without any work, at midnight."""
    if until is not None:
        return given.until("--until", until, now, user.zone)
    if code.takes is not Takes.NOTHING:
        example = "--until 15:00" if code.takes is Takes.TIME else "--until 2026-11-24, the day of return"
        raise Misconfigured(f"until when? This code takes a {code.takes.value}", f"give {example}")
    back = working.gone_until(now, now, user.hours or rules.organisation.hours, user.zone)
    return back if back > now else working.midnight(now.astimezone(user.zone).date() + A_DAY, user.zone)


def _permitted(to: str, user: User, rules: Rules) -> str:
    permitted = rules.organisation.permitted
    if given.number("--to", to) in user.places:
        raise Misconfigured(f"--to: {to} is {user.extension}'s own number", "give another one")
    if not is_permitted(to, permitted, rules.extensions):
        where = " ".join(permitted) or "extensions of users"
        raise Misconfigured(
            f"--to: {to} is not permitted; permitted are: {where}", "ringplan organisation set --permit permits more"
        )
    return to


def _told(user: User, code: Code, absence: Diversion, window: Window | None, rules: Rules) -> list[tuple[str, str]]:
    lines = [("by", code.key), ("until", f"{shown.instant(absence.end, user.zone)} {user.zone.key}")]
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
        before = [await absences.of(rows, user.id), *await diversions.of(rows, user.id)]
        running = [one for one in before if one and one.diverts and not one.dismissed and one.start <= now < one.end]
        await absences.end(rows, user.id, now)
        named = [(one, discreet(by_key[one.code])) for one in running if one.code in by_key]
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
