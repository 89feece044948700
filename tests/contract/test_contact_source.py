"""What every source of contacts must do: one suite, held against all of `contact_sources`, real servers among them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.contact import Kind
from gateway.errors import GiveUp, RetryLater, SignInAgain
from tests.contract.contact_sources import SOURCES, able
from tests.contract.contacts import Books, Can, Entry, contacts_of, expected, loosely, named, settled, whole

BODIL = Entry(uid="bodil", given="Bodil", family="Ek")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Any:
    """What the source that the test's parameter names is read from."""
    name = SOURCES[request.node.callspec.params["books"]].server
    return request.getfixturevalue(name) if name is not None else None


@pytest_asyncio.fixture
async def books(request: pytest.FixtureRequest, server: Any, folder: Path) -> AsyncIterator[Books]:
    """An empty book at that source."""
    async for one in SOURCES[request.param].start(server, folder):
        yield one


@able(Can.DETAIL)
async def test_everything_arrives_as_it_was_written(books):
    entry = Entry(
        uid="anna",
        given="Änna",
        family="Öberg, Ås; af <&> ${X}",
        company="Räv & Son; Åre",
        title="Chef, inköp",
        emails=("anna@example.com",),
        numbers=((Kind.WORK, "+46 (0)8-123 45"), (Kind.MOBILE, "070 123 45 67"), (Kind.HOME, "0046 8 54321")),
    )
    await books.put(entry)
    read = await whole(books)
    (contact,) = read.put
    assert contact.key
    assert loosely(contact) == loosely(expected(entry, contact.key))
    assert read.set_aside == 0


@able()
async def test_an_empty_book_is_empty(books):
    read = await whole(books)
    assert (read.put, read.set_aside) == ((), 0)


@able()
async def test_what_is_read_whole_is_all_there_is_and_keeps_its_keys(books):
    await books.put(Entry(uid="anna"))
    await books.put(BODIL)
    first = named(await whole(books))
    assert set(first) == {"Anna Öberg", "Bodil Ek"}
    await books.put(replace(BODIL, numbers=((Kind.WORK, "1002"),)))
    second = named(await whole(books))
    assert {name: one.key for name, one in second.items()} == {name: one.key for name, one in first.items()}
    assert [number.written for number in second["Bodil Ek"].numbers] == ["1002"]
    await books.remove("anna")
    assert set(named(await whole(books))) == {"Bodil Ek"}


@able(Can.TELL)
async def test_an_unchanged_book_is_read_no_more(books):
    await books.put(BODIL)
    async with books.connect(books.account) as opened:
        source = contacts_of(opened)
        token = await settled(source, books)
        assert token is not None
        for _ in range(2):
            assert await source.read(books.book, token) is None
    async with books.connect(books.account) as opened:
        assert await contacts_of(opened).read(books.book, token) is None, "a token is good for another connection"


@able(Can.CHANGE)
async def test_only_what_changed_is_read(books):
    await books.put(Entry(uid="anna"))
    await books.put(BODIL)
    async with books.connect(books.account) as opened:
        source = contacts_of(opened)
        keys = {name: one.key for name, one in named(await source.read(books.book, None)).items()}
        token = await settled(source, books)
        await books.put(Entry(uid="carl", given="Carl", family="Dahl"))
        added = await source.read(books.book, token)
        assert added is not None
        assert (set(named(added)), added.gone, added.whole) == ({"Carl Dahl"}, (), False)
        await books.later()
        await books.put(replace(BODIL, family="Fors"))
        renamed = await source.read(books.book, added.token)
        assert renamed is not None
        assert named(renamed)["Bodil Fors"].key == keys["Bodil Ek"]
        assert (renamed.gone, renamed.whole) == ((), False)
        await books.later()
        await books.remove("anna")
        removed = await source.read(books.book, renamed.token)
        assert removed is not None
        assert "Anna Öberg" not in named(removed)
        assert (removed.gone, removed.whole) == ((keys["Anna Öberg"],), False)


@able(Can.CHANGE)
async def test_a_change_within_the_second_of_another_is_not_lost(books):
    async with books.connect(books.account) as opened:
        source, seen, token = contacts_of(opened), set(), None
        for name in ("Anna", "Bodil", "Carl"):
            await books.put(Entry(uid=name.lower(), given=name))
            read = await source.read(books.book, token)
            seen |= set(named(read))
            token = read.token if read is not None else token
            assert f"{name} Öberg" in seen


@able()
@pytest.mark.parametrize("token", ["", "nonsense", "[]", '{"reads":1,"books":{"/":1}}', "\x00", "☎" * 100])
async def test_a_token_that_is_of_no_use_lets_all_be_read(books, token):
    await books.put(BODIL)
    async with books.connect(books.account) as opened:
        read = await contacts_of(opened).read(books.book, token)
    assert read is not None
    assert read.whole
    assert set(named(read)) == {"Bodil Ek"}


@able(Can.SPOIL)
async def test_one_that_cannot_be_read_is_set_aside(books):
    await books.put(BODIL)
    await books.spoil("spoilt")
    read = await whole(books)
    assert set(named(read)) == {"Bodil Ek"}
    assert read.set_aside == 1


@able(Can.SPOIL, Can.CHANGE)
async def test_one_that_cannot_be_read_any_more_is_gone(books):
    await books.put(BODIL)
    async with books.connect(books.account) as opened:
        source = contacts_of(opened)
        (bodil,) = named(await source.read(books.book, None)).values()
        token = await settled(source, books)
        await books.spoil("bodil")
        read = await source.read(books.book, token)
    assert read is not None
    assert (read.put, read.gone, read.set_aside) == ((), (bodil.key,), 1)


@able(Can.SIGN)
async def test_a_wrong_password_asks_for_another(books):
    async with books.connect(books.wrong) as opened:
        with pytest.raises(SignInAgain):
            await contacts_of(opened).read(books.book, None)


@able(Can.SHARE)
async def test_a_book_of_somebody_else_is_not_read(books):
    async with books.connect(books.account) as opened:
        with pytest.raises(GiveUp) as raised:
            await contacts_of(opened).read(books.stranger, None)
        assert raised.value.remedy
        assert await contacts_of(opened).read(books.book, None), "one's own still is"


@able(Can.MISS)
async def test_a_book_that_is_not_there_is_said_to_be_missing(books):
    async with books.connect(books.account) as opened:
        with pytest.raises(GiveUp) as raised:
            await contacts_of(opened).read(books.nowhere, None)
    assert raised.value.remedy


@able(Can.BREAK)
async def test_where_nothing_answers_it_is_tried_again_later(books):
    async with books.away(books.account) as opened:
        with pytest.raises(RetryLater):
            await contacts_of(opened).read(books.book, None)
