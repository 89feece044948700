"""`ringplan portal`: who may sign in to the portal, and as what. A link that lets somebody in is shown once."""

import asyncio
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, user_at, writing
from gateway.deciding import given, inviting, signing
from gateway.deciding.by import COMMAND
from gateway.deciding.signing import Invitation
from gateway.domain.signin import Role, SignIn
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import organisation, signins
from gateway.store.letters import Counts
from gateway.store.rows import Rows
from gateway.store.signins import Listed

app = typer.Typer(help="Who may sign in to the portal, and as what.", no_args_is_help=True)
sessions_app = typer.Typer(help="Browsers that are signed in.", no_args_is_help=True)
app.add_typer(sessions_app, name="sessions")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Extension or e-mail address.")]


@app.command("invite")
def invite(
    context: typer.Context,
    extension: Annotated[str | None, typer.Argument(help="Number on the PBX.")] = None,
    role: Annotated[str | None, typer.Option(help="user, operator or administrator; as it was if not given.")] = None,
    administrator: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="An administrator who has no telephone here.")
    ] = None,
    mail: Annotated[bool, typer.Option("--mail", help="Send the link by mail instead of showing it.")] = False,
    everybody: Annotated[
        bool, typer.Option("--all", help="By mail, all who have no password yet; the running gateway sends the links.")
    ] = False,
) -> None:
    """Let somebody choose a password, by a link that can be used once within a week; one of before ends."""
    settings = settings_of(context)
    if everybody:
        if extension or administrator or role:
            raise Misconfigured("who is invited?", "--all stands alone")
        _invite_everybody(settings)
        return
    if (extension is None) == (administrator is None) or (administrator is not None and role is not None):
        raise Misconfigured("who is invited?", "give an extension, --administrator and an address, or --all")
    as_role = None if role is None else signing.role("--role", role)
    if mail and settings.mail is None:
        raise Misconfigured("no mail is sent from here", "add [mail] to the settings, or leave out --mail")

    async def work() -> tuple[Invitation, str, ZoneInfo]:
        async with writing(settings) as rows:
            now = WallClock().now()
            if administrator is not None:
                made = await signing.invite_administrator(rows, administrator, now, COMMAND)
            else:
                made = await signing.invite(rows, await user_at(rows, extension or ""), now, COMMAND, as_role)
            link, zone = signing.link(settings.installation, made.secret), (await organisation.get(rows)).zone
            if mail and not made.to:
                raise Misconfigured(f"{extension} has no e-mail address", "leave out --mail")
        if mail:
            await _send(settings, made, link, zone)
        return made, link, zone

    made, link, zone = perform(work())
    until = shown.instant(made.until, zone)
    if mail:
        shown.line(f"the link is sent to {made.to}; it can be used once, until {until}")
    else:
        shown.line(link)
        shown.line(f"it can be used once, until {until}")


def _invite_everybody(settings: Settings) -> None:
    async def work() -> Counts:
        async with writing(settings) as rows:
            return await inviting.want_everybody(rows, settings.installation, WallClock().now(), COMMAND)

    before = perform(work())
    many = before.uninvited + before.waiting
    shown.line(f"{before.uninvited} invited; {many} {'letter waits' if many == 1 else 'letters wait'} to be sent")
    if before.unaddressed:
        shown.line(f"without an e-mail address: {before.unaddressed}; ringplan users list --unaddressed names them")


async def _send(settings: Settings, made: Invitation, link: str, zone: ZoneInfo) -> None:
    from gateway.mail.smtp import Smtp  # this and texts are for who sends a letter; other commands need not wait
    from gateway.web import letters
    from gateway.web.texts import Texts

    if settings.mail is not None:
        letter = letters.invitation(await asyncio.to_thread(Texts), made, link, zone)
        await Smtp(settings.mail).send(letter)


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
    """Show who may sign in."""

    async def work() -> tuple[tuple[Listed, ...], datetime, ZoneInfo]:
        async with reading(settings_of(context)) as rows:
            return await signins.listed(rows), WallClock().now(), (await organisation.get(rows)).zone

    everybody, now, zone = perform(work())
    if as_json:
        shown.as_json([_as_json(one) for one in everybody])
        return
    shown.table(
        ("WHO", "NAME", "ROLE", "PASSWORD", "LAST USED"),
        (
            (
                _who(one),
                one.title,
                one.signin.role.name.lower(),
                _password(one, now, zone),
                shown.instant(one.used, zone),
            )
            for one in everybody
        ),
        empty="Nobody may sign in yet: ringplan portal invite EXTENSION --role administrator",
    )


@app.command("role")
def put_role(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="user, operator or administrator.")],
) -> None:
    """Let somebody be something else, at once."""
    as_role = signing.role("ROLE", role)

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            await signing.put_role(rows, await _signin(rows, name), as_role, WallClock().now(), COMMAND)

    perform(work())
    shown.line(f"{given.shortened(name)} is {_a(as_role)} now")


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Let somebody sign in no more; their sessions and tokens end. They take part as before."""

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            await signing.remove(rows, await _signin(rows, name), WallClock().now(), COMMAND)

    perform(work())
    shown.line(f"{given.shortened(name)} cannot sign in any more")


@sessions_app.command("end")
def end_sessions(context: typer.Context, name: Name) -> None:
    """Sign somebody out of all browsers."""

    async def work() -> int:
        async with writing(settings_of(context)) as rows:
            return await signing.end_sessions(rows, await _signin(rows, name), WallClock().now(), COMMAND)

    ended = perform(work())
    shown.line(f"{ended} {'session is' if ended == 1 else 'sessions are'} ended")


async def _signin(rows: Rows, name: str) -> SignIn:
    found = await signins.by_name(rows, name)
    if found is None:
        raise Misconfigured(f"{given.shortened(name)} may not sign in", "ringplan portal list shows who may")
    return found


def _who(one: Listed) -> str:
    return one.extension or one.signin.name


def _a(role: Role) -> str:
    return f"{'a' if role is Role.USER else 'an'} {role.name.lower()}"


def _password(one: Listed, now: datetime, zone: ZoneInfo) -> shown.Cell:
    if not one.enabled:
        return shown.bad("disabled")
    if one.refused:
        return shown.bad("the mail server refused their letter")
    link = f"link until {shown.instant(one.invited, zone)}" if one.invited and one.invited > now else ""
    if one.letter:
        link = "letter waits"
    if one.signin.has_password:
        return f"yes, {link}" if link else "yes"
    return link or shown.bad("no: invite them")


def _as_json(one: Listed) -> dict[str, object]:
    return {
        "extension": one.extension or None,
        "address": one.signin.name or None,
        "name": one.title,
        "role": one.signin.role.name.lower(),
        "enabled": one.enabled,
        "password": one.signin.has_password,
        "used": one.used,
        "invited_until": one.invited,
        "letter": "refused" if one.refused else "waits" if one.letter else None,
    }
