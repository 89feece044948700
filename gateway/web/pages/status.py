"""Status: what is not as it should be, how all parts are, and the switch that releases every telephone."""

from datetime import datetime

from fastapi import APIRouter, Depends
from markupsafe import Markup, escape
from starlette.responses import Response

from gateway.deciding import switching, sync
from gateway.deciding.report import REMARKS
from gateway.deciding.summary import Problem, for_pages, summary
from gateway.domain.signin import Role
from gateway.store import overview
from gateway.web.visit import Visit, Visiting, entered

PLACE = "/administration/status"
MOST_CAUSES = 10

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show how everything is."""
    told = visit.portal.installation
    async with visit.portal.store.read() as rows:
        now = await summary(rows, visit.now, told.pilot, with_contacts=told.directory is not None)
        calendars, books = await overview.causes(rows, told.pilot, MOST_CAUSES)
    noticed = {visit.say(REMARKS.get(kind, kind)): many for kind, many in now.calendars.remarks.items()}
    return visit.page(
        "status.html",
        of=now,
        problems=[(problem.level.name.lower(), _said(visit, problem)) for problem in for_pages(now)],
        parts=[part for part in (now.gateway, *now.parts) if part],
        calendars=calendars,
        books=books if told.directory is not None else [],
        with_contacts=told.directory is not None,
        noticed=noticed,
    )


@router.get("/off")
async def consider(visit: Visiting) -> Response:
    """Say what follows from turning everything off."""
    return visit.page("status_off.html")


@router.post("/off")
async def turn_off(visit: Visiting) -> Response:
    """Release every telephone."""
    async with visit.portal.store.write() as rows:
        await switching.turn_off(rows, visit.now, visit.who)
    return visit.to(PLACE, told="off")


@router.post("/on")
async def turn_on(visit: Visiting) -> Response:
    """Let telephones follow calendars again."""
    async with visit.portal.store.write() as rows:
        await switching.turn_on(rows, visit.now, visit.who)
    return visit.to(PLACE, told="on")


@router.post("/sync")
async def read_everything(visit: Visiting) -> Response:
    """Let every calendar and all contacts be read now."""
    async with visit.portal.store.write() as rows:
        await sync.ask(rows, None, visit.now)
    return visit.to(PLACE, told="sync")


def _said(visit: Visit, problem: Problem) -> Markup:
    """Return a problem in the visitor's language, with instants in their zone."""
    filters = visit.portal.texts.environment(visit.language).filters
    values = {
        name: filters["stamp"](value, visit.zone) if isinstance(value, datetime) else value
        for name, value in problem.values.items()
    }
    if "said" in values:
        values["said"] = filters["heard"](values["said"])
    return escape(visit.say(problem.template)).format_map(values)
