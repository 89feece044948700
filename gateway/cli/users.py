"""`ringplan users`: who takes part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.importing import import_users
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import users as deciding
from gateway.deciding.by import By
from gateway.deciding.pace import pace
from gateway.deciding.read import Read, as_put, in_short
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.settings import Settings
from gateway.store import accounts, letters, mailboxes, users
from gateway.store.rows import Rows

app = typer.Typer(help="Who takes part: a number on the PBX, and the calendar that it follows.", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(help="Number on the PBX.")]
Name = Annotated[str | None, typer.Option(help="Shown in lists.")]
Email = Annotated[list[str] | None, typer.Option(help="Address in the calendar, the main one first; may be repeated.")]
Language = Annotated[str | None, typer.Option(help="Language of the announcement: sv, de or en.")]
Zone = Annotated[str | None, typer.Option(help="Time zone, such as Europe/Stockholm.")]
Phone = Annotated[list[str] | None, typer.Option(help="Further number that follows with it; may be repeated.")]
Pbx = Annotated[str | None, typer.Option(help="Name of the PBX in the settings.")]
Operator = Annotated[str | None, typer.Option(help='Number that 0 leads to; "" is the organisation\'s.')]
Hours = Annotated[str | None, typer.Option(help='Working hours: "mon-fri 08:00-17:00"; "" are the organisation\'s.')]
Through = Annotated[
    list[str] | None,
    typer.Option(help='Number whose calls ring whatever is planned; may be repeated; "" none.'),
]
Source = Annotated[str | None, typer.Option(help="Calendar server whose service account reads the calendar.")]
CalendarPath = Annotated[str | None, typer.Option("--path", help="Where the calendars lie on the server.")]


@app.command("add")
def add(
    context: typer.Context,
    extension: Extension,
    email: Email = None,
    name: Name = None,
    language: Language = None,
    zone: Zone = None,
    phone: Phone = None,
    pbx: Pbx = None,
    operator: Operator = None,
    hours: Hours = None,
    through: Through = None,
    source: Source = None,
    path: CalendarPath = None,
) -> None:
    """Let somebody take part."""
    fields = _fields(extension=extension, email=email, name=name, language=language, zone=zone, phones=phone)
    fields |= _fields(pbx=pbx, operator=operator, hours=hours, through=through, source=source, path=path)
    perform(_add(settings_of(context), fields))


async def _add(settings: Settings, fields: Mapping[str, str]) -> None:
    async with writing(settings) as rows:
        done = await deciding.add(rows, settings.installation, By(WallClock().now()), fields)
    user, account = done.user, done.account
    if account is None:
        shown.line(f"{user.extension} is added; no calendar is read yet: give it an address and an account")
    else:
        shown.line(f"{user.extension} is added; {account.login} at {account.source} reads {user.emails[0]}")


@app.command("set")
def change(
    context: typer.Context,
    extension: Extension,
    email: Email = None,
    name: Name = None,
    language: Language = None,
    zone: Zone = None,
    phone: Phone = None,
    pbx: Pbx = None,
    operator: Operator = None,
    hours: Hours = None,
    through: Through = None,
    source: Source = None,
    path: CalendarPath = None,
    refresh: Annotated[
        str | None, typer.Option(help="How often calendar and contacts are read: 90, 15m, 2h, off (only by sync).")
    ] = None,
    calendar: Annotated[
        bool | None, typer.Option("--calendar/--no-calendar", help="Whether the telephone follows the calendar.")
    ] = None,
    contacts: Annotated[
        bool | None, typer.Option("--contacts/--no-contacts", help="Whether telephones have the own contacts.")
    ] = None,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Takes part or not.")] = None,
    new: Annotated[str | None, typer.Option("--extension", help="Another number in its place.")] = None,
) -> None:
    """Change what is said about somebody; what is not given stays. Without a calendar, a service account gets it."""
    enabled = None if enable is None else "yes" if enable else "no"
    fields = _fields(email=email, name=name, language=language, zone=zone, phones=phone, pbx=pbx, operator=operator)
    fields |= _fields(hours=hours, through=through, enabled=enabled, source=source, path=path, extension=new)
    pacing = {} if refresh is None else {"refresh": pace("--refresh", refresh)}
    read = Read(**pacing, calendar=calendar, contacts=contacts)
    perform(_change(settings_of(context), extension, fields, None if read == Read() else read))


async def _change(settings: Settings, extension: str, fields: Mapping[str, str], read: Read | None) -> None:
    async with writing(settings) as rows:
        before = await user_at(rows, extension)
        done = await deciding.change(rows, settings.installation, By(WallClock().now()), before, fields, read)
    after, account = done.user, done.account
    shown.line(f"{after.extension} is changed" if done.changed else f"{after.extension} is as it was")
    if after.extension != before.extension:
        shown.line(f"{before.extension} has the number {after.extension} now")
        if before.extension in settings.run.pilot:
            shown.line(shown.bad(f"! [run] pilot names {before.extension}: put {after.extension} in its place"))
    if account is not None:
        shown.line(f"{account.login} at {account.source} reads {after.emails[0]}")


@app.command("remove")
def remove(context: typer.Context, extension: Extension) -> None:
    """Let somebody take part no more: their diversions end at once, and nothing about them is kept."""

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            user = await user_at(rows, extension)
            own = await deciding.remove(rows, By(WallClock().now()), user)
        shown.line(f"{user.extension} is removed")
        for number in own:
            shown.line(f"{number}, which was their room, belongs to the pool now, without a PIN")

    perform(work())


@app.command("list")
def show(
    context: typer.Context,
    as_json: shown.AsJson = False,
    unaddressed: Annotated[
        bool, typer.Option("--unaddressed", help="Only who takes part and has neither e-mail address nor password.")
    ] = False,
) -> None:
    """Show everybody."""

    async def work() -> tuple[Sequence[User], Mapping[int, str], Mapping[int, Read]]:
        async with reading(settings_of(context)) as rows:
            found: Sequence[User] = await users.every(rows)
            if unaddressed:
                without = await letters.unaddressed(rows)
                found = [user for user in found if user.id in without]
            return found, await _read_from(rows), await as_put(rows)

    everybody, read_from, read = perform(work())
    if as_json:
        shown.as_json([_as_json(user, read_from.get(user.id, ""), read.get(user.id)) for user in everybody])
        return
    shown.table(
        ("EXTENSION", "NAME", "ADDRESSES", "LANGUAGE", "ZONE", "PHONES", "THROUGH", "PBX", "CALENDAR"),
        (
            (
                user.extension,
                user.name,
                " ".join(user.emails),
                user.language,
                user.zone.key,
                " ".join(user.phones),
                " ".join(user.through),
                user.pbx,
                _told(read_from.get(user.id), read.get(user.id)) if user.enabled else shown.bad("disabled"),
            )
            for user in everybody
        ),
        empty="Nobody" if unaddressed else "Nobody takes part yet: ringplan users add, or ringplan users import",
    )


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="CSV file with a head line: extension,email,name,language,zone,phones,…")
    ],
    update: Annotated[bool, typer.Option("--update", help="Change those who are there already.")] = False,
) -> None:
    """Let everybody in a CSV file take part; if any line is wrong, every wrong line is told and nothing is written."""
    done = perform(import_users(settings_of(context), file, update=update))
    shown.line(f"{done.added} added, {done.changed} changed; calendars newly read: {done.read}")


async def _read_from(rows: Rows) -> Mapping[int, str]:
    logins = {account.id: f"{account.login} at {account.source}" for account in await accounts.listed(rows)}
    return {mailbox.user: logins.get(mailbox.account, "") for mailbox in await mailboxes.every(rows)}


def _told(read_from: str | None, read: Read | None) -> shown.Cell:
    return f"{read_from}{in_short(read)}" if read_from else shown.bad("none")


def _as_json(user: User, read_from: str, read: Read | None) -> dict[str, object]:
    return {
        "extension": user.extension,
        "name": user.name,
        "emails": user.emails,
        "language": user.language,
        "zone": user.zone.key,
        "phones": user.phones,
        "pbx": user.pbx,
        "operator": user.operator,
        "through": user.through,
        "enabled": user.enabled,
        "calendar": read_from or None,
        "reads": read and {"calendar": read.calendar, "contacts": read.contacts, "refresh": read.refresh},
    }


def _fields(**given: str | list[str] | None) -> dict[str, str]:
    return {
        field: value if isinstance(value, str) else " ".join(value)
        for field, value in given.items()
        if value is not None
    }
