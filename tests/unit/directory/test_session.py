"""Orders, pages and windows of one session, without a socket (RFC 2891, RFC 2696, draft-ietf-ldapext-ldapv3-vlv-09)."""

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.query import Filter, Present, Query, Scope, Viewer
from gateway.directory.root import root, subschema
from gateway.directory.schema import load
from gateway.directory.searching import Limits
from gateway.directory.session import Directory, Session
from gateway.directory.visitors import Visitors
from gateway.directory.wire import ber, controls
from gateway.directory.wire.messages import Bind, Control, Message, Search
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User
from tests.fakes.catalogue import BASE, FakeCatalogue, Found, person

SCHEMA = load(Path(__file__).parents[3] / "ldap" / "schema")
LETTERS = "cadbfeg"
CN = Present("sn")


@dataclass(frozen=True)
class Answered:
    names: list[str]
    code: int
    controls: dict[bytes, bytes] = field(default_factory=dict)


def session(**limits: int) -> Session:
    people = [person(number, f"x {letter}") for number, letter in enumerate(LETTERS)]
    visitors = Visitors(BASE)
    user = User(1, "1001", ("a@example.com",), ZoneInfo("UTC"))
    visitors.replace((user,), [(Device(1, 1, "desk", "poly"), hashlib.sha256(b"secret").digest())], Form.WRITTEN)
    most = Limits(**{"size": 500, "seconds": 5} | limits)
    told = root(BASE, offers_tls=False), subschema(SCHEMA)
    directory = Directory(FakeCatalogue(people), visitors, SCHEMA, most, *told, False, lambda: 0.0)
    made = Session(directory, "10.0.0.1", is_trusted=False, is_secret=True)
    made.answer(Message(1, Bind(3, b"1001", b"secret")))
    return made


async def search(one: Session, *more: Control, asked: Filter = CN, size: int = 0) -> Answered:
    wanted = Search(BASE.encode(), Scope.SUBTREE, size, 0, False, asked, ("sn",))
    answer = one.answer(Message(2, wanted, more))
    return read(answer if isinstance(answer, bytes) else b"".join([piece async for piece in answer]))


def read(data: bytes) -> Answered:
    at, names = 0, []
    while True:
        first, end = ber.expect(data, at, len(data), ber.SEQUENCE)
        _, at = ber.expect(data, first, end, ber.INTEGER)
        tag, first, at = ber.header(data, at, end)
        if tag == 0x65:
            break
        names.append(data[first:at].rpartition(b"\x04\x01")[2].decode())
        at = end
    found: dict[bytes, bytes] = {}
    if at < end:
        inner, last = ber.expect(data, at, end, 0xA0)
        while inner < last:
            begins, inner = ber.expect(data, inner, last, ber.SEQUENCE)
            oid, value = ber.expect(data, begins, inner, ber.OCTETS)
            begins, _ = ber.expect(data, value, inner, ber.OCTETS)
            found[data[oid:value]] = data[begins:inner]
    return Answered(names, data[first + 2], found)


def sort(attribute: str, *, is_reversed: bool = False, rule: str = "", critical: bool = False) -> Control:
    key = ber.tlv(ber.OCTETS, attribute.encode()) + (ber.tlv(0x80, rule.encode()) if rule else b"")
    key += ber.tlv(0x81, b"\xff") if is_reversed else b""
    return Control(controls.SORT, critical, ber.tlv(ber.SEQUENCE, ber.tlv(ber.SEQUENCE, key)))


def page(size: int, cookie: bytes = b"") -> Control:
    value = ber.encoded_integer(size) + ber.tlv(ber.OCTETS, cookie)
    return Control(controls.PAGED, True, ber.tlv(ber.SEQUENCE, value))


def window(before: int, after: int, offset: int = 0, count: int = 0, value: bytes | None = None) -> Control:
    at = ber.encoded_integer(offset) + ber.encoded_integer(count)
    target = ber.tlv(0xA0, at) if value is None else ber.tlv(0x81, value)
    counts = ber.encoded_integer(before) + ber.encoded_integer(after)
    return Control(controls.WINDOW, True, ber.tlv(ber.SEQUENCE, counts + target))


def cookie_of(answered: Answered) -> bytes:
    value = answered.controls[controls.PAGED]
    at, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
    _, at = ber.expect(value, at, end, ber.INTEGER)
    first, last = ber.expect(value, at, end, ber.OCTETS)
    return value[first:last]


def shown(answered: Answered) -> tuple[int, int, int]:
    """Position, count and result of a window."""
    value, numbers = answered.controls[controls.WINDOW_SHOWN], []
    at, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
    for _ in range(3):
        _, first, at = ber.header(value, at, end)
        numbers.append(ber.integer(value, first, at))
    return numbers[0], numbers[1], numbers[2]


@pytest.mark.parametrize(("is_reversed", "order"), [(False, "abcdefg"), (True, "gfedcba")])
async def test_entries_come_in_the_order_that_is_asked_for(is_reversed, order):
    answered = await search(session(), sort("SN", is_reversed=is_reversed, rule="caseIgnoreOrderingMatch"))
    assert "".join(answered.names) == order
    assert answered.controls[controls.SORTED] == b"\x30\x03\x0a\x01\x00"


@pytest.mark.parametrize(("attribute", "rule", "code"), [("shoeSize", "", 16), ("sn", "1.2.3", 18)])
async def test_what_cannot_be_sorted_comes_unsorted_or_not_at_all(attribute, rule, code):
    answered = await search(session(), sort(attribute, rule=rule))
    assert ("".join(answered.names), answered.code) == (LETTERS, 0)
    assert answered.controls[controls.SORTED][4] == code
    strictly = await search(session(), sort(attribute, rule=rule, critical=True))
    assert (strictly.names, strictly.code) == ([], 12)
    assert strictly.controls[controls.SORTED][4] == code


async def test_pages_make_the_whole():
    one, found, cookie = session(size=3), "", b""
    for _ in range(3):
        answered = await search(one, page(3, cookie))
        found, cookie = found + "".join(answered.names), cookie_of(answered)
        assert answered.code == 0
    assert (found, cookie) == (LETTERS, b"")


@pytest.mark.parametrize("forged", [b"x" * 16, b"x"])
async def test_a_cookie_that_was_not_given_is_refused(forged):
    one = session()
    await search(one, page(2))
    assert (await search(one, page(2, forged))).code == 53


async def test_a_cookie_is_for_its_search_its_connection_and_once():
    one, another = session(), session()
    cookie = cookie_of(await search(one, page(2)))
    assert (await search(another, page(2, cookie))).code == 53
    assert (await search(one, page(2, cookie), asked=Present("cn"))).code == 53
    assert (await search(one, page(2, cookie))).code == 53
    cookie = cookie_of(await search(one, page(2)))
    assert (await search(one, page(2, cookie))).names == list(LETTERS[2:4])
    assert (await search(one, page(2, cookie))).code == 53


async def test_pages_end_when_somebody_else_binds_or_the_client_has_enough():
    one = session()
    cookie = cookie_of(await search(one, page(2)))
    one.answer(Message(1, Bind(3, b"1001", b"secret")))
    assert (await search(one, page(2, cookie))).code == 53
    cookie = cookie_of(await search(one, page(2)))
    answered = await search(one, page(0, cookie))
    assert (answered.names, answered.code, cookie_of(answered)) == ([], 0, b"")


async def test_the_size_limit_of_the_client_is_for_all_pages():
    one = session()
    cookie = cookie_of(await search(one, page(2), size=3))
    answered = await search(one, page(2, cookie), size=3)
    assert (answered.names, answered.code) == ([LETTERS[2]], 4)


@pytest.mark.parametrize(
    ("asked", "names", "told"),
    [
        (window(1, 2, offset=3), "bcde", (3, 7, 0)),
        (window(0, 2, offset=1, count=7), "abc", (1, 7, 0)),
        (window(0, 1, offset=50, count=100), "de", (4, 7, 0)),
        (window(1, 0, offset=7, count=7), "fg", (7, 7, 0)),
        (window(1, 9, offset=99), "g", (8, 7, 0)),
        (window(1, 1, value=b"D"), "cde", (4, 7, 0)),
        (window(0, 1, value=b""), "ab", (1, 7, 0)),
        (window(2, 2, value=b"zz"), "fg", (8, 7, 0)),
        (window(0, 0), "", (0, 7, 61)),
    ],
)
async def test_a_window_shows_what_lies_around_its_target(asked, names, told):
    answered = await search(session(), sort("sn"), asked)
    assert ("".join(answered.names), shown(answered)) == (names, told)


@pytest.mark.parametrize(("is_reversed", "place"), [(False, 4), (True, 6)])
async def test_what_lacks_the_attribute_lies_behind_a_value_or_before_it_in_a_reversed_order(is_reversed, place):
    order = sort("sn", is_reversed=is_reversed)  # two entries lack it
    answered = await search(session(), order, window(0, 0, value=b"d"), asked=Present("objectClass"))
    assert (answered.names, shown(answered)) == (["d"], (place, 9, 0))


async def test_a_window_needs_an_order():
    answered = await search(session(), window(0, 1, offset=1))
    assert (answered.names, answered.code, shown(answered)[2]) == ([], 60, 60)


async def test_pages_and_windows_do_not_go_together():
    assert (await search(session(), sort("sn"), page(2), window(0, 1, offset=1))).code == 2


@dataclass
class Counting(FakeCatalogue):
    """All searches are slow; `most`: of them at a time."""

    now: int = 0
    most: int = 0

    def find(self, viewer: Viewer, query: Query) -> None:
        return None

    async def find_slowly(self, viewer: Viewer, query: Query, deadline: float) -> Found:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return self._found(viewer, query)


async def test_one_telephone_makes_one_long_search_at_a_time_however_many_connections_it_has():
    shared = replace(session()._directory, catalogue=(counting := Counting([person(1, "x a")])))
    sessions = [Session(shared, "10.0.0.1", is_trusted=False, is_secret=True) for _ in range(5)]
    for one in sessions:
        one.answer(Message(1, Bind(3, b"1001", b"secret")))
    assert [one.names for one in await asyncio.gather(*map(search, sessions))] == [["a"]] * 5
    assert counting.most == 1
    sessions.append(Session(shared, "10.0.0.2", is_trusted=True, is_secret=True))
    await asyncio.gather(*map(search, sessions))
    assert counting.most == 2
    assert not shared.busy


async def test_who_waits_for_oneself_waits_no_longer_than_a_search_may_take():
    shared = replace(session(seconds=1)._directory, catalogue=Counting([]), busy={1: asyncio.Lock()})
    await shared.busy[1].acquire()
    one = Session(shared, "10.0.0.1", is_trusted=False, is_secret=True)
    one.answer(Message(1, Bind(3, b"1001", b"secret")))
    assert (await asyncio.wait_for(search(one), 60)).code == 3


async def test_a_wrong_bind_waits_without_keeping_others_waiting():
    one = session()
    for guess in range(3):
        one.answer(Message(1, Bind(3, b"1001", b"guess %d" % guess)))
    answer = one.answer(Message(1, Bind(3, b"1001", b"secret")))
    assert not isinstance(answer, bytes)
    waits = asyncio.ensure_future(anext(aiter(answer)))
    await asyncio.sleep(0)
    assert not waits.done()
    waits.cancel()
