"""After the story everything stays up, and a table shows what the PBX holds, until Ctrl-C."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.portal import ADA, CHOSEN
from demo.stage import PEOPLE, Stage
from gateway.planning.hand import parse as parse_hand
from gateway.planning.schedule import Window, parse

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EVERY = 1.0  # seconds


async def live(stage: Stage, console: Console) -> None:
    """Show and refresh, until cancelled."""
    with Live(await _picture(stage), console=console, auto_refresh=False) as shown:
        while True:
            await asyncio.sleep(EVERY)
            shown.update(await _picture(stage), refresh=True)


async def _picture(stage: Stage) -> RenderableType:
    table = Table(title=f"What the PBX holds at {datetime.now(STOCKHOLM):%H:%M:%S}", title_justify="left")
    for name in ("extension", "who", "lamp", "diverted because", "until", "callers hear"):
        table.add_column(name)
    for person, extension in PEOPLE.items():
        window, by_hand = await _window(stage, extension)
        reason, until, back = (window.reason, _clock(window.end), _clock(window.back)) if window else ("", "", "")
        told = f"{reason} (by hand)" if by_hand else reason
        table.add_row(extension, person, await stage.lamp(extension), told, until, back)
    how = Text.assemble(
        stage.calendars.how,
        "Register a softphone of your own (it rings beside ours):\n",
        f"  {stage.asterisk.host}:{stage.asterisk.sip_port} (UDP)   user 1001   password {stage.asterisk.sip_secret}\n",
        "and dial: *23*1*1530 is in a meeting until 15:30, #23# ends what is in force.\n",
        f"The portal: {stage.portal}   as 1001 (a user) or {ADA} (an administrator), password {CHOSEN}\n",
        f"Status of the gateway: .venv/bin/ringplan --config {stage.gateway.settings} status\n",
        ("Ctrl-C ends everything.", "bold"),
    )
    return Group(table, how)


async def _window(stage: Stage, extension: str) -> tuple[Window | None, bool]:
    """Return what is in force for `extension`, and whether that was set by hand."""
    now = datetime.now(UTC)
    dialled, planned = await stage.value(extension, "ringplan-hand"), await stage.value(extension)
    hand = parse_hand(dialled) if dialled else None
    if hand and hand.window and hand.window.start <= now < hand.window.end:
        return hand.window, True
    return (parse(planned).at(now) if planned else None), False


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(STOCKHOLM):%a %H:%M}"
