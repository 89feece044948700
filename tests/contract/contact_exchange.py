"""A folder of contacts of the scripted Exchange, for the common suite of contacts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from gateway.domain.book import Book
from gateway.domain.contact import Kind
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from peers import ports
from tests.contract.calendars import account, address
from tests.contract.conftest import peopled
from tests.contract.contacts import Books, Entry
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Contact

PLACES = {  # where numbers of a kind are written, in this order
    Kind.WORK: ("BusinessPhone", "BusinessPhone2", "CompanyMainPhone"),
    Kind.MOBILE: ("MobilePhone", "CarPhone"),
    Kind.HOME: ("HomePhone", "HomePhone2"),
    Kind.OTHER: ("OtherTelephone", "Callback"),
}


async def exchange(_: Any, folder: Path) -> AsyncIterator[Books]:
    """Yield Alice's contacts; Bob's are his own."""
    async with peopled(FakeExchange()).up() as running:
        there, numbers = running.contacts(address("alice")), dict[str, int]()

        async def put(entry: Entry) -> None:
            written = vars(contact(entry))
            if entry.uid in numbers:
                there.change(numbers[entry.uid], **written)
            else:
                numbers[entry.uid] = there.put(Contact(**written))

        async def remove(uid: str) -> None:
            there.delete(numbers.pop(uid))

        async def spoil(uid: str) -> None:
            await put(Entry(uid=uid))
            there.broken.add(numbers[uid])

        port = ports.free()
        ports.release(port)
        yield Books(
            connect(EwsSettings(url=running.url)),
            account("alice"),
            Book(1, 1, address("alice"), 1),
            put,
            remove,
            spoil=spoil,
            stranger=Book(1, 1, address("bob"), 1),
            nowhere=Book(1, 1, "nobody@example.test", 1),
            wrong=account("alice", "wrong"),
            away=connect(EwsSettings(url=f"http://127.0.0.1:{port}/")),
        )


def contact(entry: Entry) -> Contact:
    """Return an entry as Outlook would keep it."""
    places = {kind: iter(names) for kind, names in PLACES.items()}
    return Contact(
        given=entry.given,
        surname=entry.family,
        company=entry.company,
        title=entry.title,
        emails=entry.emails,
        phones={next(places[kind]): number for kind, number in entry.numbers},
    )
