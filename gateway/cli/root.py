"""`ringplan`: all commands, put together."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import (
    absence,
    accounts,
    books,
    codes,
    conferences,
    contacts,
    directory,
    organisation,
    phones,
    portal,
    rooms,
    sounds,
    sources,
    users,
)
from gateway.cli.audit import audit
from gateway.cli.check import check
from gateway.cli.explain import explain_
from gateway.cli.init import init
from gateway.cli.opened import Commands
from gateway.cli.run import run
from gateway.cli.status import status
from gateway.cli.switch import off, on
from gateway.cli.sync import sync
from gateway.cli.uninstall import uninstall

app = typer.Typer(
    cls=Commands,
    help="Makes the telephone follow the calendar.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringplan {version('ringplan')}")
        raise typer.Exit


@app.callback()
def ringplan(
    config: Annotated[Path, typer.Option(envvar="RINGPLAN_CONFIG", help="The settings.")] = Path("ringplan.toml"),
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Make the telephone follow the calendar."""


app.command()(init)
app.command()(check)
app.command()(run)
app.command()(status)
app.command()(sync)
app.add_typer(users.app, name="users")
app.add_typer(accounts.app, name="accounts")
app.add_typer(sources.app, name="sources")
app.add_typer(books.app, name="books")
app.add_typer(contacts.app, name="contacts")
app.add_typer(directory.app, name="directory")
app.add_typer(organisation.app, name="organisation")
app.add_typer(codes.app, name="codes")
app.add_typer(absence.app, name="absence")
app.add_typer(rooms.app, name="rooms")
app.add_typer(conferences.app, name="conferences")
app.add_typer(phones.app, name="phones")
app.add_typer(portal.app, name="portal")
app.command("explain")(explain_)
app.command()(audit)
app.command()(off)
app.command()(on)
app.command()(uninstall)
app.add_typer(sounds.app, name="prompts")
