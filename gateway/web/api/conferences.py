"""API: the conferences that one has asked for or is asked to, and calling somebody in now."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.deciding import conferences
from gateway.deciding.planned import Told, named, of_user
from gateway.deciding.roll import Line, concerned, roll, shown_to
from gateway.domain.conference import RoomOf
from gateway.domain.signin import Scope
from gateway.store import organisation, rooms
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for

router = APIRouter(tags=["conferences"])

Name = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
Extension = Annotated[str, Field(pattern="^[0-9]{1,20}$")]
State = Literal["planned", "open", "running", "cancelled", "over"]
CallState = Literal["due", "sent", "up", "over", "void"]
Result = Literal[
    "left", "busy", "noanswer", "rejected", "unregistered", "dnd", "away", "unconfirmed", "failed", "restarted", "came",
    "late", "dropped",
]  # fmt: skip
Why = Literal["unknown", "group", "not_permitted", "too_many"]


class Conference(BaseModel):
    """`room` None: none was free. `opens`: from when people are let in. `subject`: "" for a private meeting.

    `pin`: "" for none; None: there is nothing to get into any more. `dial_in`: numbers from outside, by language.
    `asked` and `inside` are counts; `left_out` is 0 for who is not the organiser.
    """

    model_config = HELD

    name: Name
    subject: str
    organiser: Extension | None
    start: datetime
    end: datetime
    opens: datetime
    closes: datetime
    room: str | None
    pin: str | None
    dial_in: dict[str, str]
    autocall: bool
    state: State
    asked: int
    inside: int
    left_out: int


class Attempt(BaseModel):
    """One call: due at `at`, handed to the PBX (`sent`), in the room (`up`), over, or never made (`void`)."""

    model_config = HELD

    state: CallState
    result: Result | None
    at: datetime
    over: datetime | None


class Stay(BaseModel):
    """`left` None: is in."""

    model_config = HELD

    since: datetime
    left: datetime | None


class Person(BaseModel):
    """Somebody who is asked, called in by hand (`asked` false), or a guest, of whom nothing is known.

    For the organiser alone: `who` names them for a call, `address` and `number` (outside), and `calls`.
    """

    model_config = HELD

    who: str | None
    extension: Extension | None
    name: str | None
    address: str | None
    number: str | None
    asked: bool
    declined: bool
    calls: tuple[Attempt, ...]
    stays: tuple[Stay, ...]


class Left(BaseModel):
    """Who is asked and not in the conference, and why."""

    model_config = HELD

    address: str
    why: Why


class Detailed(BaseModel):
    """`left_out` is empty for who is not the organiser."""

    model_config = HELD

    conference: Conference
    people: tuple[Person, ...]
    left_out: tuple[Left, ...]


class ByWho(BaseModel):
    """Somebody on the conference's list."""

    model_config = HELD

    who: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class ByExtension(BaseModel):
    """A colleague by their number, asked or not."""

    model_config = HELD

    extension: Extension


class Called(BaseModel):
    """`new` false: they are being called already, and nothing else happens."""

    model_config = HELD

    new: bool


@router.get("/conferences", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> tuple[Conference, ...]:
    """Return the conferences that you have asked for or are asked to, by time."""
    async with caller.portal.store.read() as rows:
        theirs = await of_user(rows, caller.mine, caller.now)
        places = await rooms.some(rows, {told.conference.room for told in theirs if told.conference.room is not None})
        dial_in = dict((await organisation.get(rows)).dial_in)
    return tuple(_short(shown_to(caller.mine, told, ())[0], places, dial_in) for told in theirs)


@router.get("/conferences/{name}", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def one(caller: Calling, name: Name) -> Detailed:
    """Return one of them: who is asked, how calling them went, who is in, and who was left out and why."""
    async with caller.portal.store.read() as rows:
        told = await _told(rows, caller, name)
        lines = roll(told, await concerned(rows, told))
        places = await rooms.some(rows, [told.conference.room] if told.conference.room else [])
        dial_in = dict((await organisation.get(rows)).dial_in)
    told, lines = shown_to(caller.mine, told, lines)
    return Detailed(
        conference=_short(told, places, dial_in),
        people=tuple(_person(line) for line in lines),
        left_out=tuple(Left(address=one.address, why=one.why.value) for one in told.conference.left_out),
    )


@router.post("/conferences/{name}/calls", status_code=201, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def call(caller: Calling, name: Name, new: ByWho | ByExtension) -> Called:
    """Call somebody in now, as the organiser of a conference that is open. Sent twice, there is one call."""
    async with caller.portal.store.write() as rows:
        conference = (await _told(rows, caller, name)).conference
        if conference.organiser != caller.mine.id:
            raise HTTPException(403, "only its organiser calls people in")
        if isinstance(new, ByWho):
            whom = conferences.asked(conference, new.who)
        else:
            whom = await conferences.colleague(rows, conference, new.extension)
        return Called(new=await conferences.call_in(rows, caller.portal.installation, conference, whom, caller.now))


async def _told(rows: Rows, caller: Caller, name: str) -> Told:
    found = await named(rows, name, caller.mine, caller.now)
    if found is None:
        raise HTTPException(404, "there is no such conference")
    return found


def _short(told: Told, places: dict[str, RoomOf], dial_in: dict[str, str]) -> Conference:
    conference = told.conference
    is_there = told.state.value in ("planned", "open", "running")
    room = places.get(conference.room or "") if is_there else None
    return Conference(
        name=conference.name,
        subject=conference.subject,
        organiser=told.extension or None,
        start=conference.start,
        end=conference.end,
        opens=conference.opens,
        closes=conference.closes,
        room=conference.room,
        pin=room.pin if room else None,
        dial_in=dial_in,
        autocall=conference.autocall,
        state=told.state.value,
        asked=len(conference.participants),
        inside=told.inside,
        left_out=len(conference.left_out),
    )


def _person(line: Line) -> Person:
    whom = line.participant
    return Person(
        who=line.key or None,
        extension=line.user.extension if line.user else None,
        name=line.user.name if line.user else None,
        address=(whom.address or None) if whom else None,
        number=whom.number if whom else None,
        asked=line.asked,
        declined=line.declined,
        calls=tuple(
            Attempt(state=one.state.value, result=one.result.value if one.result else None, at=one.at, over=one.over)
            for one in line.attempts
        ),
        stays=tuple(Stay(since=stay.joined, left=stay.left) for stay in line.stays),
    )
