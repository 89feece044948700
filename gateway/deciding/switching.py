"""Off and on: whether telephones follow calendars at all."""

from datetime import datetime

from gateway.store import audit, switches
from gateway.store.rows import Rows


async def turn_off(rows: Rows, now: datetime, who: str) -> bool:
    """Release everything; calendars are still read. False: it was off already."""
    turned = await switches.turn_off(rows, now)
    if turned:
        await audit.note(rows, now, who, "off")
    return turned


async def turn_on(rows: Rows, now: datetime, who: str) -> bool:
    """Let telephones follow calendars again. False: it was on already."""
    turned = await switches.turn_on(rows)
    if turned:
        await audit.note(rows, now, who, "on")
    return turned
