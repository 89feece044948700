"""`ringplan uninstall`: take everything of ours out of the PBXs."""

import asyncio
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, settings_of
from gateway.engine.clock import WallClock
from gateway.errors import GiveUp, RingplanError
from gateway.pbx.asterisk.driver import Asterisk
from gateway.settings import Settings
from gateway.store import switches
from gateway.store.settings import StoreSettings
from gateway.store.store import Store

ASK = "Every schedule, absence by hand, lamp and presence of Ringplan leaves {pbxs}. Go on?"
LEFT = (
    "Left for you: the lines in manager.conf and extensions.conf, the sounds, the systemd unit.\n"
    "A line that enters Ringplan does nothing once its dialplan is gone."
)


def uninstall(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete the store and its key as well.")] = False,
) -> None:
    """Remove every key, state and presence from the PBXs, and pause no queue's member. The gateway must not run."""
    settings = settings_of(context)
    if not yes:
        typer.confirm(ASK.format(pbxs=", ".join(settings.pbx)), abort=True)
    failed = perform(_uninstall(settings))
    for error in failed:
        shown.complain(error)
    if failed:
        raise GiveUp("not everything is removed", "try again once the PBX can be reached")
    if purge:
        perform(asyncio.to_thread(_purge, settings.store))
        shown.line(f"{settings.store.path} and its key are deleted")
    typer.echo(LEFT)


async def _uninstall(settings: Settings) -> list[RingplanError]:
    failed: list[RingplanError] = []
    async with Store.open(settings.store, alone=True) as store:
        async with store.write() as rows:
            await switches.turn_off(rows, WallClock().now())
        for name, pbx in settings.pbx.items():
            try:
                async with Asterisk(pbx).connect() as switch:
                    refusals = await switch.forget_all()
                    queues = await switch.pause(())
            except RingplanError as error:
                failed.append(error)
                continue
            failed += [GiveUp(f"pbx {name}, {place}: {refusal.why}") for place, refusal in refusals.items()]
            failed += [GiveUp(f"pbx {name}, members of queues: {queues.why}")] if queues else []
            shown.line(f"pbx {name}: everything of Ringplan is removed; it stays off until `ringplan on`")
    return failed


def _purge(settings: StoreSettings) -> None:
    for ending in ("", "-wal", "-shm", ".lock"):
        settings.path.with_name(settings.path.name + ending).unlink(missing_ok=True)
    settings.key_path.unlink(missing_ok=True)
