"""One reading of one book."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, Numbering, PhoneNumber
from gateway.engine.books import read_book
from gateway.engine.decided import Decided
from gateway.engine.turns import day_of
from gateway.errors import Unreachable
from gateway.store import books, contacts, organisation
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.contacts import FakeContacts
from tests.unit.engine.house import noted_work
from tests.unit.store.made import HOUR, NOON, contact, filled

DAY = timedelta(days=1)
ANNA, BO = contact("anna"), contact("bo")
NOTHING = ContactChanges((), token="strange")


@pytest.fixture
async def book(store: Store) -> Book:
    async with store.write() as rows:
        return (await filled(rows))[1]


@pytest.fixture
def source() -> FakeContacts:
    return FakeContacts()


async def kept(store: Store, book: Book) -> dict[str, Contact]:
    async with store.read() as rows:
        page = await contacts.since(rows, 0)
    return {one.contact.key: one.contact for one in page.stored if one.book == book.id}


async def progress(store: Store, book: Book) -> books.Progress:
    async with store.read() as rows:
        found = await books.progress_of(rows, book.id)
    assert found
    return found


async def test_what_is_written_is_found_changed_and_gone(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, BO)
    assert await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"anna", "bo"}
    source.write(book.id, replace(ANNA, name="Anna Ek"))
    assert await read_book(store, Decided(), source, book, clock)
    assert [one.name for one in (await kept(store, book)).values()] == ["Anna Ek"]
    assert not await read_book(store, Decided(), source, book, clock)
    assert [whole for _, whole in source.reads] == [True, False, False]


async def test_numbers_get_their_keys(store: Store, book: Book, source: FakeContacts, clock: HandClock) -> None:
    async with store.write() as rows:
        ours = await organisation.get(rows)
        await organisation.put(rows, replace(ours, numbering=Numbering(country="SE", area="8")))
    source.write(book.id, replace(ANNA, numbers=(PhoneNumber(Kind.WORK, "08-50 05 01 00"),)))
    await read_book(store, Decided(), source, book, clock)
    assert [one.key for one in (await kept(store, book))["anna"].numbers] == ["+46850050100"]


async def test_who_has_no_number_is_not_kept_and_who_loses_the_last_one_goes(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, replace(BO, numbers=()))
    await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"anna"}
    source.write(book.id, replace(ANNA, numbers=()), BO)
    await read_book(store, Decided(), source, book, clock)
    assert source.reads[-1][1] is False
    assert (await kept(store, book)).keys() == {"bo"}


async def test_of_a_contact_that_comes_twice_the_last_counts(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, BO)
    await read_book(store, Decided(), source, book, clock)
    source.lies = [ContactChanges((ANNA, BO, replace(ANNA, numbers=())), token="strange", whole=False)]
    await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"bo"}


async def test_other_numbering_lets_the_book_be_read_whole(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    decided = Decided()
    source.write(book.id, replace(ANNA, numbers=(PhoneNumber(Kind.WORK, "08-50 05 01 00"),)))
    await read_book(store, decided, source, book, clock)
    async with store.write() as rows:
        ours = await organisation.get(rows)
        await organisation.put(rows, replace(ours, numbering=Numbering(country="SE")))
    await read_book(store, decided, source, book, clock)
    assert source.reads == 2 * [(book.id, True)]
    assert [one.key for one in (await kept(store, book))["anna"].numbers] == ["+46850050100"]


async def test_a_book_is_read_whole_once_a_day(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    for _ in range(49):
        await read_book(store, Decided(), source, book, clock)
        clock.turn(HOUR)
    whole = [at for at, (_, is_whole) in enumerate(source.reads) if is_whole]
    assert len(whole) == 3
    assert whole[2] - whole[1] == 24


def test_days_of_books_begin_all_over_the_day() -> None:
    half = [one for one in range(1, 1001) if day_of(Book(one, 1, ""), NOON) == NOON.date()]
    assert 490 <= len(half) <= 510
    assert all(day_of(Book(one, 1, ""), NOON + DAY) == day_of(Book(one, 1, ""), NOON) + DAY for one in half)


async def test_a_book_that_is_suddenly_empty_has_to_say_so_twice(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    await read_book(store, Decided(), source, book, clock)
    source.lies = [NOTHING]
    await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"anna"}
    assert source.reads[-1] == (book.id, True)
    source.lies = [NOTHING, NOTHING]
    await read_book(store, Decided(), source, book, clock)
    assert await kept(store, book) == {}


async def test_a_book_that_has_suddenly_no_number_has_to_say_so_twice(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, BO)
    await read_book(store, Decided(), source, book, clock)
    source.lies = [ContactChanges((replace(ANNA, numbers=()), replace(BO, numbers=())), token="strange")]
    await read_book(store, Decided(), source, book, clock, whole=True)
    assert [whole for _, whole in source.reads] == [True, True, True]
    assert (await kept(store, book)).keys() == {"anna", "bo"}


async def test_changes_that_would_leave_nothing_have_to_be_said_twice(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, BO)
    await read_book(store, Decided(), source, book, clock)
    source.lies = [ContactChanges((), ("anna", "bo", "cecilia"), "strange", whole=False)]
    await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"anna", "bo"}
    source.write(book.id)
    await read_book(store, Decided(), source, book, clock)
    assert await kept(store, book) == {}
    assert [whole for _, whole in source.reads] == [True, False, True, False, True]


async def test_a_book_that_was_empty_is_asked_once(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    await read_book(store, Decided(), source, book, clock)
    assert source.reads == [(book.id, True)]


async def test_one_that_goes_among_others_is_believed_at_once(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA, BO)
    await read_book(store, Decided(), source, book, clock)
    source.write(book.id, BO)
    await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"bo"}
    assert [whole for _, whole in source.reads] == [True, False]


async def test_contacts_stay_when_the_server_cannot_be_reached(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    await read_book(store, Decided(), source, book, clock)
    source.error = Unreachable("gone")
    with pytest.raises(Unreachable):
        await read_book(store, Decided(), source, book, clock)
    assert (await kept(store, book)).keys() == {"anna"}


async def test_a_server_without_tokens_tells_everything_each_time(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.has_tokens = False
    source.write(book.id, ANNA)
    for _ in range(2):
        await read_book(store, Decided(), source, book, clock)
    assert source.reads == 2 * [(book.id, True)]


async def test_a_server_that_was_asked_for_everything_and_tells_less_is_asked_again(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    source.lies = [ContactChanges((BO,), token="0", whole=False)]
    await read_book(store, Decided(), source, book, clock)
    await read_book(store, Decided(), source, book, clock)
    assert source.reads == 2 * [(book.id, True)]
    assert (await kept(store, book)).keys() == {"anna"}


async def test_what_is_set_aside_is_counted(store: Store, book: Book, source: FakeContacts, clock: HandClock) -> None:
    source.set_aside = 3
    source.write(book.id, ANNA)
    await read_book(store, Decided(), source, book, clock)
    assert (await progress(store, book)).set_aside == 3


async def test_a_token_of_before_the_numbering_changed_is_not_believed(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    source.answers.clear()
    reading = asyncio.create_task(read_book(store, Decided(), source, book, clock))
    await comes(lambda: len(source.reads) == 1)
    async with store.write() as rows:
        await books.reread(rows)
    source.answers.set()
    await reading
    assert (await kept(store, book)).keys() == {"anna"}
    assert (await progress(store, book)).token is None


async def test_a_book_that_is_put_away_while_it_is_read_leaves_nothing(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    source.answers.clear()
    reading = asyncio.create_task(read_book(store, Decided(), source, book, clock))
    await comes(lambda: len(source.reads) == 1)
    async with store.write() as rows:
        await books.put(rows, replace(book, enabled=False))
    source.answers.set()
    await reading
    assert await kept(store, book) == {}


async def test_a_large_book_leaves_turns_to_others(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, *(contact(f"k{number}") for number in range(500)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await read_book(store, Decided(), source, book, clock)
    counting.cancel()
    assert turns >= 10
    assert len(await kept(store, book)) == 500


async def test_a_reading_that_is_cancelled_at_any_moment_leaves_the_book_as_before_or_after(
    store: Store, book: Book, source: FakeContacts, clock: HandClock
) -> None:
    source.write(book.id, ANNA)
    await read_book(store, Decided(), source, book, clock)
    ends, turns = set(), 0
    with noted_work() as working:
        while turns < 30 or "after" not in ends:
            before = await kept(store, book), (await progress(store, book)).token
            source.write(book.id, ANNA, replace(BO, name=f"Bo {turns}"))
            reading = asyncio.create_task(read_book(store, Decided(), source, book, clock))
            for _ in range(turns):
                await asyncio.sleep(0)
                if working:
                    await asyncio.wait(working)
            reading.cancel()
            await asyncio.wait((reading,))
            now = await kept(store, book), (await progress(store, book)).token
            if now == before:
                ends.add("before")
            else:
                ends.add("after")
                assert {one.name for one in now[0].values()} == {one.name for one in source.held(book.id).values()}
                assert now[1] != before[1]
            turns += 1
    assert ends == {"before", "after"}
