"""One reading of one book, from the server's answer to rows; numbers get their keys on the way (planning/numbers.py).

Who has no number is not kept: no telephone could do anything with them. An answer that tells only what has changed may
have forgotten something, so each book is read whole once a day, at a time of its own.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Numbering
from gateway.engine.decided import Decided
from gateway.engine.turns import day_of
from gateway.errors import GiveUp, NotOffered
from gateway.planning.numbers import keyed
from gateway.ports import Clock, ContactSource
from gateway.store import books, contacts
from gateway.store.store import Store

AT_A_TIME = 20  # contacts, some milliseconds: calls and readings wait no longer


async def read_book(
    store: Store, decided: Decided, source: ContactSource, book: Book, clock: Clock, *, whole: bool = False
) -> bool:
    """Read `book` and keep what it holds; False: nothing is new. `whole`: whatever the token says.

    Raises what the source raises; the contacts of the reading before then stay. `NotOffered` is raised of somebody's
    own book that has no contacts alone: others have been there, or somebody asked for that book.
    """
    day = day_of(book, clock.now())
    async with store.read() as rows:
        before = await books.progress_of(rows, book.id)
        many = await contacts.count(rows, book.id)
        numbering = (await decided.now(rows)).rules.organisation.numbering
    if before is None:
        return False
    since = before.token if before.day == day and not whole else None
    try:
        changes = await _asked(source, book, since, numbering)
    except NotOffered as error:
        if many or book.owner is None:
            raise GiveUp(str(error), error.remedy) from error
        raise
    if changes is not None and _leaves_nothing(changes, many):
        # a server that has just lost a book, or its numbers, or is starting, looks like this: it has to say so twice
        changes = await _asked(source, book, None, numbering)
    if changes is None:
        return False
    day_of_whole = day if changes.whole else before.day
    async with store.write(patient=True) as rows:
        await contacts.apply(rows, book.id, changes, day=day_of_whole, epoch=before.epoch, now=clock.now())
    return True


async def _asked(source: ContactSource, book: Book, since: str | None, numbering: Numbering) -> ContactChanges | None:
    """Return what the source says, of those who have numbers, with the keys of these."""
    changes = await source.read(book, since)
    return None if changes is None else _with_numbers(replace(changes, put=await _keyed(changes.put, numbering)))


def _leaves_nothing(changes: ContactChanges, many: int) -> bool:
    """Say whether a book that has `many` contacts would be empty afterwards."""
    return many > 0 and not changes.put and (changes.whole or len(set(changes.gone)) >= many)


def _with_numbers(changes: ContactChanges) -> ContactChanges:
    """Leave out who has no number; who had one, and has none any more, is gone. Of who comes twice the last counts."""
    last = {contact.key: contact for contact in changes.put}
    without = tuple(key for key, contact in last.items() if not contact.numbers)
    put = tuple(contact for contact in last.values() if contact.numbers)
    return replace(changes, put=put, gone=(*changes.gone, *without))


async def _keyed(some: Iterable[Contact], numbering: Numbering) -> tuple[Contact, ...]:
    done = []
    for contact in some:
        done.append(keyed(contact, numbering))
        if len(done) % AT_A_TIME == 0:
            await asyncio.sleep(0)
    return tuple(done)
