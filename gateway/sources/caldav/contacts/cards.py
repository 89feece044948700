"""What the members of a collection say: their vCards, a page at a time.

RFC 6352 section 8.7. A server that leaves members of a page out without a word is asked for them again, as long as it
answers any. A page that is too large, since the server sends photos that nobody asked for, is asked for in halves.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.contact import Contact
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import Answer, Client, TooMuch, joined
from gateway.sources.caldav.contacts import asked
from gateway.sources.caldav.discovery import path
from gateway.sources.caldav.places import DavCollection
from gateway.vcard.contact import read
from gateway.vcard.unreadable import Unreadable

PAGE = 100  # cards


@dataclass(slots=True)
class Cards:
    """`put`: contacts; `gone`: paths at which there is none, or none any more; `set_aside`: so many were unreadable.

    `private`: whether what is marked private is taken too.
    """

    private: bool
    put: list[Contact] = field(default_factory=list, repr=False)
    gone: set[str] = field(default_factory=set, repr=False)
    set_aside: int = 0

    def take(self, where: str, text: str | None) -> None:
        """Take one card over; None: the server has not told its text."""
        try:
            contact = read(text or "", where, private=self.private)
        except Unreadable:
            contact = None
            self.set_aside += 1
        if contact is None:
            self.gone.add(where)
        else:
            self.put.append(contact)


async def fetched(client: Client, collection: DavCollection, members: Mapping[str, str], *, private: bool) -> Cards:
    """Return what the `members` (hrefs by path) say."""
    found = Cards(private)
    left, most = deque(members), PAGE
    while left:
        page = [left.popleft() for _ in range(min(most, len(left)))]
        try:
            answer = await client.report(
                collection.at, 1, asked.cards(members[where] for where in page), may_be_cut=True
            )
        except TooMuch:
            left.extendleft(reversed(page))
            if most == 1:
                found.take(left.popleft(), None)
            most = max(most // 2, 1)
            continue
        told = await asyncio.to_thread(_take, found, answer, frozenset(page))
        if told:
            left.extend(where for where in page if where not in told)
        else:
            for where in page:
                found.take(where, None)
    return found


def _take(found: Cards, answer: Answer, page: frozenset[str]) -> set[str]:
    """Take over what was asked for; return of which paths the server told anything."""
    told: set[str] = set()
    for resource in answer.resources:
        where = path(joined(answer.at, resource.href))
        if where not in page or where in told:
            continue
        told.add(where)
        if resource.is_gone:
            found.gone.add(where)
        else:
            found.take(where, resource.text(f"{dav.B}address-data"))
    return told
