"""Pages: the rooms of conferences, for administrators. A PIN is written here, and shown to nobody."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import given
from gateway.deciding import rooms as deciding
from gateway.deciding.rooms import Change
from gateway.domain.conference import RoomOf
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.store import rooms, users
from gateway.store.rows import Rows
from gateway.web.paging import asked_page, many_pages
from gateway.web.visit import Given, Visit, Visiting, entered

PLACE = "/administration/rooms"
A_PAGE = 50
LONGEST = 20  # what is looked for

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show the rooms, page by page."""
    query = visit.request.query_params
    search, at = query.get("search", "").strip()[:LONGEST], asked_page(visit.request)
    async with visit.portal.store.read() as rows:
        found, total = await rooms.found(rows, search, (at - 1) * A_PAGE, A_PAGE)
        owners = await users.some(rows, {one.owner for one in found if one.owner is not None})
    pages = many_pages(total, A_PAGE)
    if at > pages:
        return visit.to(PLACE, search=search, page=str(pages))
    return visit.page("rooms.html", found=found, owners=owners, total=total, search=search, page=at, pages=pages)


@router.get("/new")
async def ask(visit: Visiting) -> Response:
    """Ask for a room, or for several of the pool."""
    return _form(visit, None, {"numbers": "", "owner": "", "pbx": "", "recorded": False})


@router.post("/new")
async def add(visit: Visiting) -> Response:
    """Add a room, or several for the pool."""
    form, portal = await visit.form(), visit.portal
    owner = form.text("owner")
    try:
        some = deciding.numbers("numbers", form.text("numbers"), owner or None)
        pin = given.pin("pin", form.secret("pin"))
        async with portal.store.write() as rows:
            whose = await _owner(rows, owner)
            pbx, recorded = form.text("pbx") or None, form.flag("recorded")
            await deciding.add(
                rows, visit.now, visit.who, portal.installation, some, whose, pin, recorded=recorded, pbx=pbx
            )
    except RingplanError as error:
        return _form(visit, None, _typed(form), error)
    return visit.to(PLACE, told="added")


@router.get("/edit/{number}")
async def look(visit: Visiting, number: str) -> Response:
    """Show one room as it is."""
    room, owner = await _known(visit, number)
    extension = owner.extension if owner else ""
    return _form(visit, room, {"owner": extension, "pbx": room.pbx, "recorded": room.recorded})


@router.post("/edit/{number}")
async def change(visit: Visiting, number: str) -> Response:
    """Change one room; an empty PIN stays as it is."""
    form, portal = await visit.form(), visit.portal
    room, _ = await _known(visit, number)
    owner, typed = form.text("owner"), form.secret("pin")
    try:
        pin = "" if form.flag("no_pin") else given.pin("pin", typed) or None
        async with portal.store.write() as rows:
            whose = await _owner(rows, owner)
            wanted = Change(whose, whose is None, pin, form.flag("recorded"), form.text("pbx") or None)
            await deciding.change(rows, visit.now, visit.who, portal.installation, [number], wanted)
    except RingplanError as error:
        return _form(visit, room, _typed(form), error)
    return visit.to(PLACE, told="changed")


@router.get("/remove/{number}")
async def ask_about_removing(visit: Visiting, number: str) -> Response:
    """Say what follows when a room is removed."""
    room, owner = await _known(visit, number)
    async with visit.portal.store.read() as rows:
        follows = await deciding.follows(rows, [number])
    return visit.page("rooms_remove.html", room=room, owner=owner, follows=follows)


@router.post("/remove/{number}")
async def remove(visit: Visiting, number: str) -> Response:
    """Remove a room."""
    await _known(visit, number)
    async with visit.portal.store.write() as rows:
        await deciding.remove(rows, visit.now, visit.who, [number])
    return visit.to(PLACE, told="removed")


def _form(visit: Visit, room: RoomOf | None, typed: dict[str, Any], error: RingplanError | None = None) -> Response:
    pbxs = [(name, name) for name in visit.portal.installation.pbxs]
    return visit.page("rooms_form.html", error=error, room=room, typed=typed, pbxs=pbxs)


def _typed(form: Given) -> dict[str, Any]:
    """Return what was typed, but for the PIN."""
    return {name: form.text(name) for name in ("numbers", "owner", "pbx")} | {"recorded": form.flag("recorded")}


async def _known(visit: Visit, number: str) -> tuple[RoomOf, User | None]:
    async with visit.portal.store.read() as rows:
        room = await rooms.get(rows, number)
        owner = await users.get(rows, room.owner) if room and room.owner is not None else None
    if room is None:
        raise HTTPException(404)
    return room, owner


async def _owner(rows: Rows, extension: str) -> User | None:
    return await deciding.owner(rows, extension) if extension else None
