"""People, for operators: who is away now, and setting or ending an absence for somebody.

Who did so for whom is not noted: a row of the audit log would outlive the absence that it tells of.
"""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import absence
from gateway.deciding.people import Outlook, named, outlook, page_of
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.planning.targets import is_number
from gateway.store import presence, switches, users
from gateway.store.rows import Rows
from gateway.web.pages.absences import Typed, asking, beyond, fields, typed, wanted
from gateway.web.paging import asked_page, many_pages
from gateway.web.visit import Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.OPERATOR))])

A_PAGE = 50
LONGEST_SEARCH = 100


@router.get("/people")
async def show(visit: Visiting) -> Response:
    """Show everybody, or who is looked for."""
    query = visit.request.query_params
    search, away = query.get("search", "").strip()[:LONGEST_SEARCH], "away" in query
    page = asked_page(visit.request)
    async with visit.portal.store.read() as rows:
        rules = await visit.portal.decided.house(rows)
        found = await presence.found(rows, search, visit.now, (page - 1) * A_PAGE, A_PAGE, away=away)
        people = await page_of(rows, rules, found.users, visit.now)
        is_off = await switches.off_since(rows) is not None
    pages = many_pages(found.total, A_PAGE)
    if page > pages:
        return visit.to("/people", search=search, page=str(pages), **({"away": "yes"} if away else {}))
    return visit.page(
        "people.html",
        people=people,
        total=found.total,
        search=search,
        away=away,
        page=page,
        pages=pages,
        is_off=is_off,
        named=lambda code: named(code, visit.language, rules),
    )


@router.get("/people/{extension}")
async def show_one(visit: Visiting, extension: str) -> Response:
    """Show somebody."""
    return visit.page("people_one.html", **await _about(visit, extension, {}))


@router.post("/people/{extension}/absence")
async def put(visit: Visiting, extension: str) -> Response:
    """Let somebody be away from now on."""
    form = await visit.form()
    try:
        async with visit.portal.store.write() as rows:
            user = await somebody(rows, extension)
            rules = await visit.portal.decided.house(rows)
            await absence.put(rows, rules, user, wanted(form), visit.now, fields(form))
    except RingplanError as error:
        return visit.page("people_one.html", error=error, **await _about(visit, extension, typed(form)))
    return visit.to(f"/people/{user.extension}", told="set")


@router.post("/people/{extension}/absence/end")
async def end(visit: Visiting, extension: str) -> Response:
    """End what is in force for somebody."""
    async with visit.portal.store.write() as rows:
        user = await somebody(rows, extension)
        ended = await absence.end(rows, user, visit.now)
    return visit.to(f"/people/{user.extension}", told="ended" if ended else "nothing")


async def somebody(rows: Rows, extension: str) -> User:
    """Return whose number it is. Answers 404 when it is nobody's."""
    user = await users.by_extension(rows, extension) if is_number(extension) else None
    if user is None:
        raise HTTPException(404)
    return user


async def _about(visit: Visit, extension: str, filled: Typed) -> dict[str, Any]:
    async with visit.portal.store.read() as rows:
        user = await somebody(rows, extension)
        rules = await visit.portal.decided.house(rows)
        seen: Outlook = outlook(await absence.asked(rows, user), user, rules, visit.now, own=False)
        return {
            "person": user,
            "outlook": seen,
            "own": False,
            **await beyond(rows, visit, user),
            **asking(visit, rules, filled),
        }
