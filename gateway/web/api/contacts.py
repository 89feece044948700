"""API: one's own contacts and the company's, found as one's telephone finds them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from gateway.domain.contact import Kind, Numbering
from gateway.domain.listing import Listed
from gateway.domain.signin import Scope
from gateway.errors import Refused
from gateway.planning.numbers import shown
from gateway.store import organisation
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["contacts"])

A_PAGE = 50


class Number(BaseModel):
    """`shown` as telephones here show it; `number`: E.164 or an extension, None where that is not known."""

    model_config = HELD

    kind: Kind
    shown: str
    number: str | None


class Contact(BaseModel):
    """`book`: one's own, the company's, or a colleague with a telephone here."""

    model_config = HELD

    name: str
    given: str
    family: str
    company: str
    title: str
    emails: tuple[str, ...]
    numbers: tuple[Number, ...]
    book: Literal["own", "company", "colleagues"]


class Contacts(BaseModel):
    """One page of what was found, one's own first, each by name; `total`: so many are on all pages."""

    model_config = HELD

    contacts: tuple[Contact, ...]
    total: int
    page: int


@router.get("/contacts", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def listed(
    caller: Calling,
    search: Annotated[str, Query(max_length=100, description="What would be typed on the telephone; empty: all.")] = "",
    page: Annotated[int, Query(ge=1, le=100_000, description="Fifty contacts each, from 1 on.")] = 1,
) -> Contacts:
    """Find contacts.

    Names and companies by their beginning, numbers in any form, names by the keys of a keypad. 409: there is no
    directory here.
    """
    mine, find = caller.mine, caller.portal.search
    if find is None:
        raise Refused("there is no directory here", "add [directory] to the settings")
    found = await find(mine.id, search, (page - 1) * A_PAGE, A_PAGE)
    async with caller.portal.store.read() as rows:
        numbering = (await organisation.get(rows)).numbering
    return Contacts(contacts=tuple(_contact(one, numbering) for one in found.some), total=found.total, page=page)


def _contact(one: Listed, numbering: Numbering) -> Contact:
    contact = one.contact
    numbers = ((number, shown(number, numbering.form, numbering)) for number in contact.numbers)
    return Contact(
        name=contact.name,
        given=contact.given,
        family=contact.family,
        company=contact.company,
        title=contact.title,
        emails=contact.emails,
        numbers=tuple(Number(kind=one.kind, shown=said, number=one.key or None) for one, said in numbers if said),
        book="own" if one.is_own else "company" if one.book else "colleagues",
    )
