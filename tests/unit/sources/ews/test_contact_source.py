"""A folder of contacts that changes while its pages are read."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.domain.book import Book
from gateway.domain.contact import Contact
from gateway.errors import RetryLater
from gateway.sources.ews.connection.refusals import StaleState
from gateway.sources.ews.contacts import source as contacts
from gateway.sources.ews.contacts.changes import Changes, Told
from gateway.sources.ews.contacts.source import Books
from gateway.sources.ews.place import Place

OWN = Book(1, 1, "anna@example.test", owner=1)
KNOWN = '{"reads": 1, "state": "0"}'


@dataclass
class Scripted:
    """The places of an account: answers of SyncFolderItems by state, and what GetItem then says of each id."""

    pages: dict[str | None, Changes | Exception]
    told: list[Told] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    async def at(self, book: Book, doing: Any) -> Any:
        return await doing(Place("https://mail.example.test/", book.address))

    async def ask(self, _: Place, work: Any) -> Any:
        self.asked.append((work.func.__name__, work.keywords))
        if work.func.__name__ == "details":
            return self.told.pop(0)
        answer = self.pages[work.keywords["state"]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def books(scripted: Scripted) -> Books:
    places: Any = scripted
    return Books(places)


def told(*names: str, out: tuple[str, ...] = ()) -> Told:
    return Told(tuple(Contact(name, name) for name in names), out)


async def test_of_what_comes_twice_the_last_counts():
    scripted = Scripted(
        {
            "0": Changes("1", ("a", "b"), ("c", "d"), more=True),
            "1": Changes("2", ("c",), ("a",), more=False),
        },
        [told("b", out=("a",)), told("c")],
    )
    found = await books(scripted).read(OWN, KNOWN)
    assert found is not None
    assert {contact.key for contact in found.put} == {"b", "c"}
    assert set(found.gone) == {"a", "d"}
    assert found.token == '{"reads": 1, "state": "2"}'


async def test_a_state_that_is_stale_lets_all_be_read():
    scripted = Scripted({"0": StaleState("stale"), None: Changes("9", ("a",), (), more=False)}, [told("a")])
    found = await books(scripted).read(OWN, KNOWN)
    assert found is not None
    assert (found.whole, found.gone, [contact.key for contact in found.put]) == (True, (), ["a"])


async def test_what_failed_on_the_way_is_asked_again_from_the_state_that_was_believed():
    pages: dict[str | None, Changes | Exception] = {
        "0": Changes("1", (), ("a",), more=True),
        "1": RetryLater("not now"),
    }
    scripted = Scripted(pages)
    with pytest.raises(RetryLater):
        await books(scripted).read(OWN, KNOWN)
    pages["1"] = Changes("2", (), (), more=False)
    found = await books(scripted).read(OWN, KNOWN)
    assert found is not None
    assert found.gone == ("a",)


async def test_a_server_that_goes_round_in_circles_is_left_alone(monkeypatch):
    monkeypatch.setattr(contacts, "MOST_PAGES", 6)
    scripted = Scripted({"0": Changes("1", (), (), more=True), "1": Changes("0", (), (), more=True)})
    with pytest.raises(RetryLater):
        await books(scripted).read(OWN, KNOWN)
    assert len(scripted.asked) == 6


async def test_one_that_stays_where_it_is_has_come_to_its_end():
    scripted = Scripted({"0": Changes("0", (), (), more=True)})
    assert await books(scripted).read(OWN, KNOWN) is None


async def test_only_the_owner_is_told_what_is_private():
    for owner, private in ((1, True), (None, False)):
        scripted = Scripted({None: Changes("1", ("a",), (), more=False)}, [told("a")])
        await books(scripted).read(Book(1, 1, "anna@example.test", owner=owner), None)
        assert scripted.asked[-1][1]["private"] is private
