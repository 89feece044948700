"""`ringplan directory`: what a telephone would find."""

import asyncio
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of, user_at
from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.follow import follow
from gateway.directory.query import Query, Scope, Viewer
from gateway.directory.typed import wanted
from gateway.domain.contact import Contact, Kind, Numbering
from gateway.errors import Misconfigured
from gateway.planning.numbers import shown as shown_as
from gateway.settings import Settings
from gateway.store import organisation
from gateway.store.store import Store

app = typer.Typer(help="What telephones find.", no_args_is_help=True)

AT_MOST = 50


@app.callback()
def directory() -> None:
    """What telephones find."""


@app.command("search")
def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="The beginning of a name, a number in any form, or keys of a keypad.")],
    extension: Annotated[str, typer.Option("--as", help="Whose telephone it would be.")],
    as_json: shown.AsJson = False,
) -> None:
    """Search as a telephone of a user does; nothing has to run for it."""
    settings = settings_of(context)
    if not text.strip():
        raise Misconfigured("TEXT: is empty", "give the beginning of a name, or a number")
    numbering, found = perform(_found(settings, text.strip(), extension))
    lines = [_line(contact, numbering) for contact in found[:AT_MOST]]
    if as_json:
        shown.as_json(lines)
        return
    shown.table(
        ("NAME", "COMPANY", "WORK", "MOBILE", "HOME", "OTHER"), (tuple(one.values()) for one in lines), empty="nobody"
    )
    if len(found) > AT_MOST:
        shown.line(f"and {len(found) - AT_MOST} more")


async def _found(settings: Settings, text: str, extension: str) -> tuple[Numbering, list[Contact]]:
    async with Store.open(settings.store) as store:
        async with store.read() as rows:
            user = await user_at(rows, extension)
            numbering = (await organisation.get(rows)).numbering
        catalogue = Catalogue()
        await _filled(store, catalogue)
        query = Query(catalogue.base, Scope.SUBTREE, wanted(text))
        viewer = Viewer(user.id, numbering.form)
        found = catalogue.find(viewer, query)
        if found is None:
            found = await catalogue.find_slowly(viewer, query, float("inf"))
        return numbering, [catalogue.contact(hit) for hit in found.entries[: AT_MOST * 20]]


async def _filled(store: Store, catalogue: Catalogue) -> None:
    ready = asyncio.Event()
    following = asyncio.create_task(follow(store, catalogue, ready), name="directory index")
    waiting = asyncio.create_task(ready.wait(), name="directory index is ready")
    await asyncio.wait((following, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (following, waiting):
        task.cancel()
    await asyncio.wait((following, waiting))
    if not following.cancelled():
        following.result()


def _line(contact: Contact, numbering: Numbering) -> dict[str, str]:
    line = {"name": contact.name, "company": contact.company}
    for kind in Kind:
        numbers = [shown_as(one, numbering.form, numbering) for one in contact.numbers if one.kind is kind]
        line[kind.value] = ", ".join(numbers)
    return line
