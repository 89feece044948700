"""API: status, and the switch that releases every telephone."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from gateway.deciding import switching, sync
from gateway.deciding.summary import problems, summary
from gateway.domain.signin import Scope
from gateway.store import overview
from gateway.store.health import Health
from gateway.store.overview import Cause
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]

MOST_CAUSES = 10

router = APIRouter(tags=["status"])


class ProblemTold(BaseModel):
    """Something that somebody should look at. `level`: "warning" or "critical"."""

    model_config = HELD

    level: str
    said: str


class PartTold(BaseModel):
    """A part of the gateway."""

    model_config = HELD

    name: str
    ok: bool
    since: datetime
    beat: datetime
    said: str
    facts: dict[str, Any]


class ReadingTold(BaseModel):
    """How many are read, how many of them cannot be, the first since when, and what could not be read in them."""

    model_config = HELD

    count: int
    failing: int
    failing_since: datetime | None
    set_aside: int


class CauseTold(BaseModel):
    """Why `count` calendars or address books (`what`) cannot be read, the first since `since`."""

    model_config = HELD

    what: Literal["calendar", "address book"]
    said: str
    count: int
    since: datetime


class ConferencesTold(BaseModel):
    """How conferences go."""

    model_config = HELD

    now: int
    inside: int
    planned: int
    without_room: int


class StatusTold(BaseModel):
    """How everything is. `level`: "ok", "warning" or "critical"; `off_since` null: it is on."""

    model_config = HELD

    now: datetime
    level: str
    problems: tuple[ProblemTold, ...]
    running: bool
    off_since: datetime | None
    parts: tuple[PartTold, ...]
    users: int
    diverted: int
    accounts: int
    calendars: ReadingTold
    noticed: dict[str, int]
    books: ReadingTold
    contacts: int
    causes: tuple[CauseTold, ...]
    conferences: ConferencesTold


@router.get("/status", dependencies=READ)
async def show(caller: Calling) -> StatusTold:
    """Return how everything is."""
    told = caller.portal.installation
    async with caller.portal.store.read() as rows:
        of = await summary(rows, caller.now, told.pilot, with_contacts=told.directory is not None)
        calendars, books = await overview.causes(rows, told.pilot, MOST_CAUSES)
    causes = [_cause("calendar", one) for one in calendars]
    causes += [_cause("address book", one) for one in books if told.directory is not None]
    parts = [part for part in (of.gateway, *of.parts) if part is not None]
    meetings = of.conferences
    return StatusTold(
        now=of.now,
        level=of.level.name.lower(),
        problems=tuple(ProblemTold(level=one.level.name.lower(), said=one.said) for one in problems(of)),
        running=of.running,
        off_since=of.off_since,
        parts=tuple(_part(part) for part in parts),
        users=of.users,
        diverted=of.diverted,
        accounts=of.accounts,
        calendars=ReadingTold(
            count=of.calendars.many,
            failing=of.calendars.failing,
            failing_since=of.calendars.since,
            set_aside=of.calendars.set_aside,
        ),
        noticed=dict(of.noticed),
        books=ReadingTold(
            count=of.books.many, failing=of.books.failing, failing_since=of.books.since, set_aside=of.books.set_aside
        ),
        contacts=of.contacts,
        causes=tuple(causes),
        conferences=ConferencesTold(
            now=meetings.now, inside=meetings.inside, planned=meetings.planned, without_room=meetings.without_room
        ),
    )


@router.put("/status/off", dependencies=WRITE, status_code=204)
async def turn_off(caller: Calling) -> None:
    """Release every telephone, until it is turned on again. Calendars are still read."""
    async with caller.portal.store.write() as rows:
        await switching.turn_off(rows, caller.now, caller.who)


@router.delete("/status/off", dependencies=WRITE, status_code=204)
async def turn_on(caller: Calling) -> None:
    """Let telephones follow calendars again."""
    async with caller.portal.store.write() as rows:
        await switching.turn_on(rows, caller.now, caller.who)


@router.post("/status/sync", dependencies=WRITE, status_code=204)
async def read_everything(caller: Calling) -> None:
    """Let every calendar and all contacts be read now."""
    async with caller.portal.store.write() as rows:
        await sync.ask(rows, None, caller.now)


def _cause(what: Literal["calendar", "address book"], one: Cause) -> CauseTold:
    return CauseTold(what=what, said=one.said, count=one.many, since=one.since)


def _part(part: Health) -> PartTold:
    return PartTold(
        name=part.name, ok=part.ok, since=part.since, beat=part.beat, said=part.said, facts=dict(part.facts)
    )
