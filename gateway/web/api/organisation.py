"""API: organisation."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, StringConstraints

from gateway.deciding import organisation as deciding
from gateway.deciding.given import LONGEST_GRACE
from gateway.deciding.hours import write_week
from gateway.deciding.numbering import LONGEST_EXTENSION
from gateway.deciding.organisation import Given, coming_holidays
from gateway.domain.signin import Scope
from gateway.domain.user import Organisation
from gateway.store import organisation
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]
A_MINUTE = timedelta(minutes=1)

router = APIRouter(tags=["organisation"])

Language = Literal["sv", "de", "en"]
Line = Annotated[str, StringConstraints(max_length=200)]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,20}$")]
Pattern = Annotated[str, StringConstraints(pattern=r"^[0-9xX]{1,20}$")]
Outside = Annotated[str, StringConstraints(pattern=r"^[0-9xX]{1,20}[*]?$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
MANY = 100


class OrganisationTold(BaseModel):
    """What holds for everybody who has nothing of their own. `grace`: minutes."""

    model_config = HELD

    zone: str
    language: str
    hours: str
    country: str
    subdivision: str
    mode: str
    marker: str
    only_own: bool
    permitted: tuple[str, ...]
    operator: str | None
    through: tuple[str, ...]
    outside: tuple[str, ...]
    grace: int
    dial_in: dict[str, str]
    phone_country: str
    area: str
    outside_line: str
    extension_length: int
    shown_as: str


class OrganisationGiven(BaseModel):
    """What is not given stays as it is; "" and an empty list take away."""

    model_config = HELD

    zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    language: Language | None = None
    hours: Line | None = Field(None, description='"mon-fri 08:00-12:00 13:00-17:00; sat 10:00-14:00", or "none"')
    country: Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2})?$")] | None = None
    subdivision: Annotated[str, StringConstraints(max_length=10)] | None = None
    mode: Literal["codes", "show_as"] | None = None
    marker: Line | None = None
    only_own: bool | None = None
    permitted: Annotated[tuple[Pattern, ...], Field(max_length=MANY)] | None = None
    operator: Digits | None = None
    through: Annotated[tuple[Number, ...], Field(max_length=MANY)] | None = None
    outside: Annotated[tuple[Outside, ...], Field(max_length=MANY)] | None = None
    grace: Annotated[int, Field(ge=0, le=LONGEST_GRACE)] | None = None
    dial_in: dict[Language, Annotated[str, StringConstraints(max_length=40)]] | None = Field(
        None, description="All of them, by language."
    )
    phone_country: Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2})?$")] | None = None
    area: Annotated[str, StringConstraints(pattern=r"^0?([1-9][0-9]{0,5})?$")] | None = None
    outside_line: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,4}$")] | None = None
    extension_length: Annotated[int, Field(ge=1, le=LONGEST_EXTENSION)] | None = None
    shown_as: Literal["written", "e164", "national", "outside"] | None = None


class Holiday(BaseModel):
    """A day that is free."""

    model_config = HELD

    day: date
    name: str


@router.get("/organisation", dependencies=READ)
async def show(caller: Calling) -> OrganisationTold:
    """Return what holds."""
    async with caller.portal.store.read() as rows:
        return _told(await organisation.get(rows))


@router.get("/organisation/holidays", name="holidays", dependencies=READ)
async def coming(caller: Calling, many: Annotated[int, Query(ge=1, le=50)] = 10) -> tuple[Holiday, ...]:
    """Return the next public holidays, in the caller's language where their names are known in it."""
    async with caller.portal.store.read() as rows:
        ours = await organisation.get(rows)
    language = caller.user.language if caller.user else ours.language
    found = coming_holidays(ours.hours, caller.now.astimezone(ours.zone).date(), language, many)
    return tuple(Holiday(day=day, name=name) for day, name in found)


@router.patch("/organisation", dependencies=WRITE)
async def change(body: OrganisationGiven, caller: Calling) -> OrganisationTold:
    """Change what is given. Every calendar is then read anew."""
    values = body.model_dump(exclude={"dial_in"})
    guests = None if body.dial_in is None else ["", *(f"{key}={one}" for key, one in body.dial_in.items() if one)]
    async with caller.portal.store.write() as rows:
        _, after = await deciding.put(rows, caller.now, caller.who, Given(**values, dial_in=guests))
    return _told(after)


def _told(ours: Organisation) -> OrganisationTold:
    return OrganisationTold(
        zone=ours.zone.key,
        language=ours.language,
        hours=write_week(ours.hours.week),
        country=ours.hours.country,
        subdivision=ours.hours.subdivision,
        mode=ours.mode.value,
        marker=ours.marker,
        only_own=ours.only_own,
        permitted=ours.permitted,
        operator=ours.operator,
        through=ours.through,
        outside=ours.outside,
        grace=ours.grace // A_MINUTE,
        dial_in=dict(ours.dial_in),
        phone_country=ours.numbering.country,
        area=ours.numbering.area,
        outside_line=ours.numbering.outside,
        extension_length=ours.numbering.extension,
        shown_as=ours.numbering.form.value,
    )
