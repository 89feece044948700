"""`ringplan rooms`: the numbers behind which conferences are held. PINs are shown only where that is asked for."""

from collections.abc import Mapping
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.asked import hidden
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import given
from gateway.deciding import rooms as deciding
from gateway.deciding.by import COMMAND
from gateway.deciding.rooms import Change, Removed
from gateway.domain.conference import RoomOf
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import rooms, users

app = typer.Typer(help="The numbers behind which conferences are held.", no_args_is_help=True)

Numbers = Annotated[str, typer.Argument(metavar="ROOM", help="Number on the PBX, or several: 8090-8099.")]
Owner = Annotated[str | None, typer.Option(help="Extension of the user who chose it for their conferences.")]
Pin = Annotated[
    str | None,
    typer.Option(help='4 to 12 digits, asked of whoever is not invited; - asks for it or reads a line; "" none.'),
]
Pbx = Annotated[str | None, typer.Option(help="Name of the PBX in the settings; the owner's if not given.")]


@app.command("add")
def add(
    context: typer.Context,
    number: Numbers,
    owner: Owner = None,
    pool: Annotated[bool, typer.Option("--pool", help="For whoever's own room is taken.")] = False,
    pin: Pin = None,
    record: Annotated[bool, typer.Option("--record", help="What is said is recorded, and everybody is told.")] = False,
    pbx: Pbx = None,
) -> None:
    """Let conferences be held behind a number, or behind several for the pool."""
    if pool == (owner is not None):
        raise Misconfigured("whose room is it?", "give --owner and the extension, or --pool")
    asked = _pin(pin) or ""

    async def work(settings: Settings) -> User | None:
        async with writing(settings) as rows:
            user, now = None if owner is None else await user_at(rows, owner), WallClock().now()
            await deciding.add(
                rows, now, COMMAND, settings.installation, numbers, user, asked, recorded=record, pbx=pbx
            )
            return user

    numbers = deciding.numbers("ROOM", number, owner)
    user = perform(work(settings_of(context)))
    whose = f"the room of {user.extension}" if user else "of the pool"
    shown.line(f"{numbers[0]} is added: {whose}" if len(numbers) == 1 else f"{len(numbers)} rooms are added: {whose}")


@app.command("set")
def change(
    context: typer.Context,
    number: Numbers,
    owner: Owner = None,
    pool: Annotated[bool, typer.Option("--pool", help="Nobody's own any more.")] = False,
    pin: Pin = None,
    record: Annotated[
        bool | None, typer.Option("--record/--no-record", help="What is said is recorded, and everybody is told.")
    ] = None,
    pbx: Pbx = None,
) -> None:
    """Change what is given of a room; conferences that have not opened follow."""
    if pool and owner is not None:
        raise Misconfigured("whose room is it?", "give --owner and the extension, or --pool, not both")
    asked = _pin(pin)

    async def work(settings: Settings) -> bool:
        async with writing(settings) as rows:
            user = None if owner is None else await user_at(rows, owner)
            wanted = Change(user, pool, asked, record, pbx)
            return await deciding.change(rows, WallClock().now(), COMMAND, settings.installation, numbers, wanted)

    numbers = deciding.numbers("ROOM", number, owner)
    is_changed = perform(work(settings_of(context)))
    which = f"{number} is" if len(numbers) == 1 else f"the rooms {number} are"
    shown.line(f"{which} changed" if is_changed else f"{which} as before")


@app.command("remove")
def remove(context: typer.Context, number: Numbers) -> None:
    """Hold no conferences behind a number any more; those get another room that nobody is in."""

    async def work(settings: Settings) -> Removed:
        async with writing(settings) as rows:
            return await deciding.remove(rows, WallClock().now(), COMMAND, numbers)

    numbers = deciding.numbers("ROOM", number)
    removed = perform(work(settings_of(context)))
    shown.line(f"{number} is removed" if len(numbers) == 1 else f"the rooms {number} are removed")
    if removed.planned:
        shown.line(shown.bad(f"! conferences that are planned anew: {removed.planned}"))
    if removed.occupied:
        shown.line(shown.bad(f"! conferences that stay there, since somebody is in: {removed.occupied}"))


@app.command("list")
def show(
    context: typer.Context,
    show_pin: Annotated[bool, typer.Option("--show-pin", help="Show the PINs, too.")] = False,
    as_json: shown.AsJson = False,
) -> None:
    """Show all rooms, without their PINs."""

    async def work() -> tuple[tuple[RoomOf, ...], Mapping[int, User]]:
        async with reading(settings_of(context)) as rows:
            return await rooms.every(rows), {user.id: user for user in await users.every(rows)}

    every, owners = perform(work())
    if as_json:
        shown.as_json([_as_json(room, owners, show_pin=show_pin) for room in every])
        return
    shown.table(
        ("ROOM", "OF", "PBX", "PIN", "RECORDED"),
        (
            (
                room.number,
                _whose(room, owners),
                room.pbx,
                room.pin if show_pin else "yes" if room.pin else "",
                "yes" if room.recorded else "",
            )
            for room in every
        ),
        empty="There is no room: ringplan rooms add",
    )


def _as_json(room: RoomOf, owners: Mapping[int, User], *, show_pin: bool) -> dict[str, object]:
    owner = _owner(room, owners)
    made: dict[str, object] = {
        "room": room.number,
        "owner": owner.extension if owner else None,
        "pool": room.owner is None,
        "pbx": room.pbx,
        "has_pin": bool(room.pin),
        "recorded": room.recorded,
    }
    return made | {"pin": room.pin or None} if show_pin else made


def _owner(room: RoomOf, owners: Mapping[int, User]) -> User | None:
    return None if room.owner is None else owners.get(room.owner)


def _whose(room: RoomOf, owners: Mapping[int, User]) -> str:
    owner = _owner(room, owners)
    return f"{owner.extension} {owner.name}".strip() if owner else "the pool"


def _pin(written: str | None) -> str | None:
    """Return the PIN, "" for none, None where nothing is said."""
    if written != "-":
        return None if written is None else given.pin("--pin", written)
    typed = hidden("PIN")
    if not typed:
        raise Misconfigured("no PIN was given", 'type it when asked, or send it as a line; --pin "" is for none')
    return given.pin("--pin", typed)
