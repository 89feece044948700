"""My e-mail addresses: which there are, the main one, and those that wait to be confirmed."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import addresses
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import RetryLater, RingplanError
from gateway.store import claims, users
from gateway.store.rows import Rows
from gateway.web import claiming, proving
from gateway.web.pages.security import me_of
from gateway.web.pages.signin import too_often
from gateway.web.visit import Id, Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])

PLACE = "/account/addresses"
GONE = 410


@router.get(PLACE)
async def show(visit: Visiting) -> Response:
    """Show them."""
    return await _shown(visit)


@router.post(PLACE)
async def add(visit: Visiting) -> Response:
    """Note an address as claimed; a letter to it asks whether that is right.

    Whoever has an address of theirs gets in as them, by a letter: so the password is asked for.
    """
    portal, form = visit.portal, await visit.form()
    typed, proof = form.text("email"), proving.tried(visit)
    wait = portal.slowing.wait(proof, visit.now)
    if wait:
        return too_often(visit, "addresses.html", wait, **await _values(visit, typed))
    one = claiming.tried(portal, visit.mine.id)
    wait = claiming.wait(portal, one)
    if wait:
        return too_often(visit, "addresses.html", wait, **await _values(visit, typed))
    try:
        await proving.present(visit, me_of(visit), form.secret("present"), "present", proof)
        sending = await claiming.claim(portal, visit.mine.id, one, typed)
    except RetryLater:
        raise
    except RingplanError as error:
        return await _shown(visit, error, typed)
    answer = visit.to(PLACE, told="sent" if sending else "waits")
    answer.background = sending
    return answer


@router.get(PLACE + "/confirm/{secret}")
async def ask(visit: Visiting, secret: str) -> Response:
    """Ask whether the address is theirs: a link alone, which programs open as well, confirms nothing."""
    async with visit.portal.store.read() as rows:
        found = await addresses.confirmed_by(rows, await _me(rows, visit), secret, visit.now)
    if found is None:
        return visit.page("addresses_over.html", GONE)
    return visit.page("addresses_confirm.html", secret=secret, email=found.email)


@router.post(PLACE + "/confirm/{secret}")
async def confirm(visit: Visiting, secret: str) -> Response:
    """Let the address be theirs."""
    email = ""
    try:
        async with visit.portal.store.write() as rows:
            found = await addresses.confirmed_by(rows, await _me(rows, visit), secret, visit.now)
            if found is None:
                return visit.page("addresses_over.html", GONE)
            email = found.email
            await addresses.confirm(rows, found, visit.now, visit.who)
    except RingplanError as error:
        return visit.page("addresses_confirm.html", error=error, secret=secret, email=email)
    return visit.to(PLACE, told="added")


@router.post(PLACE + "/main")
async def make_main(visit: Visiting) -> Response:
    """Let one be the main one."""
    form = await visit.form()
    async with visit.portal.store.write() as rows:
        user = await _me(rows, visit)
        if not await addresses.make_main(rows, user, form.text("email"), visit.now, visit.who):
            raise HTTPException(404)
    return visit.to(PLACE, told="main")


@router.post(PLACE + "/remove")
async def remove(visit: Visiting) -> Response:
    """Let one be theirs no more."""
    form = await visit.form()
    try:
        async with visit.portal.store.write() as rows:
            user = await _me(rows, visit)
            if not await addresses.remove(rows, user, form.text("email"), visit.now, visit.who):
                raise HTTPException(404)
    except RingplanError as error:
        return await _shown(visit, error)
    return visit.to(PLACE, told="removed")


@router.post(PLACE + "/claims/{claim}/remove")
async def withdraw(visit: Visiting, claim: Id) -> Response:
    """Let one that waits be gone."""
    async with visit.portal.store.write() as rows:
        if not await claims.remove(rows, visit.mine.id, claim):
            raise HTTPException(404)
    return visit.to(PLACE, told="withdrawn")


async def _me(rows: Rows, visit: Visit) -> User:
    """Return the user as they are in this transaction."""
    user = await users.get(rows, visit.mine.id)
    if user is None:
        raise HTTPException(404)
    return user


async def _shown(visit: Visit, error: RingplanError | None = None, typed: str = "") -> Response:
    return visit.page("addresses.html", error=error, **await _values(visit, typed))


async def _values(visit: Visit, typed: str) -> dict[str, Any]:
    async with visit.portal.store.read() as rows:
        user = await _me(rows, visit)
        waiting = await claims.of(rows, user.id, visit.now)
    return {"emails": user.emails, "claims": waiting, "typed": typed, "by_mail": visit.portal.post is not None}
