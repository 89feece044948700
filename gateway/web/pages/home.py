"""The overview: how one's own telephone is now, what comes, and what there is to do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import absence
from gateway.deciding.people import named, outlook
from gateway.deciding.running import is_running
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.store import conferences, devices, health, mailboxes, presence, switches
from gateway.store.rows import Rows
from gateway.web.pages.absences import beyond
from gateway.web.visit import Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the reading of a user's calendars goes; `has_account` without `is_read`: contacts are read alone.

    `succeeded`: when all had been read last, None: not yet. `failing_since`: since when one cannot be, None: all can.
    """

    has_account: bool
    is_read: bool
    succeeded: datetime | None
    failing_since: datetime | None


@router.get("/")
async def show(visit: Visiting) -> Response:
    """Show it."""
    values: dict[str, Any] = {"own": True}
    async with visit.portal.store.read() as rows:
        if visit.user is not None:
            values |= await _mine(rows, visit, visit.user)
        if visit.role is not None and visit.role >= Role.OPERATOR:
            values["away"] = await presence.count_away(rows, visit.now)
        if visit.role is not None and visit.role >= Role.ADMINISTRATOR:
            values["unwell"] = await health.count_unwell(rows)
            values["running"] = await is_running(rows, visit.now)
            values["is_off"] = await switches.off_since(rows) is not None
    return visit.page("home.html", **values)


async def _mine(rows: Rows, visit: Visit, user: User) -> dict[str, Any]:
    rules = await visit.portal.decided.house(rows)
    planned = [one for one in await conferences.of_user(rows, user.id) if one.end > visit.now and not one.cancelled]
    return {
        "outlook": outlook(await absence.asked(rows, user), user, rules, visit.now, own=True),
        "conference": planned[0] if planned else None,
        "calendar": await _calendar(rows, user),
        "phones": len(await devices.of(rows, user.id)),
        "named": lambda code: named(code, visit.language, rules),
        **await beyond(rows, visit, user),
    }


async def _calendar(rows: Rows, user: User) -> Calendar:
    boxes = await mailboxes.of(rows, user.id)
    read = [await mailboxes.progress_of(rows, box.id) for box in boxes if box.calendar]
    known = [how for how in read if how is not None]
    succeeded = [how.succeeded for how in known]
    failing = [how.failing_since for how in known if how.failing_since is not None]
    return Calendar(
        has_account=bool(boxes),
        is_read=bool(known),
        succeeded=min((at for at in succeeded if at is not None), default=None) if None not in succeeded else None,
        failing_since=min(failing, default=None),
    )
