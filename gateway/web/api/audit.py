"""API: the audit log, for administrators."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from gateway.domain.signin import Scope
from gateway.store import audit
from gateway.store.audit import Asked
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["audit"])

Words = Annotated[str, Query(max_length=100)]


class Entry(BaseModel):
    """`who`: "signin 3", "token 7", "command" or "nobody"; `about`: such as "user 12", or "".

    `name`: who that is, None where they are gone.
    """

    model_config = HELD

    id: int
    at: datetime
    who: str
    name: str | None
    did: str
    about: str


@router.get("/audit", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def index(
    caller: Calling,
    who: Words = "",
    did: Words = "",
    about: Words = "",
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Older than the entry with this id.")] = None,
    many: Annotated[int, Query(ge=1, le=500)] = 50,
) -> tuple[Entry, ...]:
    """Return the last entries, the newest first. They are kept for 90 days."""
    async with caller.portal.store.read() as rows:
        found = await audit.latest(rows, many, Asked(who, did, about, before))
        names = await audit.names(rows, found)
    return tuple(
        Entry(id=one.id, at=one.at, who=one.who, name=names.get(one.who), did=one.did, about=one.about) for one in found
    )
