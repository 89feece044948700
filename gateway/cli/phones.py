"""`ringplan phones`: telephones that search the directory, each with a password of its own, and their settings."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.macs import Telephone, telephones, write_every
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import given
from gateway.deciding import phones as deciding
from gateway.deciding.by import By
from gateway.deciding.installation import Reach
from gateway.deciding.numbering import shown_as as form_named
from gateway.deciding.telephones import assigned, reach, settings_for, written
from gateway.deciding.vendors import phones_folder, vendor_named, vendors
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.planning.handsets import Profile, file_name, mac_of
from gateway.settings import Settings
from gateway.store import devices, users
from gateway.store.rows import Rows
from gateway.store.store import Store

app = typer.Typer(help="Telephones that search the directory, and their settings.", no_args_is_help=True)

STEP = 500  # telephones at a time: meanwhile the gateway cannot write
PAUSE = 0.2  # seconds between them: who waits for SQLite's lock looks every 0.1 s whether it is free
SOME = Secret("x" * 24)  # as long as passwords are

Owner = Annotated[str, typer.Option("--user", help="Number of the telephone's user.")]
Vendor = Annotated[str, typer.Option(help="Maker, such as yealink; other: any.")]
Name = Annotated[str | None, typer.Option(help="What tells it from the user's others; its maker unless you say so.")]
Mac = Annotated[str | None, typer.Option(help="Its MAC address, which is a name too.")]
ShownAs = Annotated[
    str | None, typer.Option(help="How it shows numbers: written, e164, national or outside; else as all do.")
]


@app.command("add")
def add(
    context: typer.Context, user: Owner, vendor: Vendor, name: Name = None, mac: Mac = None, shown_as: ShownAs = None
) -> None:
    """Let a telephone search the directory."""
    profile = vendor_named("--vendor", vendor, vendors(phones_folder()))
    called, form = _called(name, mac) or profile.key, _form(shown_as)

    async def work() -> tuple[Device, Sequence[Device]]:
        async with writing(settings_of(context)) as rows:
            return await deciding.add(rows, _by(), await user_at(rows, user), called, profile, form)

    device, gone = perform(work())
    _tell_of(gone)
    which = f"--mac {called}" if mac_of(called) else f'--name "{called}"'
    shown.line(f"{device.id}: {called} of {user} may search; its settings:")
    shown.line(f"  ringplan phones settings {profile.key} --user {user} {which}")


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
    """Show all telephones."""

    async def work() -> list[tuple[Device, User]]:
        async with reading(settings_of(context)) as rows:
            owners = {user.id: user for user in await users.every(rows)}
            return [(device, owners[device.user]) for device, _ in await devices.every(rows)]

    every = perform(work())
    if as_json:
        shown.as_json(
            [
                {
                    "id": device.id,
                    "extension": owner.extension,
                    "user": owner.name,
                    "name": device.name,
                    "vendor": device.vendor,
                    "shown_as": device.form and device.form.value,
                }
                for device, owner in every
            ]
        )
        return
    shown.table(
        ("ID", "EXTENSION", "USER", "NAME", "VENDOR", "SHOWN AS"),
        (
            (
                str(device.id),
                owner.extension,
                owner.name,
                device.name,
                device.vendor,
                device.form.value if device.form else "as all",
            )
            for device, owner in every
        ),
        empty="No telephone may search yet: ringplan phones add, or ringplan phones settings",
    )


@app.command("vendors")
def show_vendors(as_json: shown.AsJson = False) -> None:
    """Show the makers whose telephones settings can be made for."""
    every = vendors(phones_folder()).values()
    if as_json:
        shown.as_json(
            [{"vendor": one.key, "title": one.title, "file": one.file, "tls": list(one.tls)} for one in every]
        )
        return
    shown.table(
        ("VENDOR", "TELEPHONES", "FILE", "ENCRYPTION"),
        ((one.key, one.title, one.file, " ".join(one.tls)) for one in every),
    )


@app.command("revoke")
def revoke(
    context: typer.Context,
    which: Annotated[list[str], typer.Argument(metavar="ID|MAC…", help="Telephones as `phones list` shows them.")],
) -> None:
    """Let telephones search no more: their passwords end at once, and for good."""

    async def work() -> list[Device]:
        async with writing(settings_of(context)) as rows:
            every = [device for device, _ in await devices.every(rows)]
            found = list(dict.fromkeys(_one_of(every, word) for word in which))
            for device in found:
                await deciding.revoke(rows, _by(), device)
            return found

    for device in perform(work()):
        shown.line(f"{device.id}: {device.name} may search no more")


@app.command("settings")
def settings(
    context: typer.Context,
    vendor: Annotated[str | None, typer.Argument(help="Maker, such as yealink; other: to be typed in.")] = None,
    user: Annotated[str | None, typer.Option(help="Number of the telephone's user.")] = None,
    name: Name = None,
    mac: Mac = None,
    shown_as: ShownAs = None,
    every: Annotated[bool, typer.Option("--all", help="For all telephones of --map.")] = False,
    map_: Annotated[Path | None, typer.Option("--map", help="CSV file: mac,extension,vendor.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for one file per telephone.")] = None,
) -> None:
    """Write the settings of a telephone, or of all; who has none of this maker yet gets one."""
    told, known = settings_of(context), vendors(phones_folder())
    where = reach(told.installation)
    single = (vendor, user, name, mac, shown_as)
    if every and map_ and out and not any(single):
        perform(_all(told, where, map_, out, known))
    elif vendor and user and not (every or map_ or out):
        profile = vendor_named("VENDOR", vendor, known)
        text = perform(_one(told, where, profile, user, _called(name, mac), _form(shown_as)))
        typer.echo(text, nl=False)
    else:
        raise Misconfigured(
            "say for which telephone",
            "ringplan phones settings VENDOR --user 1001, or ringplan phones settings --all --map macs.csv --out DIR",
        )


async def _one(
    told: Settings, where: Reach, profile: Profile, extension: str, called: str | None, form: Form | None
) -> str:
    async with writing(told) as rows:
        owner = await user_at(rows, extension)
        own = [device for device in await devices.of(rows, owner.id) if device.vendor == profile.key]
        if called is None and len(own) > 1:
            names = ", ".join(device.name for device in own)
            raise Misconfigured(f"{extension} has several: {names}", "say which with --name or --mac")
        name = called or (own[0].name if own else profile.key)
        if all(device.name != name for device in own):
            _say(f"{extension} gets a telephone of {profile.title}: {name}")
        device, gone = await deciding.add(rows, _by(), owner, name, profile, form)
        text = await settings_for(rows, where, profile, owner, device)
        await deciding.note_shown(rows, _by(), device)
    _tell_of(gone)
    _warn_of(where, [profile])
    return text


async def _all(told: Settings, where: Reach, map_: Path, out: Path, known: dict[str, Profile]) -> None:
    """Write all, or where a line is wrong nothing at all."""
    files: dict[str, str] = {}
    gone: list[Device] = []
    async with Store.open(told.store) as store:
        async with store.read() as rows:
            places = {place: user for user in await users.every(rows) for place in user.places}
        every = telephones(map_, places, known)
        _check(where, every)
        for done in range(0, len(every), STEP):
            if done:
                _say(f"{done} of {len(every)}")
                await asyncio.sleep(PAUSE)
            async with store.write() as rows:
                gone += await _some(rows, where, every[done : done + STEP], files)
    _tell_of(gone)
    _warn_of(where, _makers(every))
    new = write_every(out, files)
    shown.line(f"{len(files)} telephones: {new} files written, {len(files) - new} as they were; in {out}")


async def _some(rows: Rows, where: Reach, some: Iterable[Telephone], files: dict[str, str]) -> list[Device]:
    """Put the settings of some telephones into `files`; return the devices that are gone for them."""
    named: dict[str, list[Device]] = {}
    for device, _ in await devices.every(rows):
        named.setdefault(device.name, []).append(device)
    known = {device.id for those in named.values() for device in those}
    made: list[int] = []
    gone: list[Device] = []
    for one in some:
        device, others = await assigned(rows, named.get(one.mac, ()), one.user, one.mac, one.profile.key)
        files[file_name(one.profile, one.mac)] = await settings_for(rows, where, one.profile, one.user, device)
        made.append(device.id)
        gone += others
    await deciding.note_written(rows, _by(), len(made), len({*made} - known), gone)
    return gone


def _check(where: Reach, every: Iterable[Telephone]) -> None:
    """Raise an `ExceptionGroup` of `Misconfigured`, one for each maker or line that there can be no settings for."""
    _serve(where, every)
    wrong = []
    for one in every:
        try:
            written(where, one.profile, one.user, one.mac, SOME)
        except Misconfigured as error:
            wrong.append(Misconfigured(f"line {one.line}: {error}: {error.remedy}"))
    if wrong:
        raise ExceptionGroup("no settings are written", wrong)


def _serve(where: Reach, every: Iterable[Telephone]) -> None:
    """Raise an `ExceptionGroup` of `Misconfigured` for makers whose telephones can be served nowhere."""
    wrong = []
    for profile in _makers(every):
        try:
            where.of(profile)
        except Misconfigured as error:
            wrong.append(error)
    if wrong:
        raise ExceptionGroup("no settings are written", wrong)


def _makers(every: Iterable[Telephone]) -> list[Profile]:
    return list({one.profile.key: one.profile for one in every}.values())


def _called(name: str | None, mac: str | None) -> str | None:
    """Return what a telephone is called. Raises `Misconfigured`."""
    if name is not None and mac is not None:
        raise Misconfigured("--name and --mac are both a name", "give one of them")
    if mac is not None:
        return deciding.mac("--mac", mac)
    return None if name is None else deciding.called("--name", name)


def _form(value: str | None) -> Form | None:
    return None if value is None else form_named("--shown-as", value)


def _by() -> By:
    return By(WallClock().now())


def _one_of(every: list[Device], word: str) -> Device:
    mac = mac_of(word)
    found = [device for device in every if (device.name == mac if mac else str(device.id) == word)]
    if len(found) != 1:
        raise Misconfigured(f"there is no telephone {given.shortened(word)}", "ringplan phones list names all")
    return found[0]


def _tell_of(gone: Iterable[Device]) -> None:
    for device in gone:
        _say(f"{device.id}: {device.name} was somebody else's, and may search no more with the password that it had")


def _warn_of(where: Reach, profiles: Iterable[Profile]) -> None:
    for profile in profiles:
        if where.of(profile).tls == "none":
            _say(f"! telephones of {profile.title} send password and contacts unencrypted here")


def _say(line: str) -> None:
    typer.echo(shown.plain(line), err=True)
