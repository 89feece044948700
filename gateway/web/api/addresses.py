"""API: one's own e-mail addresses. One that is said to be one's own waits until it is confirmed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.deciding import addresses
from gateway.deciding.tokens import scopes_for
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.store import claims, users
from gateway.store.rows import Rows
from gateway.web import claiming
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for

router = APIRouter(tags=["account"])


async def may_all(caller: Calling) -> None:
    """Answer 403 to a token that may less than its owner: who has an address of theirs gets in as them, by a letter."""
    if caller.scopes != scopes_for(caller.role):
        raise HTTPException(403, "this needs a token with all scopes that its owner may give")


ADDS = [Depends(good_for(Scope.OWN_WRITE)), Depends(may_all)]

Email = Annotated[str, Field(min_length=3, max_length=addresses.LONGEST)]


class Waiting(BaseModel):
    """An address that is not one's own yet. `by_letter`: what a letter to it brought confirms it; or else somebody."""

    model_config = HELD

    email: str
    by_letter: bool
    until: datetime


class Addresses(BaseModel):
    """`emails`: the main one first."""

    model_config = HELD

    emails: tuple[str, ...]
    waiting: tuple[Waiting, ...]


class Claimed(BaseModel):
    """An address."""

    model_config = HELD

    email: Email


class Confirmed(BaseModel):
    """`secret`: the last part of the link in the letter."""

    model_config = HELD

    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


@router.get("/account/addresses", name="addresses", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> Addresses:
    """Return one's own e-mail addresses."""
    async with caller.portal.store.read() as rows:
        return await _shown(rows, caller)


@router.post("/account/addresses", name="claim_address", dependencies=ADDS)
async def claim(caller: Calling, wanted: Claimed, later: BackgroundTasks) -> Addresses:
    """Say that an address is one's own: a letter to it asks, or where no mail is sent, an administrator is asked.

    An address lets in: this needs a token with all scopes that its owner may give.
    """
    portal = caller.portal
    one = claiming.tried(portal, caller.mine.id)
    wait = claiming.wait(portal, one)
    if wait:
        raise HTTPException(429, "too many letters", headers={"Retry-After": str(wait)})
    sending = await claiming.claim(portal, caller.mine.id, one, wanted.email)
    if sending is not None:
        later.add_task(sending)
    return await show(caller)


@router.post("/account/addresses/confirmation", name="confirm_address", dependencies=ADDS)
async def confirm(caller: Calling, confirmed: Confirmed) -> Addresses:
    """Confirm an address with what a letter to it brought.

    An address lets in: this needs a token with all scopes that its owner may give.
    """
    async with caller.portal.store.write() as rows:
        found = await addresses.confirmed_by(rows, await _me(rows, caller), confirmed.secret, caller.now)
        if found is None:
            raise HTTPException(404, "this is of no use any more")
        await addresses.confirm(rows, found, caller.now, caller.who)
        return await _shown(rows, caller)


@router.put("/account/addresses/main", name="put_main_address", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def put_main(caller: Calling, wanted: Claimed) -> Addresses:
    """Let one of one's own addresses be the main one."""
    async with caller.portal.store.write() as rows:
        if not await addresses.make_main(rows, await _me(rows, caller), wanted.email, caller.now, caller.who):
            raise HTTPException(404, "this is none of yours")
        return await _shown(rows, caller)


@router.delete(
    "/account/addresses/{email}",
    name="remove_address",
    status_code=204,
    dependencies=[Depends(good_for(Scope.OWN_WRITE))],
)
async def remove(caller: Calling, email: str) -> None:
    """Let an address be one's own no more, or wait no more."""
    async with caller.portal.store.write() as rows:
        me = await _me(rows, caller)
        waiting = [one for one in await claims.of(rows, me.id, caller.now) if one.email == email]
        for one in waiting:
            await claims.remove(rows, me.id, one.id)
        if not waiting and not await addresses.remove(rows, me, email, caller.now, caller.who):
            raise HTTPException(404, "this is none of yours")


async def _me(rows: Rows, caller: Caller) -> User:
    """Return the user as they are in this transaction."""
    user = await users.get(rows, caller.mine.id)
    if user is None:
        raise HTTPException(404)
    return user


async def _shown(rows: Rows, caller: Caller) -> Addresses:
    me = await _me(rows, caller)
    waiting = await claims.of(rows, me.id, caller.now)
    return Addresses(
        emails=me.emails,
        waiting=tuple(Waiting(email=one.email, by_letter=one.by_letter, until=one.until) for one in waiting),
    )
