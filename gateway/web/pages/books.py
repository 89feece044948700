"""The company's address books: one more, one less. How they are stands among the accounts that read them."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import books as deciding
from gateway.deciding.books import HOUR, Wanted
from gateway.deciding.by import By
from gateway.deciding.pace import pace
from gateway.domain.book import Book
from gateway.errors import RingplanError
from gateway.store import contacts
from gateway.store.rows import Rows
from gateway.web.visit import Id, Visit, Visiting

ACCOUNTS = "/administration/accounts"
TEXTS = ("name", "source", "address", "login", "path", "refresh")

router = APIRouter(prefix="/books")  # of accounts.py, which says who may enter


@router.get("/new")
async def ask(visit: Visiting) -> Response:
    """Ask for a book."""
    return _form(visit, dict.fromkeys(TEXTS, "") | {"refresh": str(HOUR)})


@router.post("/new")
async def add(visit: Visiting) -> Response:
    """Let a book's contacts be found by everybody."""
    form, portal = await visit.form(), visit.portal
    typed = {name: form.text(name) for name in TEXTS}
    try:
        refresh = pace("refresh", typed["refresh"])
        address, login, path = (typed[name] or None for name in ("address", "login", "path"))
        async with portal.store.write() as rows:
            wanted = Wanted(typed["name"], typed["source"], address, login, path, refresh)
            await deciding.add(rows, By(visit.now, visit.who), portal.installation, wanted)
    except RingplanError as error:
        return _form(visit, typed, error)
    return visit.to(ACCOUNTS, told="book_added")


@router.get("/{book}/remove")
async def consider(book: Id, visit: Visiting) -> Response:
    """Say what goes with a book."""
    async with visit.portal.store.read() as rows:
        found = await _known(rows, book)
        many = await contacts.count(rows, book)
    return visit.page("books_remove.html", book=found, many=many)


@router.post("/{book}/remove")
async def remove(book: Id, visit: Visiting) -> Response:
    """Forget a book and its contacts."""
    async with visit.portal.store.write() as rows:
        await deciding.remove(rows, By(visit.now, visit.who), await _known(rows, book))
    return visit.to(ACCOUNTS, told="book_removed")


async def _known(rows: Rows, book: int) -> Book:
    found = await deciding.of_company(rows, book)
    if found is None:
        raise HTTPException(404)
    return found


def _form(visit: Visit, typed: Mapping[str, str], error: RingplanError | None = None) -> Response:
    installation = visit.portal.installation
    return visit.page(
        "books_form.html",
        error=error,
        typed=typed,
        sources=[(name, name) for name in installation.sources],
        has_directory=installation.directory is not None,
    )
