"""`ringplan contacts`: what telephones find, shown and exported."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, user_at
from gateway.deciding.contacts import kept
from gateway.deciding.spreadsheet import cells
from gateway.domain.book import Book
from gateway.domain.contact import Contact, Form, Numbering
from gateway.errors import Misconfigured
from gateway.planning.numbers import shown as shown_as
from gateway.settings import Settings
from gateway.store import organisation
from gateway.vcard.write import write

app = typer.Typer(help="Contacts that telephones find.", no_args_is_help=True)

User = Annotated[str | None, typer.Option(help="The own contacts of this number's owner.")]
Named = Annotated[str | None, typer.Option("--book", help="Those of this book of the company.")]


@app.command("list")
def show(
    context: typer.Context,
    user: User = None,
    book: Named = None,
    as_json: shown.AsJson = False,
) -> None:
    """Show the contacts of the company, of one of its books, or of one user."""
    numbering, found = perform(_found(settings_of(context), user, book))
    if as_json:
        shown.as_json([_as_json(of, one) for of, some in found for one in some])
        return
    shown.table(
        ("NAME", "COMPANY", "NUMBERS", "ADDRESSES", "BOOK"),
        (
            (one.name, one.company, ", ".join(_numbers(one, numbering)), " ".join(one.emails), of.name or "own")
            for of, some in found
            for one in some
        ),
        empty="There are no contacts: ringplan books list, and ringplan status, tell how their books are",
    )


@app.command("export")
def export(
    context: typer.Context,
    user: User = None,
    book: Named = None,
    form: Annotated[Literal["vcard", "csv"], typer.Option("--as", help="vcard or csv.")] = "vcard",
) -> None:
    """Write the same contacts to standard output, as other programs read them."""
    _, found = perform(_found(settings_of(context), user, book))
    some = [one for _, contained in found for one in contained]
    typer.echo("".join(write(one) for one in some) if form == "vcard" else _csv(some), nl=False)


async def _found(
    settings: Settings, extension: str | None, name: str | None
) -> tuple[Numbering, Sequence[tuple[Book, Sequence[Contact]]]]:
    if extension is not None and name is not None:
        raise Misconfigured("whose contacts?", "give one of --user and --book")
    async with reading(settings) as rows:
        user = (await user_at(rows, extension)).id if extension is not None else None
        return (await organisation.get(rows)).numbering, await kept(rows, user, name)


def _numbers(contact: Contact, numbering: Numbering) -> list[str]:
    return [shown_as(number, Form.WRITTEN, numbering) for number in contact.numbers]


def _as_json(book: Book, contact: Contact) -> dict[str, object]:
    return {
        "book": book.name or None,
        "name": contact.name,
        "given": contact.given,
        "family": contact.family,
        "company": contact.company,
        "title": contact.title,
        "emails": contact.emails,
        "numbers": [
            {"kind": one.kind.value, "written": one.written, "number": one.key or None} for one in contact.numbers
        ],
    }


def _csv(some: Sequence[Contact]) -> str:
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(("name", "given", "family", "company", "title", "email", "work", "mobile", "home", "other"))
    for one in some:
        numbers = {"work": "", "mobile": "", "home": "", "other": ""}
        for number in reversed(one.numbers):  # the most useful one of each kind
            numbers[number.kind.value] = number.written
        email = one.emails[0] if one.emails else ""
        fields = (one.name, one.given, one.family, one.company, one.title, email, *numbers.values())
        lines.writerow(cells(fields))
    return written.getvalue()
