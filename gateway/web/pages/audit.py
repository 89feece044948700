"""The audit log, for administrators: who did what to what, newest first."""

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.domain.signin import Role
from gateway.store import audit
from gateway.store.audit import Asked
from gateway.web.visit import Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.ADMINISTRATOR))])

A_PAGE = 50
LARGEST = 2**53
WORDS = {"off": "turned off", "on": "turned on"}  # what is noted in other words than it is told


@router.get("/administration/audit")
async def show(visit: Visiting, who: str = "", did: str = "", about: str = "", before: str = "") -> Response:
    """Show fifty entries; `before`: older than the one with this id."""
    if before and not (before.isascii() and before.isdecimal() and int(before[:17]) < LARGEST):
        raise HTTPException(404)
    asked = Asked(who, did, about, int(before[:17]) if before else None)
    async with visit.portal.store.read() as rows:
        found = await audit.latest(rows, A_PAGE + 1, asked)
        known, done = await audit.names(rows, found), await audit.done(rows)
    return visit.page(
        "audit.html",
        entries=found[:A_PAGE],
        older=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
        names=known,
        done=[(one, visit.say(WORDS.get(one, one))) for one in done],
        words=WORDS,
        asked=asked,
    )
