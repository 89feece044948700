"""The folder of contacts of one mailbox, changed by tests: each change has a number; a sync state is such a number.

Contacts and distribution lists lie in it side by side, as Outlook puts them there (Microsoft: "DistributionList").
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.exchange.items import Contact


@dataclass
class Kept:
    """A contact with the numbers of the changes that made it (`born`) and last changed it (`changed`)."""

    contact: Contact
    born: int
    changed: int


class FakeContacts:
    """Contacts by number, in the order of their making; each method is one change, as a user would make it.

    `broken`: numbers of those that SyncFolderItems tells of and GetItem cannot give ("ResponseCode", ErrorItemCorrupt).
    """

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}
        self.removed: list[tuple[int, int, int]] = []  # change that removed it, that made it, its number
        self.change_count = 0
        self.broken: set[int] = set()
        self._made = 0

    def __iter__(self) -> Iterator[tuple[int, Contact]]:
        return ((number, kept.contact) for number, kept in self.kept.items())

    def __len__(self) -> int:
        return len(self.kept)

    def put(self, contact: Contact) -> int:
        """Make a contact; return its number."""
        number, self._made = self._made, self._made + 1
        self.change_count += 1
        self.kept[number] = Kept(contact, self.change_count, self.change_count)
        return number

    def change(self, number: int, **fields: Any) -> None:
        self.change_count += 1
        kept = self.kept[number]
        kept.contact, kept.changed = replace(kept.contact, **fields), self.change_count

    def delete(self, number: int) -> None:
        """Delete it, or move it to another folder, which is the same seen from here."""
        self.change_count += 1
        self.removed.append((self.change_count, self.kept.pop(number).born, number))

    def move(self, number: int) -> int:
        """Move it out of the folder and back: it has another id then ("EWS identifiers in Exchange")."""
        contact = self.kept[number].contact
        self.delete(number)
        return self.put(contact)

    def since(self, known: int) -> list[tuple[int, str, int]]:
        """Return what changed after the change `known`: change, t:Create, t:Update or t:Delete, number; in order."""
        found = [
            (kept.changed, "t:Create" if kept.born > known else "t:Update", number)
            for number, kept in self.kept.items()
            if kept.changed > known
        ]
        return sorted(found + [(at, "t:Delete", number) for at, born, number in self.removed if at > known >= born])
