"""The same entries here and in OpenLDAP, and the same questions: the same answers, but for what is named here.

What differs, and is modelled rather than tolerated:

- names are compared without accents here (`ober` finds Öberg); slapd knows case alone.
- a number is found here by what it means (`00468…` asked of `+468…`); slapd finds the forms that are stored.
- `cn`, `uid` and `mail` have no order in slapd's schema: `>=` and `<=` are Undefined there.
- `~=` is as `=` here, and slapd's own (metaphone) there: it is asked `=`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unicodedata import normalize

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import Row
from gateway.directory.query import And, Approx, AtLeast, AtMost, Equal, Filter, Not, Or, Query, Scope, Viewer
from gateway.directory.wire.answers import Refusal
from gateway.domain.contact import Form
from peers.slapd import Slapd
from tests import ldif
from tests.unit.directory.asked import some_filter
from tests.unit.directory.people import FOLDED, OURS, SWEDEN, Manner, holds, shelf, some
from tests.wire import Answer, Connection

ANNA = Viewer(1, Form.NATIONAL)
SLAPDS = Manner(lambda text: normalize("NFKC", text).lower(), keys=False, unordered=frozenset({"cn", "uid", "mail"}))
BASES = [
    *("dc=contacts", "ou=company,dc=contacts", "ou=people,dc=contacts", "uid=1,ou=people,dc=contacts"),
    *("OU=Company, DC=Contacts", "uid=c3,ou=company,dc=contacts", "UID=C1003,uid=1,ou=people,dc=contacts"),
    *("uid=c9,ou=people,dc=contacts", "uid=c999,ou=company,dc=contacts", "cn=x,uid=c3,ou=company,dc=contacts"),
    *("uid=2,ou=people,dc=contacts", "dc=x,dc=contacts", "no name", "uid=c3+sn=x,ou=company,dc=contacts"),
]


@dataclass(frozen=True, slots=True)
class Both:
    """Our catalogue, and a connection to slapd that has what Anna may see in ours. `rows`: these people."""

    ours: Catalogue
    theirs: Connection
    rows: dict[str, Row]

    def asked(self, base: str, asked: Filter, scope: Scope) -> tuple[Answer, Answer]:
        """Return our answer and theirs."""
        try:
            found = self.ours.find(ANNA, Query(base, scope, asked))
        except Refusal as refusal:
            mine = Answer((), refusal.code, refusal.matched)
        else:
            assert found is not None
            mine = Answer(tuple(segment.dn(entry) for segment, entry in found.entries), 0, "")
        return mine, self.theirs.search(base, as_slapd_knows_it(asked), scope=scope)


def as_slapd_knows_it(asked: Filter) -> Filter:
    if isinstance(asked, And | Or):
        return type(asked)(tuple(map(as_slapd_knows_it, asked.parts)))
    if isinstance(asked, Not):
        return Not(as_slapd_knows_it(asked.part))
    return Equal(asked.attribute, asked.value) if isinstance(asked, Approx) else asked


@asynccontextmanager
async def both(folder: Path, random: Random) -> AsyncIterator[Both]:
    """Start slapd with what Anna sees; Bertil's contacts are in ours alone."""
    ours = Catalogue("dc=contacts", SWEDEN)
    shelves = {
        None: shelf(ours, None, some(random, 1, 400)),
        1: shelf(ours, 1, some(random, 1001, 45, 2)),
        2: shelf(ours, 2, some(random, 2001, 45, 3)),
    }
    ours.take(shelves, SWEDEN)
    hers = [shelves[None], shelves[1]]
    told = folder / "entries.ldif"
    told.write_text(
        "".join((*ldif.tree("dc=contacts", [(1, "anna")]), *(one for of in hers for one in ldif.contacts(of))))
    )
    rows = {
        part.segment.dn(entry): part.segment.rows[entry]
        for of in hers
        for part in of.parts
        for entry in range(part.segment.size)
    }
    async with Slapd.start(told) as slapd:
        theirs = await asyncio.to_thread(Connection, slapd.port)
        try:
            yield Both(ours, theirs, rows)
        finally:
            theirs.close()


async def agree(folder: Path, seed: int, count: int) -> None:
    """Ask both so many questions."""
    random, alike = Random(seed), 0
    async with both(folder, random) as servers:

        def ask() -> bool:
            asked, scope = some_filter(random), random.choice((Scope.BASE, Scope.ONE, Scope.SUBTREE, Scope.SUBTREE))
            base = random.choice(BASES) if random.random() < 0.4 else "dc=contacts"
            mine, theirs = servers.asked(base, asked, scope)
            about = f"{base} {scope!r} {asked}"
            assert (mine.code, mine.matched.lower()) == (theirs.code, theirs.matched.lower()), about
            found, wanted = set(mine.names), {name.lower() for name in theirs.names}
            assert (len(found), len(wanted)) == (len(mine.names), len(theirs.names)), about
            reached = {name.lower() for name in _reached(servers, base, scope)} & {*servers.rows}
            assert _is_unordered(asked) or found - reached == wanted - reached, f"nodes: {about}"
            assert found & reached == _model(servers, reached, asked, OURS), about
            assert wanted & reached == _model(servers, reached, asked, SLAPDS), about
            return found == wanted

        for _ in range(count):
            alike += await asyncio.to_thread(ask)
    assert alike > count / 2, "what is named above is the lesser part"


def _is_unordered(asked: Filter) -> bool:
    """Say whether it asks for an order that slapd does not have: what it says of nodes differs then too."""
    if isinstance(asked, And | Or):
        return any(map(_is_unordered, asked.parts))
    if isinstance(asked, Not):
        return _is_unordered(asked.part)
    return isinstance(asked, AtLeast | AtMost) and FOLDED.get(asked.attribute.lower()) in SLAPDS.unordered


def _reached(servers: Both, base: str, scope: Scope) -> list[str]:
    try:
        found = servers.ours.find(ANNA, Query(base, scope, And(())))
    except Refusal:
        return []
    assert found is not None
    return [segment.dn(entry) for segment, entry in found.entries]


def _model(servers: Both, reached: set[str], asked: Filter, manner: Manner) -> set[str]:
    return {name for name in reached if holds(asked, servers.rows[name], manner)}


async def test_hundreds_of_filters_find_the_same(tmp_path: Path) -> None:
    await agree(tmp_path, seed=1, count=300)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 8))
async def test_thousands_of_filters_find_the_same(tmp_path: Path, seed: int) -> None:
    await agree(tmp_path, seed, count=1_000)
