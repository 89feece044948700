"""API: what users sign in and search with: browsers, telephones' passwords, and addresses they say are theirs."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import addresses, phones, signing
from gateway.deciding.by import By
from gateway.deciding.exporting import everybody, written
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.store import claims, signins, users
from gateway.store.claims import Claim
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]
CSV = "text/csv"
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "UTF-8, with a head line that names the columns.",
        "content": {CSV: {"schema": {"type": "string"}}},
    }
}

router = APIRouter(tags=["users"])

Extension = Annotated[str, Path(pattern="^[0-9]{1,20}$", description="Any number of the user's.")]
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="As GET /users/claims names it.")]


class ClaimTold(BaseModel):
    """An address that a user says is theirs, and that waits for an administrator until then."""

    model_config = HELD

    id: int
    extension: str
    email: str
    until: datetime


@router.get("/users/export", name="export", dependencies=READ, response_class=Response, responses=FILE)
async def export(caller: Calling) -> Response:
    """Return everybody as a file that can be imported again."""
    async with caller.portal.store.read() as rows:
        lines = await everybody(rows)
    return Response(await asyncio.to_thread(written, lines), media_type=CSV)


@router.get("/users/claims", name="claims", dependencies=READ)
async def waiting(caller: Calling) -> tuple[ClaimTold, ...]:
    """Return the addresses that wait for an administrator, fifty at most, the first ones first."""
    async with caller.portal.store.read() as rows:
        found = await claims.waiting(rows, caller.now)
        known = await users.some(rows, {one.user for one in found})
    return tuple(
        ClaimTold(id=one.id, extension=known[one.user].extension, email=one.email, until=one.until)
        for one in found
        if one.user in known
    )


@router.put("/users/{extension}/claims/{claim}", name="confirm_claim", status_code=204, dependencies=WRITE)
async def confirm(caller: Calling, extension: Extension, claim: Id) -> None:
    """Let an address be a user's."""
    async with caller.portal.store.write() as rows:
        await addresses.confirm(rows, await _claim(rows, caller, extension, claim), caller.now, caller.who)


@router.delete("/users/{extension}/claims/{claim}", name="refuse_claim", status_code=204, dependencies=WRITE)
async def refuse(caller: Calling, extension: Extension, claim: Id) -> None:
    """Let an address not be a user's."""
    async with caller.portal.store.write() as rows:
        await addresses.refuse(rows, await _claim(rows, caller, extension, claim), caller.now, caller.who)


@router.delete("/users/{extension}/sessions", name="end_sessions_of", status_code=204, dependencies=WRITE)
async def end_sessions(caller: Calling, extension: Extension) -> None:
    """Sign a user out of all browsers. 404 also for who is not invited."""
    async with caller.portal.store.write() as rows:
        signin = await signins.of_user(rows, (await _user(rows, extension)).id)
        if signin is None:
            raise HTTPException(404, "they are not invited")
        await signing.end_sessions(rows, signin, caller.now, caller.who)


@router.delete("/users/{extension}/phones", name="revoke_phones_of", status_code=204, dependencies=WRITE)
async def revoke(caller: Calling, extension: Extension) -> None:
    """Let no telephone of a user search contacts any more, with the passwords that they have."""
    async with caller.portal.store.write() as rows:
        await phones.revoke_all(rows, By(caller.now, caller.who), await _user(rows, extension))


async def _user(rows: Rows, extension: str) -> User:
    user = await users.by_extension(rows, extension)
    if user is None:
        raise HTTPException(404, "there is no such user")
    return user


async def _claim(rows: Rows, caller: Caller, extension: str, claim: int) -> Claim:
    found = await claims.get(rows, (await _user(rows, extension)).id, claim, caller.now)
    if found is None:
        raise HTTPException(404, "there is no such claim")
    return found
