"""Contacts: one's own and the company's, found as the telephone finds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding.contacts import Own, own
from gateway.domain.contact import Kind, Numbering, PhoneNumber
from gateway.domain.listing import Listed, Listing
from gateway.domain.signin import Role
from gateway.errors import RetryLater
from gateway.planning.numbers import shown
from gateway.store import books
from gateway.web.paging import asked_page, many_pages
from gateway.web.visit import Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])

A_PAGE = 50
LONGEST = 100  # characters that are looked for


@dataclass(frozen=True, slots=True)
class Line:
    """A contact as a page shows it. `numbers`: what each is for, as it is shown, and a link that dials it, or ""."""

    name: str
    company: str
    title: str
    numbers: tuple[tuple[Kind, str, str], ...]
    book: str
    is_own: bool
    is_colleague: bool


@router.get("/contacts")
async def show(visit: Visiting) -> Response:
    """Show them, fifty at a time."""
    mine, query = visit.mine, visit.request.query_params
    text, at = _typed(query.get("search", "")), asked_page(visit.request)
    search = visit.portal.search
    async with visit.portal.store.read() as rows:
        state = await own(rows, mine.id)
        names = {book.id: book.name for book in await books.company(rows)}
    error, found = None, Listing((), 0)
    try:
        found = await search(mine.id, text, (at - 1) * A_PAGE, A_PAGE) if search else found
    except RetryLater as said:
        error = said
    pages = many_pages(found.total, A_PAGE)
    if at > pages and error is None:
        return visit.to("/contacts", search=text, page=str(pages))
    return visit.page(
        "contacts.html",
        HTTPStatus.SERVICE_UNAVAILABLE if error else HTTPStatus.OK,
        error,
        search=text,
        has_directory=search is not None,
        own=state,
        Own=Own,
        Kind=Kind,
        lines=[_line(one, visit.ours.numbering, names) for one in found.some],
        total=found.total,
        page=at,
        pages=pages,
    )


def link(number: PhoneNumber) -> str:
    """Return what dials a number where somebody clicks on it (RFC 3966), "" for nothing that can be dialled."""
    dialled = number.key or "".join(each for each in number.written if each in "0123456789")
    return f"tel:{dialled}" if dialled else ""


def _line(one: Listed, numbering: Numbering, names: Mapping[int, str]) -> Line:
    contact = one.contact
    numbers = [(number.kind, shown(number, numbering.form, numbering), link(number)) for number in contact.numbers]
    return Line(
        contact.name,
        contact.company if contact.company != contact.name else "",
        contact.title,
        tuple(number for number in numbers if number[1]),
        names.get(one.book, ""),
        one.is_own,
        not one.book,
    )


def _typed(asked: str) -> str:
    return "".join(filter(str.isprintable, asked)).strip()[:LONGEST]
