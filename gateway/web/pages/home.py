"""The overview: how one's own telephone is now, and what comes."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.domain.signin import Role
from gateway.web.visit import Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@router.get("/")
async def show(visit: Visiting) -> Response:
    """Show it."""
    return visit.page("home.html")
