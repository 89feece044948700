"""Files of contacts for the common suite: a table, and a folder with vCards. Each change writes the file anew."""

import csv
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from gateway.domain.book import Book
from gateway.domain.contact import Kind
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.sources.file.settings import FileSettings
from gateway.sources.file.source import connect
from tests.contract.contacts import Books, Entry, vcard

COLUMNS = ("id", "given", "family", "company", "title", "email", "phone", "mobile", "home", "other")
KINDS = (Kind.WORK, Kind.MOBILE, Kind.HOME, Kind.OTHER)
GROUP = "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nFN:Everybody\r\nEND:VCARD\r\n"


async def table(_: None, folder: Path) -> AsyncIterator[Books]:
    """Yield a table, as somebody keeps it in a spreadsheet."""

    def write(entries: dict[str, Entry], spoilt: set[str]) -> None:
        with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, delimiter=";")
            rows.writerow(COLUMNS)
            rows.writerows(_row(entry) for entry in entries.values())
            rows.writerows([uid] for uid in spoilt)

    yield _books(folder, folder / "people.csv", write)


async def cards(_: None, folder: Path) -> AsyncIterator[Books]:
    """Yield a folder with vCards; a group is always there, so that there is a vCard."""
    inside = folder / "people"
    inside.mkdir()

    def write(entries: dict[str, Entry], spoilt: set[str]) -> None:
        broken = [f"BEGIN:VCARD\r\nUID:{uid}\r\nFN:\r\nEND:VCARD\r\n" for uid in spoilt]
        texts = [GROUP, *(vcard(entry) for entry in entries.values()), *broken]
        (inside / "people.vcf").write_text("".join(texts), encoding="utf-8", newline="")

    yield _books(folder, inside, write)


def _books(folder: Path, path: Path, write: Callable[[dict[str, Entry], set[str]], None]) -> Books:
    entries: dict[str, Entry] = {}
    spoilt: set[str] = set()
    write(entries, spoilt)

    def changes(change: Callable[..., None]) -> Callable[..., Awaitable[None]]:
        async def changed(*what: object) -> None:
            change(*what)
            write(entries, spoilt)

        return changed

    def put(entry: Entry) -> None:
        entries[entry.uid] = entry

    return Books(
        connect(FileSettings(path=path), lambda: time.time() + 60),
        Account(1, "files", "-", Secret("")),
        Book(1, 1, "-", name="company"),
        changes(put),
        changes(entries.__delitem__),
        spoil=changes(spoilt.add),
        nowhere=Book(1, 1, "-", name="company", path="nothing.csv"),
    )


def _row(entry: Entry) -> list[str]:
    by_kind = [" ::: ".join(number for kind, number in entry.numbers if kind is one) for one in KINDS]
    texts = [entry.uid, entry.given, entry.family, entry.company, entry.title, " ::: ".join(entry.emails)]
    return [*texts, *by_kind]
