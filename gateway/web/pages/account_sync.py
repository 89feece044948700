"""Sync: calendar and contacts are read now, and the page tells how far that is and what came of it."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import accounts, sync
from gateway.domain.signin import Role
from gateway.web.visit import Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@router.post("/account/sync")
async def ask(visit: Visiting) -> Response:
    """Let them be read now."""
    async with visit.portal.store.write(patient=True) as rows:
        await visit.portal.asked.ask(rows, visit.mine.id, visit.now)
    return visit.to("/account/sync")


@router.get("/account/sync")
async def show(visit: Visiting) -> Response:
    """Show how far it is."""
    portal, user = visit.portal, visit.mine
    async with portal.store.read() as rows:
        synced = await sync.synced(rows, portal.installation, user, portal.asked.of(user.id), visit.now)
        reads = await accounts.reads(rows, portal.installation, user.id)
    return visit.page(
        "account_sync.html",
        synced=synced,
        reads=reads,
        takes_part=sync.takes_part(user, portal.installation),
    )
