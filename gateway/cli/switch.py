"""`ringplan off` and `ringplan on`: release everything at once, and take it up again."""

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of
from gateway.cli.waiting import until
from gateway.deciding import switching
from gateway.deciding.by import COMMAND
from gateway.deciding.running import RUNS_NOT, is_running
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RetryLater
from gateway.settings import Settings
from gateway.store import health
from gateway.store.rows import Rows
from gateway.store.store import Store

PATIENCE = 10.0  # seconds
BY_HAND = "on the PBX itself, `dialplan set global RINGPLAN_OFF 1` lets every call pass at once"


def off(context: typer.Context) -> None:
    """Release every extension and room at once, until `ringplan on`. Calendars are still read."""
    perform(_off(settings_of(context)))


def on(context: typer.Context) -> None:
    """Let the telephones follow the calendars again."""

    async def work() -> bool:
        async with Store.open(settings_of(context).store) as store, store.write() as rows:
            return await switching.turn_on(rows, WallClock().now(), COMMAND)

    shown.line("on: telephones follow calendars" if perform(work()) else "it was on already")


async def _off(settings: Settings) -> None:
    async with Store.open(settings.store) as store:
        async with store.write() as rows:
            turned = await switching.turn_off(rows, WallClock().now(), COMMAND)
            running = await is_running(rows)
        if not running:
            raise GiveUp(f"it is off from the next start on, but {RUNS_NOT}, and PBXs hold what they held", BY_HAND)

        async def released(rows: Rows) -> bool:
            rows_of_pbxs = [row for row in await health.every(rows) if row.name.startswith("pbx:")]
            return all(row.ok and not row.facts.get("held") and not row.facts.get("refused") for row in rows_of_pbxs)

        if not await until(store, "health", done=released, seconds=PATIENCE):
            why = ": [run] dry_run lets the gateway write nothing" if settings.run.dry_run else " yet"
            raise RetryLater(f"it is off, but not every PBX has confirmed it{why}", BY_HAND)
    shown.line("off: every extension is released" if turned else "it was off already: every extension is released")
