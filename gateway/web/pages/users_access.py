"""Users, one at a time: how they sign in, the addresses that they say are theirs, and their telephones' passwords."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import addresses, inviting, phones, signing
from gateway.deciding.by import By
from gateway.domain.signin import SignIn
from gateway.domain.user import User
from gateway.store import claims, signins, users
from gateway.store.rows import Rows
from gateway.web.visit import Id, Visiting

router = APIRouter()  # of users.py, which says who may enter
PLACE = "/administration/users"


@router.post("/{user}/role")
async def put_role(user: Id, visit: Visiting) -> Response:
    """Let somebody be a user, an operator or an administrator."""
    role = signing.role("role", (await visit.form()).text("role"))
    async with visit.portal.store.write() as rows:
        await signing.put_role(rows, await _signin(rows, user), role, visit.now, visit.who)
    return visit.to(f"{PLACE}/{user}", told="role")


@router.post("/{user}/invitation")
async def invite(user: Id, visit: Visiting) -> Response:
    """Invite somebody, or let them choose a new password: by a letter, or by a link that is shown this once."""
    form, portal = await visit.form(), visit.portal
    role = signing.role("role", form.text("role")) if form.text("role") else None
    async with portal.store.write() as rows:
        one = await _user(rows, user)
        if form.flag("letter"):
            await inviting.want(rows, portal.installation, one, visit.now, visit.who, role)
            return visit.to(f"{PLACE}/{user}", told="invited")
        made = await signing.invite(rows, one, visit.now, visit.who, role)
        link = signing.link(portal.installation, made.secret)
    return visit.page("users_invited.html", one=one, link=link, until=made.until)


@router.post("/{user}/sessions")
async def end_sessions(user: Id, visit: Visiting) -> Response:
    """End all sessions of somebody, but not the one that asks for it."""
    async with visit.portal.store.write() as rows:
        await signing.end_sessions(rows, await _signin(rows, user), visit.now, visit.who, visit.cookie)
    return visit.to(f"{PLACE}/{user}", told="sessions")


@router.post("/{user}/claims/{claim}")
async def answer(user: Id, claim: Id, visit: Visiting) -> Response:
    """Let an address be somebody's, or not."""
    is_theirs = (await visit.form()).text("answer") == "confirm"
    async with visit.portal.store.write() as rows:
        found = await claims.get(rows, user, claim, visit.now)
        if found is None:
            raise HTTPException(404)
        decide = addresses.confirm if is_theirs else addresses.refuse
        await decide(rows, found, visit.now, visit.who)
    return visit.to(f"{PLACE}/{user}", told="confirmed" if is_theirs else "refused")


@router.post("/{user}/devices")
async def revoke(user: Id, visit: Visiting) -> Response:
    """Let no telephone of somebody search the directory any more, with the passwords that they have."""
    async with visit.portal.store.write() as rows:
        await phones.revoke_all(rows, By(visit.now, visit.who), await _user(rows, user))
    return visit.to(f"{PLACE}/{user}", told="revoked")


async def _user(rows: Rows, user: int) -> User:
    found = await users.get(rows, user)
    if found is None:
        raise HTTPException(404)
    return found


async def _signin(rows: Rows, user: int) -> SignIn:
    found = await signins.of_user(rows, user)
    if found is None:
        raise HTTPException(404)
    return found
