"""What pages find: the same as a telephone does, of the whole a part, and nobody waits for it."""

import asyncio
from random import Random

import pytest

from gateway.directory.index import catalogue as index
from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.shelf import Shelf
from gateway.directory.listings import Listings
from gateway.directory.query import Equal, Filter, Query, Scope, Substrings, Viewer
from gateway.directory.typed import wanted
from gateway.domain.contact import Form
from gateway.domain.listing import Listing
from gateway.errors import RetryLater
from tests.unit.directory.people import SWEDEN, shelf, some

ANNA, BERTIL = 7, 8
SOON = 5.0


def catalogue(company: int, annas: int) -> Catalogue:
    """So many contacts of the company, from the id 1 on, and of Anna, from 1,000,001 on, in book 2."""
    random, made = Random(7), Catalogue("dc=contacts", SWEDEN)
    shelves: dict[int | None, Shelf] = {None: shelf(made, None, some(random, 1, company))}
    shelves[ANNA] = shelf(made, ANNA, some(random, 1_000_001, annas, book=2))
    made.take(shelves, SWEDEN)
    return made


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Contacts of which every search takes so long that others must have their turn."""
    monkeypatch.setattr(index, "_QUICK", 0)
    return catalogue(1_000, 0)


def names(listing: Listing) -> list[str]:
    return [one.contact.key for one in listing.some]


async def test_all_pages_together_are_what_a_telephone_finds_in_its_order():
    made = catalogue(300, 40)
    listings = Listings(made, SOON)
    for text in ("", "an", "ö", "volt", "0812", "+46 8 100 00", "62"):
        pages = [await listings.some(ANNA, text, at, 25) for at in range(0, 400, 25)]
        listed = [key for page in pages for key in names(page)]
        assert {page.total for page in pages} == {len(listed)}
        assert len(set(listed)) == len(listed)
        if text:
            found = made.find(Viewer(ANNA, Form.NATIONAL), Query("dc=contacts", Scope.SUBTREE, wanted(text)))
            assert found is not None
            assert listed == [made.contact(hit).key for hit in found.entries]
        assert [one.is_own for page in pages for one in page.some] == sorted(
            (one.is_own for page in pages for one in page.some), reverse=True
        )
        assert {one.book for page in pages for one in page.some if one.is_own} <= {2}


async def test_what_is_annas_is_nobody_elses():
    listings = Listings(catalogue(0, 40), SOON)
    assert (await listings.some(ANNA, "", 0, 50)).total == 40
    assert await listings.some(BERTIL, "", 0, 50) == Listing((), 0)


@pytest.mark.parametrize("text", [" ", "\0", "\t\x1f\n", "­", "​", "\x1f\x1e", "́", "x" * 100_000, "\ud800"])
@pytest.mark.parametrize("size", [1, 300])
async def test_nothing_that_is_typed_keeps_anybody_waiting(text: str, size: int):
    listings = Listings(catalogue(size, 1), SOON)
    assert (await listings.some(ANNA, text, 0, 50)).total <= size + 1


@pytest.mark.parametrize("part", [b" ", b"\0", b"\xcc\x81", b"\t"])
@pytest.mark.parametrize("attribute", ["cn", "mail", "telephoneNumber", "keypad"])
async def test_a_part_that_says_nothing_finds_whoever_has_the_attribute(part: bytes, attribute: str):
    """Looked for in a short column, an empty part was found again at the same place, for ever."""
    made = catalogue(2, 1)
    every: list[Filter] = [
        Substrings(attribute, part, (), None),
        Substrings(attribute, None, (part,), None),
        Substrings(attribute, None, (), part),
        Equal(attribute, part),
    ]
    for asked in every:
        found = made.find(Viewer(None, Form.NATIONAL), Query("dc=contacts", Scope.SUBTREE, asked))
        assert found is not None
        assert len(found.entries) <= 2


async def test_a_search_that_takes_too_long_ends_and_others_of_its_owner_wait_no_longer(slow: Catalogue):
    with pytest.raises(RetryLater):
        await Listings(slow, 0.0).some(ANNA, "an", 0, 50)
    listings = Listings(slow, SOON)
    found = await asyncio.gather(*(listings.some(ANNA, f"a{letter}", 0, 50) for letter in "abcdefgh"))
    assert len(found) == 8


async def test_others_have_their_turn_while_many_are_searched(slow: Catalogue, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(index, "_TURN", 0.0)
    searching = asyncio.create_task(Listings(slow, SOON).some(ANNA, "an", 0, 50))
    turns = 0
    while not searching.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 2
    assert (await searching).total > 100
