"""Nobody sees another's contacts, whatever they ask: no entry, no count, no place in a list, no code tells of them.

Each user asks the same twice: in a directory with everybody's contacts, and in one where only the company's and their
own exist. Both have to answer with the same bytes.
"""

import hashlib
import secrets
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import Row, of_contact, unpacked
from gateway.directory.index.shelf import Shelf
from gateway.directory.query import Equal, Filter, Or, Present, Scope
from gateway.directory.root import root, subschema
from gateway.directory.schema import load
from gateway.directory.searching import Limits
from gateway.directory.session import Directory, Session
from gateway.directory.visitors import Visitors
from gateway.directory.wire.messages import Bind, Compare, Control, Message, Search
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User
from tests.unit.directory.asked import some_filter
from tests.unit.directory.people import SWEDEN, person, shelf
from tests.unit.directory.test_session import page, sort, window

SCHEMA = load(Path(__file__).parents[3] / "ldap" / "schema")
USERS = (1, 2, 3, 4, 5)
BASE = "dc=contacts"
ATTRIBUTES = (("cn",), (), ("*", "+"), ("1.1",), ("numberKey", "keypad", "mail"))


def rows_of(owner: int) -> list[Row]:
    """Return the contacts of somebody; each knows somebody whom nobody else knows, and many know the same."""
    random = Random(owner)
    return [of_contact(owner * 1000 + at, owner, person(random, at)) for at in range(40)]


def session(owner: int, seen: tuple[int, ...]) -> Session:
    """Return a session of `owner`, where there are the contacts of those who are `seen`, and the company's."""
    catalogue = Catalogue(BASE, SWEDEN)
    company = [of_contact(at, 99, person(Random(at), at)) for at in range(1, 301)]
    shelves: dict[int | None, Shelf] = {of: shelf(catalogue, of, rows_of(of)) for of in seen}
    catalogue.take({**shelves, None: shelf(catalogue, None, company)}, SWEDEN)
    visitors = Visitors(BASE)
    everybody = [User(user, f"10{user:02d}", (), ZoneInfo("UTC")) for user in USERS]
    devices = [(Device(user, user, "desk", "snom"), hashlib.sha256(b"%d" % user).digest()) for user in USERS]
    visitors.replace(everybody, devices, Form.NATIONAL)
    told = root(BASE, offers_tls=False), subschema(SCHEMA)
    directory = Directory(catalogue, visitors, SCHEMA, Limits(500, 5), *told, False, lambda: 0.0)
    made = Session(directory, "10.0.0.1", is_trusted=False, is_secret=True)
    made.answer(Message(1, Bind(3, b"10%02d" % owner, b"%d" % owner)))
    assert made.is_bound
    return made


def probe(random: Random, owner: int) -> Message:
    """Return something to ask that aims at what others have."""
    other = random.choice([user for user in (*USERS, 6, 77) if user != owner])
    row = random.choice(rows_of(other))
    base = random.choice(
        [
            *(BASE, BASE, BASE, f"ou=people,{BASE}", f"uid={owner},ou=people,{BASE}", f"uid={other},ou=people,{BASE}"),
            *(f"uid=c{row.id},uid={other},ou=people,{BASE}", f"uid=c{row.id},ou=company,{BASE}"),
            *(f"uid=c{row.id},uid={owner},ou=people,{BASE}", f"UID = C{row.id} , uid={other},ou=People,{BASE}"),
        ]
    ).encode()
    asked = aimed(random, row) if random.random() < 0.5 else some_filter(random)
    if random.random() < 0.15:
        return Message(
            2, Compare(base, random.choice(("cn", "objectClass", "uid", "foo")), unpacked(row).name.encode())
        )
    more: tuple[Control, ...] = ()
    shape = random.randrange(5)
    order = sort(random.choice(("cn", "sn", "mail", "nothing")), is_reversed=random.random() < 0.3)
    if shape == 1:
        more = (order,)
    elif shape == 2:
        more = (page(random.choice((1, 7, 100))),)
    elif shape == 3:
        more = (order, window(2, 3, random.randrange(60), 0))
    elif shape == 4:
        more = (order, window(1, 1, value=unpacked(row).name.encode()))
    scope, size = random.choice(list(Scope)), random.choice((0, 0, 1, 10))
    return Message(2, Search(base, scope, size, 0, random.random() < 0.1, asked, random.choice(ATTRIBUTES)), more)


def aimed(random: Random, row: Row) -> Filter:
    contact = unpacked(row)
    names: list[Filter] = [
        Equal("uid", contact.key.encode()),
        Equal("cn", contact.name.encode()),
        Present("objectClass"),
    ]
    numbers: list[Filter] = [Equal("numberKey", number.key.encode()) for number in contact.numbers if number.key]
    return Or(tuple(random.sample([*names, *numbers], 2)))


async def answer(one: Session, message: Message) -> bytes:
    given = one.answer(message)
    return given if isinstance(given, bytes) else b"".join([piece async for piece in given])


async def probed(monkeypatch: pytest.MonkeyPatch, owner: int, count: int) -> None:
    monkeypatch.setattr(secrets, "token_bytes", lambda size: b"c" * size)
    crowded, alone = session(owner, USERS), session(owner, (owner,))
    random, told = Random(owner), 0
    for _ in range(count):
        message = probe(random, owner)
        there = await answer(crowded, message)
        assert there == await answer(alone, message), message
        told += len(there) > 40
        for other in set(USERS) - {owner}:
            assert b",uid=%d,ou=people" % other not in there
    assert told > count / 5, "much of what was asked is there"


@pytest.mark.parametrize("owner", USERS)
async def test_nobody_learns_of_what_others_have(monkeypatch: pytest.MonkeyPatch, owner: int) -> None:
    await probed(monkeypatch, owner, 200)


@pytest.mark.soak
@pytest.mark.parametrize("owner", USERS)
async def test_nobody_learns_of_what_others_have_in_thousands(monkeypatch: pytest.MonkeyPatch, owner: int) -> None:
    await probed(monkeypatch, owner, 2_000)


async def test_the_probes_would_find_what_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another user is answered is something else: the test above can fail."""
    monkeypatch.setattr(secrets, "token_bytes", lambda size: b"c" * size)
    hers, his = session(1, USERS), session(2, USERS)
    random = Random(7)
    messages = [probe(random, 1) for _ in range(100)]
    assert sum([await answer(hers, one) != await answer(his, one) for one in messages]) > 20
