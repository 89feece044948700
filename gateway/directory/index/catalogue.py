"""Everybody's contacts in memory, and what a viewer finds among them.

The tree: the base; `ou=company` with the company's contacts and the PBX's own users; `ou=people` with `uid=<user>` for
the viewer, and the viewer's own contacts below that. Whatever a viewer may not see is answered as what is not there.
Readers never wait: `follow` gives a shelf that is ready, and whoever has found something in the old one keeps it.
"""

import asyncio
from collections.abc import Generator, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from gateway.directory.index import bits, encoding, names
from gateway.directory.index.attributes import NUMBERS
from gateway.directory.index.encoding import Selection
from gateway.directory.index.entries import unpacked
from gateway.directory.index.evaluation import effort, leaves, tells_nodes_apart, true_for
from gateway.directory.index.found import Found, Hit, called, order_of, ordering, unsorted
from gateway.directory.index.kept import Kept
from gateway.directory.index.matching import Is, Leaf, Test, numbers_in, understood
from gateway.directory.index.segment import node
from gateway.directory.index.shelf import Part, Shelf
from gateway.directory.index.steps import run
from gateway.directory.index.tree import Branch, Group, reached
from gateway.directory.query import Query, Scope, Viewer
from gateway.directory.wire.answers import NO_SUCH_OBJECT, TIME_LIMIT_EXCEEDED, Refusal
from gateway.domain.contact import Contact, Form, Numbering
from gateway.domain.listing import Listed
from gateway.planning.numbers import candidates

T = TypeVar("T")
Answers: TypeAlias = Mapping[int, Mapping[Leaf, int | None]]  # of questions, by the serial of a segment

BASE = "dc=contacts"
_DOMAIN, _UNIT, _ACCOUNT = ("top", "domain"), ("top", "organizationalUnit"), ("top", "account")
_NODE = node("ou=", "", _UNIT)
_QUICK = 80_000  # entries times the effort of questions that are answered within a few milliseconds
_SORTED = 2_000  # entries that are sorted within a few milliseconds
_TURN = 0.002  # seconds that a slow search takes at a time
_PLACES = 1_000  # bases of searches whose places in the tree are kept, and up to twice as many
_ENCODED = 12_000  # entries that are kept as they were answered, and up to twice as many


class Catalogue:
    """`base` names the top. Empty until `take` and `hold` were called. `numbering`: how numbers are written here."""

    def __init__(self, base: str = BASE, numbering: Numbering | None = None) -> None:
        self.base = base
        self.numbering = numbering or Numbering()
        self._numbers = numbers_in(self.numbering)
        self._name = names.parsed(base)
        own, _, above = base.partition(",")
        self._top = node(own.strip(), above.strip(), _DOMAIN if own.lower().startswith("dc=") else _UNIT)
        self._people = node("ou=people", base, _UNIT)
        self._shelves: Mapping[int | None, Shelf] = MappingProxyType({})
        self._company = self._branch_of_company()
        self._known: Kept[tuple[int | None, str, Scope], list[Group]] = Kept(_PLACES)
        self._encoded: Kept[tuple[int, int, int], bytes] = Kept(_ENCODED)

    def take(self, shelves: Mapping[int | None, Shelf], numbering: Numbering) -> None:
        """Hold these shelves and no others, by owner, None: the company."""
        self._shelves = dict(shelves)
        self.numbering = numbering
        self._numbers = numbers_in(numbering)
        self._company = self._branch_of_company()
        self._known = Kept(_PLACES)
        self._encoded = Kept(_ENCODED)

    def hold(self, owner: int | None, shelf: Shelf | None) -> None:
        """Hold this shelf in place of the owner's former one, None: none."""
        others = {whose: one for whose, one in self._shelves.items() if whose != owner}
        self._shelves = others if shelf is None else {**others, owner: shelf}
        self._company = self._branch_of_company()
        self._known = Kept(_PLACES)

    def above(self, owner: int | None) -> str:
        """Return the name above the contacts of an owner, None: of the company."""
        return f"ou=company,{self.base}" if owner is None else f"uid={owner},ou=people,{self.base}"

    def find(self, viewer: Viewer, query: Query) -> Found | None:
        """Return what `viewer` may see of what was asked; None: that would take more than a few milliseconds.

        One's own contacts come first, then the company's, by folded name, or all in the order that was asked for.
        Raises `Refusal`: noSuchObject, invalidDNSyntax.
        """
        groups = self._reached(viewer, query)
        test = understood(query.filter, self._numbers)
        if isinstance(test, Is) and test.columns[0] in NUMBERS and not query.order:  # a call comes in
            return Found(called(test, groups))
        asked = list(leaves(test))
        if sum([part.segment.size for group in groups for part in group]) * sum(map(effort, asked)) > _QUICK:
            return None
        found = _matching(test, asked, groups)
        order = order_of(query.order)
        return Found(run(ordering(found, order))) if unsorted(found, order) <= _SORTED else None

    async def find_slowly(self, viewer: Viewer, query: Query, deadline: float) -> Found:
        """As `find`, giving way to others every two milliseconds. Raises `Refusal` at `deadline` too."""
        turns = _Turns(deadline)
        groups = self._reached(viewer, query)
        test = understood(query.filter, self._numbers)
        asked = list(leaves(test))
        known: dict[int, Mapping[Leaf, int | None]] = {}
        for segment in [part.segment for group in groups for part in group]:
            known[segment.serial] = {leaf: await turns.through(segment.working(leaf)) for leaf in asked}
        return Found(await turns.through(ordering(_matching(test, asked, groups, known), order_of(query.order))))

    def selection(self, attributes: tuple[str, ...], types_only: bool, form: Form) -> Selection:
        """Return what stands for these attributes, numbers shown in `form`."""
        return encoding.selection(attributes, types_only, form)

    def entry(self, hit: Hit, selection: Selection) -> bytes:
        """Return one entry as it goes over the wire: a SearchResultEntry (RFC 4511, section 4.5.2) with its tag."""
        segment, entry = hit
        key = (segment.serial, entry, selection.serial)
        found = self._encoded.get(key)
        if found is None:
            found = encoding.encoded(segment, entry, selection, self.numbering)
            self._encoded.put(key, found)
        return found

    def contact(self, hit: Hit) -> Contact:
        """Return who an entry is, with the numbers as they are kept."""
        segment, entry = hit
        return unpacked(segment.rows[entry])

    def listed(self, hit: Hit, owner: int) -> Listed:
        """Return who an entry is, and out of which book, for `owner`, who has found it."""
        segment, entry = hit
        row = segment.rows[entry]
        return Listed(unpacked(row), row.book, is_own=segment.above == self.above(owner))

    def name_of(self, owner: int | None, number: str) -> str | None:
        """Return who has a number, as a trunk sends it: of the owner's own contacts, else of the company's."""
        keys = candidates(number, self.numbering)
        if not keys:
            return None
        for shelf in (self._shelves.get(owner) if owner is not None else None, self._shelves.get(None)):
            for key in keys:  # the likelier meaning first
                for part in shelf.parts if shelf else ():
                    found = (part.segment.where(Is(NUMBERS, (key,))) or 0) & part.there
                    if found:
                        return unpacked(part.segment.rows[next(bits.each(found))]).name
        return None

    def _reached(self, viewer: Viewer, query: Query) -> list[Group]:
        """Return what lies in the scope of a query, the viewer's own contacts first, then the company's."""
        asked = (viewer.owner, query.base, query.scope)
        known = self._known.get(asked)
        if known is None:
            known = self._looked_up(viewer, query)
            self._known.put(asked, known)
        return known

    def _looked_up(self, viewer: Viewer, query: Query) -> list[Group]:
        base = names.parsed(query.base)
        depth = len(base) - len(self._name)
        if depth < 0 or base[depth:] != self._name:
            raise Refusal(NO_SUCH_OBJECT)
        people = Branch(self._people)
        if viewer.owner is not None:
            own = node(f"uid={viewer.owner}", self._people.dn(0), _ACCOUNT)
            people.inner[(("uid", str(viewer.owner)),)] = Branch(own, people=self._parts(viewer.owner))
        root = Branch(self._top, {(("ou", "people"),): people, (("ou", "company"),): self._company})
        return reached(root, base[:depth], query.scope)

    def _parts(self, owner: int | None) -> Group:
        shelf = self._shelves.get(owner)
        return shelf.parts if shelf else ()

    def _branch_of_company(self) -> Branch:
        return Branch(node("ou=company", self.base, _UNIT), people=self._parts(None))


class _Turns:
    """Lets others have the loop every two milliseconds, until `deadline` (of the loop's time)."""

    def __init__(self, deadline: float) -> None:
        self._time = asyncio.get_running_loop().time
        self._deadline = deadline
        self._began = self._time()

    async def through(self, steps: Generator[None, None, T]) -> T:
        """Do all of this, and return what it returns."""
        while True:
            await self.over()
            try:
                next(steps)
            except StopIteration as ended:
                result: T = ended.value
                return result

    async def over(self) -> None:
        """Let others have a turn where they had none for long. Raises `Refusal` (timeLimitExceeded)."""
        now = self._time()
        if now > self._deadline:
            raise Refusal(TIME_LIMIT_EXCEEDED)
        if now > self._began + _TURN:
            await asyncio.sleep(0)
            self._began = self._time()


def _matching(test: Test, asked: Iterable[Leaf], groups: Iterable[Group], known: Answers | None = None) -> list[Group]:
    """Return what of each group a filter is true for; all nodes at once where it does not tell them apart."""
    nodes = None if any(map(tells_nodes_apart, asked)) else true_for(test, _NODE)
    found: list[Group] = []
    for group in groups:
        matching = []
        for segment, there in group:
            is_known = nodes is not None and segment.fixed
            where = known[segment.serial].__getitem__ if known else None
            left = there & ((nodes or 0) if is_known else true_for(test, segment, where))
            if left:
                matching.append(Part(segment, left))
        if matching:
            found.append(matching)
    return found
