"""Users, all at once: whoever has no password yet is invited by letter."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import inviting
from gateway.domain.signin import Role
from gateway.store import letters
from gateway.web.visit import Visiting, entered

PLACE = "/administration/users"

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("/invitations")
async def consider(visit: Visiting) -> Response:
    """Say how many letters would be sent, and who gets none."""
    async with visit.portal.store.read() as rows:
        counts = await letters.counts(rows, visit.now)
    known = visit.portal.installation
    return visit.page("users_inviting.html", counts=counts, sends=known.sends_mail, address=known.portal)


@router.post("/invitations")
async def invite(visit: Visiting) -> Response:
    """Let the letters be sent."""
    async with visit.portal.store.write() as rows:
        await inviting.want_everybody(rows, visit.portal.installation, visit.now, visit.who)
    return visit.to(PLACE, told="invited")
