"""After the story everything stays up, and a table shows what the PBX holds, until Ctrl-C."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.stage import PEOPLE, Stage
from gateway.planning.schedule import parse

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
        value = await stage.value(extension)
        window = parse(value).at(datetime.now(UTC)) if value else None
        reason, until, back = (window.reason, _clock(window.end), _clock(window.back)) if window else ("", "", "")
        table.add_row(extension, person, await stage.lamp(extension), reason, until, back)
    radicale = stage.radicale
    how = Text.assemble(
        "\nWrite into a calendar yourself, with any CalDAV client:\n",
        *(f"  {radicale.home(one)}calendar/   user {one}   password “{radicale.people[one]}”\n" for one in PEOPLE),
        "or register a softphone of your own (it rings beside ours):\n",
        f"  {stage.asterisk.host}:{stage.asterisk.sip_port} (UDP)   user 1001   password {stage.asterisk.sip_secret}\n",
        f"Status of the gateway: .venv/bin/ringplan --config {stage.gateway.settings} status\n",
        ("Ctrl-C ends everything.", "bold"),
    )
    return Group(table, how)


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(STOCKHOLM):%a %H:%M}"
