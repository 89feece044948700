"""`ringplan audit`: who did what to what, in the portal and by command."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of
from gateway.settings import Settings
from gateway.store import audit as store
from gateway.store import organisation


def audit(
    context: typer.Context,
    many: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the newest first.")] = 50,
    as_json: shown.AsJson = False,
) -> None:
    """Show who did what to what, never what it says; entries are kept for 90 days."""
    perform(_show(settings_of(context), many, as_json=as_json))


async def _show(settings: Settings, many: int, *, as_json: bool) -> None:
    async with reading(settings) as rows:
        found = await store.latest(rows, many)
        names, zone = await store.names(rows, found), (await organisation.get(rows)).zone
    if as_json:
        shown.as_json([asdict(one) | {"at": one.at.isoformat(), "name": names.get(one.who)} for one in found])
        return
    shown.table(
        ("when", "who", "what", "concerns"),
        ((shown.instant(one.at, zone), _named(one.who, names), one.did, _named(one.about, names)) for one in found),
        empty="nothing yet",
    )


def _named(one: str, names: Mapping[str, str]) -> str:
    return f"{names[one]} ({one})" if one in names else one
