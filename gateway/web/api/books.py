"""API: the company's address books."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from pydantic import BaseModel, Field, StringConstraints
from starlette.exceptions import HTTPException

from gateway.deciding import books as deciding
from gateway.deciding.books import HOUR, Wanted
from gateway.deciding.by import By
from gateway.deciding.pace import LONGEST, SHORTEST
from gateway.deciding.read import Stays
from gateway.domain.book import Book
from gateway.domain.signin import Scope
from gateway.store import accounts, books, contacts
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]

router = APIRouter(tags=["accounts"])

Id = Annotated[int, InPath(ge=1, le=2**53 - 1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Seconds = Annotated[int, Field(ge=SHORTEST, le=LONGEST)]


class BookTold(BaseModel):
    """A book. `refresh`: seconds, null: only when somebody asks. `succeeded` null: it has not been read yet."""

    model_config = HELD

    id: int
    name: str
    source: str
    address: str
    path: str | None
    refresh: int | None
    contacts: int
    set_aside: int
    succeeded: datetime | None
    failing_since: datetime | None
    said: str


class BookGiven(BaseModel):
    """A new book. `address` null: that of the account; `login` null: the only account of the company at the source."""

    model_config = HELD

    name: Line
    source: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    address: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None
    login: Line | None = None
    path: Line | None = None
    refresh: Seconds | None = HOUR


class BookChanged(BaseModel):
    """What is left out stays. `path` "": where it is found by itself; `refresh` null: only when somebody asks."""

    model_config = HELD

    path: Annotated[str, StringConstraints(max_length=200)] | None = None
    refresh: Seconds | None = None


@router.get("/accounts/books", name="books", dependencies=READ)
async def every(caller: Calling) -> tuple[BookTold, ...]:
    """Return the company's address books."""
    async with caller.portal.store.read() as rows:
        return tuple([await _told(rows, book) for book in await books.company(rows)])


@router.post("/accounts/books", name="add_book", status_code=201, dependencies=WRITE)
async def add(caller: Calling, new: BookGiven) -> BookTold:
    """Let a book's contacts be found by everybody."""
    wanted = Wanted(new.name, new.source, new.address, new.login, new.path, new.refresh)
    async with caller.portal.store.write() as rows:
        book = await deciding.add(rows, By(caller.now, caller.who), caller.portal.installation, wanted)
        return await _told(rows, book)


@router.patch("/accounts/books/{book}", name="change_book", dependencies=WRITE)
async def change(caller: Calling, book: Id, changed: BookChanged) -> BookTold:
    """Let a book lie elsewhere, or be read more or less often."""
    refresh = changed.refresh if "refresh" in changed.model_fields_set else Stays.STAYS
    async with caller.portal.store.write() as rows:
        known = await _known(rows, book)
        return await _told(rows, await deciding.change(rows, By(caller.now, caller.who), known, changed.path, refresh))


@router.delete("/accounts/books/{book}", name="remove_book", status_code=204, dependencies=WRITE)
async def remove(caller: Calling, book: Id) -> None:
    """Forget a book and its contacts; nothing happens where they come from."""
    async with caller.portal.store.write() as rows:
        await deciding.remove(rows, By(caller.now, caller.who), await _known(rows, book))


async def _known(rows: Rows, book: int) -> Book:
    found = await deciding.of_company(rows, book)
    if found is None:
        raise HTTPException(404, "there is no such book")
    return found


async def _told(rows: Rows, book: Book) -> BookTold:
    account, how = await accounts.shown(rows, book.account), await books.progress_of(rows, book.id)
    return BookTold(
        id=book.id,
        name=book.name,
        source=account.source if account else "",
        address=book.address,
        path=book.path,
        refresh=book.refresh,
        contacts=await contacts.count(rows, book.id),
        set_aside=how.set_aside if how else 0,
        succeeded=how.succeeded if how else None,
        failing_since=how.failing_since if how else None,
        said=(how.said or "") if how else "",
    )
