"""API: everybody's present absence, for operators; of sensitive codes nothing that tells which.

Who set or ended an absence for whom is not noted: a row of the audit log would outlive the absence that it tells of.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from gateway.deciding import absence
from gateway.deciding.people import page_of
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.store import presence, users
from gateway.store.rows import Rows
from gateway.web.api.absences import Absence, Absences, NewAbsence, language_of, one, set_for, told
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for
from gateway.web.paging import many_pages

router = APIRouter(tags=["people"])

A_PAGE = 50

Extension = Annotated[str, Path(pattern="^[0-9]{1,20}$", description="Any number of the person's.")]


class Person(BaseModel):
    """`away`: what diverts now, or information that runs and lets the telephone ring; None: they can be reached.

    `enabled` False: the person does not take part.
    """

    model_config = HELD

    extension: str
    name: str
    enabled: bool
    away: Absence | None


class People(BaseModel):
    """One page, by name, of the `total` that are found; `pages` is how many there are, at least 1."""

    model_config = HELD

    people: tuple[Person, ...]
    total: int
    page: int
    pages: int


class OnePerson(BaseModel):
    """Somebody, with their further numbers and addresses, and how they are away."""

    model_config = HELD

    extension: str
    name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    enabled: bool
    zone: str
    absences: Absences


@router.get("/people", dependencies=[Depends(good_for(Scope.PEOPLE_READ))])
async def index(
    caller: Calling,
    search: Annotated[str, Query(max_length=100, description="Words of a name, an address, or a number.")] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    *,
    away: Annotated[bool, Query(description="Only who is away.")] = False,
) -> People:
    """Return a page of people, 50 at a time."""
    async with caller.portal.store.read() as rows:
        rules = await caller.portal.decided.house(rows)
        found = await presence.found(rows, search, caller.now, (page - 1) * A_PAGE, A_PAGE, away=away)
        seen = await page_of(rows, rules, found.users, caller.now)
    language = language_of(caller, rules)
    people = tuple(
        Person(
            extension=user.extension,
            name=user.name,
            enabled=user.enabled,
            away=one(outlook.away, user.zone, language, rules) if outlook.away else None,
        )
        for user, outlook in seen
    )
    return People(people=people, total=found.total, page=page, pages=many_pages(found.total, A_PAGE))


@router.get("/people/{extension}", dependencies=[Depends(good_for(Scope.PEOPLE_READ))])
async def show(caller: Calling, extension: Extension) -> OnePerson:
    """Return somebody, and how they are away."""
    async with caller.portal.store.read() as rows:
        user = await _somebody(rows, extension)
        absences = await told(rows, caller, user, own=False)
    return OnePerson(
        extension=user.extension,
        name=user.name,
        phones=user.phones,
        emails=user.emails,
        enabled=user.enabled,
        zone=str(user.zone),
        absences=absences,
    )


@router.put("/people/{extension}/absence", dependencies=[Depends(good_for(Scope.PEOPLE_WRITE))])
async def put(caller: Calling, extension: Extension, new: NewAbsence) -> Absences:
    """Let somebody be away from now on, in the place of an absence by hand before."""
    async with caller.portal.store.write() as rows:
        user = await _somebody(rows, extension)
        await set_for(rows, caller, user, new)
    async with caller.portal.store.read() as rows:
        return await told(rows, caller, user, own=False)


@router.delete("/people/{extension}/absence", dependencies=[Depends(good_for(Scope.PEOPLE_WRITE))])
async def end(caller: Calling, extension: Extension) -> Absences:
    """End what is in force for somebody now, and what runs beneath."""
    async with caller.portal.store.write() as rows:
        user = await _somebody(rows, extension)
        await absence.end(rows, user, caller.now)
    async with caller.portal.store.read() as rows:
        return await told(rows, caller, user, own=False)


async def _somebody(rows: Rows, extension: str) -> User:
    user = await users.by_extension(rows, extension)
    if user is None:
        raise HTTPException(404)
    return user
