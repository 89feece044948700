"""Accounts at servers: the company's own, how all sources are, whose own account fails, and the company's books."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import service_accounts
from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.errors import RingplanError
from gateway.store import accounts, books, contacts, overview
from gateway.web.pages import books as books_pages
from gateway.web.paging import asked_page, many_pages
from gateway.web.visit import Id, Visit, Visiting, entered

PLACE = "/administration/accounts"
A_PAGE = 50

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show all that is not somebody's own, and what of that fails."""
    return await _list(visit)


@router.post("")
async def add(visit: Visiting) -> Response:
    """Add a service account."""
    form, portal = await visit.form(), visit.portal
    source, login = form.text("source"), form.text("login")
    try:
        async with portal.store.write() as rows:
            secret = Secret(form.secret("password"))
            added = service_accounts.add(rows, portal.installation, visit.now, visit.who, source, login, secret)
            account, read = await added
    except RingplanError as error:
        return await _list(visit, error, source=source, login=login)
    return visit.to(f"{PLACE}/{account.id}", told="added", read=str(read))


@router.get("/{account}")
async def look(account: Id, visit: Visiting) -> Response:
    """Show one account, and what can be done with it."""
    return await _one(visit, account)


@router.post("/{account}/password")
async def change(account: Id, visit: Visiting) -> Response:
    """Give an account another password."""
    form = await visit.form()
    try:
        async with visit.portal.store.write() as rows:
            secret = Secret(form.secret("password"))
            if not await service_accounts.put_password(rows, visit.now, visit.who, account, secret):
                raise HTTPException(404)
    except RingplanError as error:
        return await _one(visit, account, error)
    return visit.to(f"{PLACE}/{account}", told="password")


@router.post("/{account}/retry")
async def retry(account: Id, visit: Visiting) -> Response:
    """Let refused credentials be tried now."""
    async with visit.portal.store.write() as rows:
        if await accounts.shown(rows, account) is None:
            raise HTTPException(404)
        tried = await service_accounts.retry(rows, visit.now, visit.who, None, account)
    return visit.to(f"{PLACE}/{account}", told="tried" if tried else "well")


@router.get("/{account}/remove")
async def consider(account: Id, visit: Visiting) -> Response:
    """Say what goes with an account."""
    async with visit.portal.store.read() as rows:
        found = await accounts.shown(rows, account)
        follows = await service_accounts.follows(rows, account)
    if found is None:
        raise HTTPException(404)
    return visit.page("accounts_remove.html", account=found, follows=follows)


@router.post("/{account}/remove")
async def remove(account: Id, visit: Visiting) -> Response:
    """Remove an account with all that is read through it."""
    async with visit.portal.store.write() as rows:
        if not await service_accounts.remove(rows, visit.now, visit.who, account):
            raise HTTPException(404)
    return visit.to(PLACE, told="removed")


router.include_router(books_pages.router)


async def _one(visit: Visit, account: int, error: RingplanError | None = None) -> Response:
    async with visit.portal.store.read() as rows:
        found = await accounts.shown(rows, account)
        if found is None:
            raise HTTPException(404)
        one = await service_accounts.how(rows, found)
    return visit.page("accounts_one.html", error=error, one=one, read=visit.request.query_params.get("read", ""))


async def _list(visit: Visit, error: RingplanError | None = None, **typed: str) -> Response:
    installation, at = visit.portal.installation, asked_page(visit.request)
    async with visit.portal.store.read() as rows:
        there = {one.name: one for one in await overview.sources(rows, installation.pilot)}
        hows = await service_accounts.services(rows)
        many, failing = await overview.own_failing(rows, A_PAGE, (at - 1) * A_PAGE)
        whose = {one.account.id: one.account for one in hows}
        shelf: list[dict[str, Any]] = []
        for book in await books.company(rows):
            progress = await books.progress_of(rows, book.id)
            account = whose.get(book.account) or await accounts.shown(rows, book.account)
            count = await contacts.count(rows, book.id)
            shelf.append({"book": book, "how": progress, "source": account.source if account else "", "many": count})
    pages = many_pages(many, A_PAGE)
    if at > pages and error is None:
        return visit.to(PLACE, page=str(pages))
    names = dict.fromkeys([*service_accounts.sources(installation), *(name for name in there)])
    return visit.page(
        "accounts.html",
        error=error,
        sources=[(name, installation.sources.get(name), there.get(name)) for name in names],
        choices=[(name, name) for name in service_accounts.sources(installation)],
        services=hows,
        failing=failing,
        many=many,
        at=at,
        pages=pages,
        books=shelf,
        typed={"source": "", "login": ""} | typed,
    )
