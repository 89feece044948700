"""`ringplan conferences`: what is planned and what goes on, never what it is about. `show` alone names people."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer

from gateway.cli import roll, shown
from gateway.cli.opened import perform, reading, settings_of
from gateway.deciding import given
from gateway.deciding.planned import State, Told, gather, in_short, span
from gateway.deciding.roll import Line, concerned
from gateway.deciding.roll import roll as of_everybody
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.domain.user import Organisation
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import organisation
from gateway.store.rows import Rows
from gateway.store.store import Store

app = typer.Typer(help="What is planned, and what goes on.", invoke_without_command=True)

LEAST_OF_KEY = 4
TICKS = ("conferences", "calls", "attendances", "health")
"""Nouns on whose change `--watch` shows anew. A gateway that runs confirms its health every ten seconds: so it is also
shown when nothing but the time has gone on.
"""
CLEAR = "\x1b[2J\x1b[H"  # ECMA-48: erase the screen, go to its beginning
GOES_ON = (State.RUNNING, State.OPEN, State.PLANNED, State.OVER, State.CANCELLED)
"""Which of several conferences of a room is meant, the first that there is."""

Watch = Annotated[bool, typer.Option("--watch", help="Show it anew on every change, until Ctrl-C.")]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """All conferences, and what is needed to show them."""

    told: tuple[Told, ...]
    ours: Organisation
    running: bool


@app.callback()
def every(context: typer.Context, as_json: shown.AsJson = False, watch: Watch = False) -> None:
    """Show what is planned and what goes on, by time."""
    if context.invoked_subcommand is None:
        _perform(settings_of(context), _find, _list_as_json if as_json else _list, watch=watch)


@app.command("list")
def list_(context: typer.Context, as_json: shown.AsJson = False, watch: Watch = False) -> None:
    """Show what is planned and what goes on, by time."""
    _perform(settings_of(context), _find, _list_as_json if as_json else _list, watch=watch)


@app.command("show")
def show(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="ROOM|KEY", help="Number of its room, or its key or its beginning.")],
    as_json: shown.AsJson = False,
    watch: Watch = False,
) -> None:
    """Show who is asked, called, in and left out; of a room the conference that goes on, else the next one."""

    async def find(rows: Rows) -> tuple[Told, tuple[Line, ...], Organisation]:
        found = _named(which, (await _find(rows)).told)
        return found, of_everybody(found, await concerned(rows, found)), await organisation.get(rows)

    def tell(found: tuple[Told, tuple[Line, ...], Organisation]) -> None:
        told, lines, ours = found
        if as_json:
            shown.as_json(in_short(told) | roll.as_json_of(told, lines))
            return
        _head(told, ours)
        shown.line("")
        roll.show(told, lines, ours.zone)

    _perform(settings_of(context), find, tell, watch=watch)


def _perform(
    settings: Settings, find: Callable[[Rows], Awaitable[T]], tell: Callable[[T], None], *, watch: bool
) -> None:
    async def once() -> T:
        async with reading(settings) as rows:
            return await find(rows)

    async def again() -> None:
        async with Store.open(settings.store) as store, aclosing(store.watch(*TICKS)) as changes:
            async for _ in changes:
                async with store.read() as rows:
                    found = await find(rows)
                if sys.stdout.isatty():
                    typer.echo(CLEAR, nl=False)
                tell(found)

    if watch:
        perform(again())
    else:
        tell(perform(once()))


async def _find(rows: Rows) -> Found:
    return Found(await gather(rows, WallClock().now()), await organisation.get(rows), await is_running(rows))


def _list_as_json(found: Found) -> None:
    shown.as_json([in_short(told) for told in found.told])


def _list(found: Found) -> None:
    shown.table(
        ("WHEN", "ROOM", "ORGANISER", "AUTOCALL", "STATE", "ASKED", "CALLED", "IN", "LEFT OUT", "KEY", "NOTE"),
        (
            (
                span(told.conference.start, told.conference.end, found.ours.zone),
                told.conference.room or shown.bad("none free"),
                told.extension,
                "yes" if told.conference.autocall else "",
                shown.good(told.state.value) if told.state is State.RUNNING else told.state.value,
                str(len(told.conference.participants)),
                str(told.called or ""),
                str(told.inside or ""),
                str(len(told.conference.left_out) or ""),
                told.conference.name,
                _note(told),
            )
            for told in found.told
        ),
        empty="No conference is planned",
    )
    if not found.running:
        shown.line(shown.bad(f"! {RUNS_NOT}: this is as it was when one last ran"))


def _note(told: Told) -> str:
    if told.conference.room is None:
        return "nobody can come"
    notes = ["the organiser's room was taken"] if told.conference.collided else []
    notes += [f"calls lost when the PBX was started anew: {told.lost}"] if told.lost else []
    return "; ".join(notes)


def _named(which: str, every: Sequence[Told]) -> Told:
    """Return the conference that is meant. Raises `Misconfigured` where none is, or several are."""
    in_room = sorted(
        (told for told in every if told.conference.room == which), key=lambda told: GOES_ON.index(told.state)
    )
    if in_room:
        return in_room[0]
    by_key = [told for told in every if len(which) >= LEAST_OF_KEY and told.conference.key.startswith(which.lower())]
    if len(by_key) == 1:
        return by_key[0]
    said = "means several conferences" if by_key else "is no room with a conference, and no conference's key"
    raise Misconfigured(f"{given.shortened(which)!r} {said}", "ringplan conferences names all")


def _head(told: Told, ours: Organisation) -> None:
    conference, zone = told.conference, ours.zone
    lines = [
        ("conference", conference.key),
        ("when", f"{span(conference.start, conference.end, zone)} {zone.key}"),
        ("room", f"{conference.room} on {conference.pbx}" if conference.room else "none was free"),
        ("organiser", f"{told.extension} {told.organiser.name}".strip() if told.organiser else "no user any more"),
        ("autocall", "yes" if conference.autocall else "no"),
        ("state", told.state.value),
        ("opens", shown.instant(conference.opens, zone)),
        ("closes", shown.instant(conference.closes, zone)),
    ]
    lines += [("note", _note(told))] if _note(told) else []
    shown.table(("", ""), lines)
