"""API: the browsers in which the token's owner is signed in. A token signs them out; it lets nobody in."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from gateway.deciding import signing
from gateway.domain.signin import Scope
from gateway.store import audit, sessions
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["me"])

Name = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="As GET /me/sessions names it.")]


class OneSession(BaseModel):
    """`agent`: what the browser says of itself. It ends at `until`, or earlier if it is not used."""

    model_config = HELD

    name: str
    created: datetime
    used: datetime
    until: datetime
    agent: str


@router.get("/me/sessions", name="sessions", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> tuple[OneSession, ...]:
    """Return the browsers in which you are signed in."""
    idle = timedelta(minutes=caller.portal.settings.idle)
    async with caller.portal.store.read() as rows:
        found = await sessions.of(rows, caller.signin.id)
    return tuple(
        OneSession(name=name, created=one.created, used=one.used, until=one.until, agent=one.agent)
        for name, one in found
        if one.until > caller.now and one.used + idle > caller.now
    )


@router.delete("/me/sessions", name="end_sessions", status_code=204, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def end_all(caller: Calling) -> None:
    """Sign all browsers out."""
    async with caller.portal.store.write() as rows:
        await signing.end_sessions(rows, caller.signin, caller.now, caller.who)


@router.delete(
    "/me/sessions/{name}", name="end_session", status_code=204, dependencies=[Depends(good_for(Scope.OWN_WRITE))]
)
async def end(caller: Calling, name: Name) -> None:
    """Sign one browser out."""
    async with caller.portal.store.write() as rows:
        if not await sessions.end_named(rows, caller.signin.id, name):
            raise HTTPException(404, "there is no such session of yours")
        await audit.note(rows, caller.now, caller.who, "sessions ended", f"signin {caller.signin.id}")
