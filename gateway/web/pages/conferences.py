"""Pages: a user's conferences, one of them in detail, and calling somebody in now."""

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import conferences
from gateway.deciding.planned import Told, named, of_user
from gateway.deciding.roll import concerned, roll, shown_to
from gateway.deciding.running import is_running
from gateway.domain.signin import Role
from gateway.errors import RingplanError
from gateway.planning.conference.calling import can_call
from gateway.store import rooms
from gateway.store.rows import Rows
from gateway.web.visit import Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@router.get("/conferences")
async def show(visit: Visiting) -> Response:
    """Show all that they have asked for or are asked to."""
    async with visit.portal.store.read() as rows:
        theirs = await of_user(rows, visit.mine, visit.now)
        numbers = {told.conference.room for told in theirs if told.conference.room is not None}
        places = await rooms.some(rows, numbers)
    return visit.page("conferences.html", theirs=theirs, places=places)


@router.get("/conferences/{name}")
async def one(visit: Visiting, name: str) -> Response:
    """Show one."""
    return await _page(visit, name)


@router.post("/conferences/{name}/calls")
async def call(visit: Visiting, name: str) -> Response:
    """Call somebody in: `who` is asked (as on the page), or `extension` is a colleague's."""
    form = await visit.form()
    who, extension = form.text("who"), form.text("extension")
    try:
        async with visit.portal.store.write() as rows:
            conference = (await _told(rows, visit, name)).conference
            if conference.organiser != visit.mine.id:
                raise HTTPException(403)
            if who:
                whom = conferences.asked(conference, who)
            else:
                whom = await conferences.colleague(rows, conference, extension)
            is_new = await conferences.call_in(rows, visit.portal.installation, conference, whom, visit.now)
    except RingplanError as error:
        return await _page(visit, name, error, extension)
    return visit.to(f"/conferences/{name}", told="called" if is_new else "already")


async def _page(visit: Visit, name: str, error: RingplanError | None = None, extension: str = "") -> Response:
    async with visit.portal.store.read() as rows:
        told = await _told(rows, visit, name)
        lines = roll(told, await concerned(rows, told))
        room = await rooms.get(rows, told.conference.room) if told.conference.room else None
        running = await is_running(rows, visit.now)
    is_mine = told.conference.organiser == visit.mine.id
    told, lines = shown_to(visit.mine, told, lines)
    return visit.page(
        "conferences_one.html",
        error=error,
        found=told,
        lines=lines,
        room=room,
        is_mine=is_mine,
        can_call=is_mine and can_call(told.conference, visit.now),
        running=running,
        extension=extension,
    )


async def _told(rows: Rows, visit: Visit, name: str) -> Told:
    found = await named(rows, name, visit.mine, visit.now)
    if found is None:
        raise HTTPException(404)
    return found
