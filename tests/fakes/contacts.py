"""An address book that a test writes into (`ports.ContactSource`)."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact
from gateway.errors import RingplanError


class FakeContacts:
    """Serves what books hold, by id, once `answers` is set; fails with `error`; `reads` are (book id, whole?).

    `lies` are given instead of the truth, one after the other. `forgets`: tokens are of no use any more. `has_tokens`:
    otherwise it tells everything each time. `doubles`: each contact comes twice, the older one first.
    """

    def __init__(self) -> None:
        self.error: RingplanError | None = None
        self.reads: list[tuple[int, bool]] = []
        self.lies: list[ContactChanges | None] = []
        self.forgets = False
        self.has_tokens = True
        self.doubles = False
        self.set_aside = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self._told: dict[int, list[dict[str, Contact]]] = {}  # what each book held, a state per token

    def write(self, book: int, *held: Contact) -> None:
        """Let a book hold exactly these."""
        self._told.setdefault(book, [{}]).append({contact.key: contact for contact in held})

    def slip(self, book: int, *held: Contact) -> None:
        """Let a book hold exactly these, and nobody who has a token hear of it."""
        self._told.setdefault(book, [{}])[-1] = {contact.key: contact for contact in held}

    def held(self, book: int) -> dict[str, Contact]:
        """Return what a book holds, by key."""
        return self._told.get(book, [{}])[-1]

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        self.reads.append((book.id, since is None))
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        if self.lies:
            return self.lies.pop(0)
        states = self._told.setdefault(book.id, [{}])
        token = str(len(states) - 1) if self.has_tokens else None
        if since is None or self.forgets or not since.isdecimal():
            return ContactChanges(self._twice(states[-1].values()), token=token, set_aside=self.set_aside)
        before, now = states[int(since)], states[-1]
        if before == now:
            return None
        changed = [contact for key, contact in now.items() if before.get(key) != contact]
        return ContactChanges(self._twice(changed), tuple(before.keys() - now.keys()), token, whole=False)

    def _twice(self, some: Iterable[Contact]) -> tuple[Contact, ...]:
        once = tuple(some)
        return (*(replace(one, name="who it was") for one in once), *once) if self.doubles else once
