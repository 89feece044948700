"""What is found: against a model that goes through everybody one by one, and who sees what."""

import asyncio
from itertools import pairwise
from random import Random

import pytest

from gateway.directory.index import bits
from gateway.directory.index.catalogue import Catalogue
from gateway.directory.index.entries import Row, unpacked
from gateway.directory.index.found import Hit
from gateway.directory.index.segment import answers_kept
from gateway.directory.index.shelf import changing
from gateway.directory.index.steps import run
from gateway.directory.query import And, Equal, Filter, Not, Or, Present, Query, Scope, SortKey, Substrings, Viewer
from gateway.directory.wire.answers import INVALID_DN_SYNTAX, NO_SUCH_OBJECT, TIME_LIMIT_EXCEEDED, Refusal
from gateway.domain.contact import Form
from tests.unit.directory.asked import some_filter
from tests.unit.directory.people import SWEDEN, holds, plain, shelf, some

ANNA, BERTIL, NOBODY = Viewer(1, Form.NATIONAL), Viewer(2, Form.NATIONAL), Viewer(None, Form.NATIONAL)
PEOPLE = Equal("objectClass", b"person")


def catalogue_of(*rows: list[Row]) -> Catalogue:
    """The company's rows, then Anna's, then Bertil's."""
    catalogue = Catalogue("dc=contacts", SWEDEN)
    owners = (None, 1, 2)
    catalogue.take({owner: shelf(catalogue, owner, mine) for owner, mine in zip(owners, rows, strict=True)}, SWEDEN)
    return catalogue


@pytest.fixture(scope="module")
def random() -> Random:
    return Random(20)


@pytest.fixture(scope="module")
def rows(random: Random) -> tuple[list[Row], list[Row], list[Row]]:
    return some(random, 1, 400), some(random, 1001, 45, 2), some(random, 2001, 45, 3)


@pytest.fixture(scope="module")
def catalogue(rows: tuple[list[Row], ...]) -> Catalogue:
    return catalogue_of(*rows)


def found(
    catalogue: Catalogue, viewer: Viewer, asked: Filter, base: str = "dc=contacts", scope=Scope.SUBTREE, order=()
):
    query = Query(base, scope, asked, order=order)
    hits = catalogue.find(viewer, query)
    assert hits is not None
    return list(hits.entries)


def ids(hits: list[Hit]) -> list[int]:
    return [segment.rows[entry].id for segment, entry in hits if not segment.fixed]


def test_every_filter_finds_whom_a_look_at_everybody_finds(catalogue, rows, random):
    company, hers, _ = rows
    hit = 0
    for _ in range(300):
        asked = some_filter(random)
        got = found(catalogue, ANNA, And((PEOPLE, asked)))
        wanted = {row.id for row in (*company, *hers) if holds(asked, row)}
        assert set(ids(got)) == wanted, asked
        assert len(got) == len(wanted)
        hit += bool(wanted) and len(wanted) < 445
    assert hit > 45, "most filters find somebody, and not everybody"


def test_ones_own_come_first_each_by_folded_name(catalogue, rows):
    got = found(catalogue, ANNA, Substrings("cn", b"an", (), None))
    names = [plain(segment.rows[entry].packed.decode().split("\x1f")[0]) for segment, entry in got]
    own = [at for at, id_ in enumerate(ids(got)) if id_ > 1000]
    assert own == list(range(len(own)))
    assert names == [*sorted(names[: len(own)]), *sorted(names[len(own) :])]


def test_an_order_that_is_asked_for_holds_for_all_together(catalogue):
    hits = found(catalogue, ANNA, Present("mail"), order=(SortKey("sn", is_reversed=True), SortKey("givenName")))
    keys = [(segment.column(1).first(entry), segment.column(2).first(entry)) for segment, entry in hits]
    families = [family for family, _ in keys]
    assert families == sorted(families, reverse=True)
    for family in set(families):
        given = [one or "\U0010ffff" for other, one in keys if other == family]
        assert given == sorted(given), "who has none comes last"


def test_hits_are_cut_as_lists_are(catalogue):
    entries = catalogue.find(ANNA, Query("dc=contacts", Scope.SUBTREE, Present("cn"))).entries
    whole = list(entries)
    for cut in (slice(0, 50), slice(40, 60), slice(440, 900), slice(-3, None), slice(5, 2), slice(0, 9, 3)):
        assert list(entries[cut]) == whole[cut]
    assert entries[44] == whole[44]
    assert entries[-1] == whole[-1]
    with pytest.raises(IndexError):
        entries[len(whole)]


def test_another_users_contacts_are_not_there(catalogue):
    seen = set(ids(found(catalogue, ANNA, Present("objectClass"))))
    assert seen == {*range(1, 401), *range(1001, 1046)}
    assert set(ids(found(catalogue, NOBODY, Present("objectClass")))) == set(range(1, 401))
    for base in ("uid=2,ou=people,dc=contacts", "uid=c2001,uid=2,ou=people,dc=contacts", "uid=3,ou=people,dc=contacts"):
        with pytest.raises(Refusal) as refused:
            found(catalogue, ANNA, Present("objectClass"), base)
        assert (refused.value.code, refused.value.matched) == (NO_SUCH_OBJECT, "ou=people,dc=contacts")


@pytest.mark.parametrize(
    ("base", "scope", "wanted"),
    [
        ("dc=contacts", Scope.BASE, {"dc=contacts"}),
        ("dc=contacts", Scope.ONE, {"ou=company,dc=contacts", "ou=people,dc=contacts"}),
        ("ou=people,dc=contacts", Scope.ONE, {"uid=1,ou=people,dc=contacts"}),
        ("OU = People , DC=Contacts", Scope.BASE, {"ou=people,dc=contacts"}),
        ("uid=c7,ou=company,dc=contacts", Scope.SUBTREE, {"uid=c7,ou=company,dc=contacts"}),
        ("UID=C7,ou=company,dc=contacts", Scope.BASE, {"uid=c7,ou=company,dc=contacts"}),
        ("uid=c7,ou=company,dc=contacts", Scope.ONE, set()),
        ("uid=c1001,uid=1,ou=people,dc=contacts", Scope.BASE, {"uid=c1001,uid=1,ou=people,dc=contacts"}),
    ],
)
def test_scopes(catalogue, base, scope, wanted):
    hits = found(catalogue, ANNA, Present("objectClass"), base, scope)
    assert {segment.dn(entry) for segment, entry in hits} == wanted


@pytest.mark.parametrize(
    ("base", "code", "matched"),
    [
        ("dc=elsewhere", NO_SUCH_OBJECT, ""),
        ("dc=org,dc=contacts", NO_SUCH_OBJECT, "dc=contacts"),
        ("uid=c9999,ou=company,dc=contacts", NO_SUCH_OBJECT, "ou=company,dc=contacts"),
        ("uid=c7+cn=x,ou=company,dc=contacts", NO_SUCH_OBJECT, "ou=company,dc=contacts"),
        ("uid=x,uid=c7,ou=company,dc=contacts", NO_SUCH_OBJECT, "uid=c7,ou=company,dc=contacts"),
        ("nothing", INVALID_DN_SYNTAX, ""),
    ],
)
def test_what_is_not_there(catalogue, base, code, matched):
    with pytest.raises(Refusal) as refused:
        found(catalogue, ANNA, Present("objectClass"), base)
    assert (refused.value.code, refused.value.matched) == (code, matched)


async def test_what_takes_long_is_answered_in_turns(catalogue, rows):
    parts = tuple(Substrings("cn", None, (f"{number}".encode(),), None) for number in range(450))
    query = Query("dc=contacts", Scope.SUBTREE, Not(Or(parts)), order=(SortKey("sn"),))
    assert catalogue.find(ANNA, query) is None
    slowly = await catalogue.find_slowly(ANNA, query, deadline=float("inf"))
    assert set(ids(list(slowly.entries))) == {row.id for mine in rows[:2] for row in mine}
    with pytest.raises(Refusal) as refused:
        await catalogue.find_slowly(ANNA, query, deadline=0.0)
    assert refused.value.code == TIME_LIMIT_EXCEEDED


async def test_parts_that_follow_each_other_in_all_names_keep_nobody_waiting(random):
    catalogue = catalogue_of(some(random, 1, 3_000), [], [])
    parts = tuple(Substrings("name", None, (bytes((one,)), bytes((two,))), None) for one, two in pairwise(b"abcdefgh"))
    query = Query("dc=contacts", Scope.SUBTREE, Or(parts))
    assert catalogue.find(ANNA, query) is None
    searching = asyncio.create_task(catalogue.find_slowly(ANNA, query, float("inf")))
    turns = 0
    while not searching.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    model = {row.id for row in catalogue._shelves[None].rows() if _in_some_name(row)}
    assert set(ids(list((await searching).entries))) == model


@pytest.mark.parametrize("entries", [256, 10_000, 1_000_000])
def test_answers_that_are_kept_have_so_many_bytes_and_no_more(entries):
    assert 100 < answers_kept(entries) <= 2_048
    assert answers_kept(entries) * (entries // 8) <= 16 << 20


def _in_some_name(row: Row) -> bool:
    contact = unpacked(row)
    names = [plain(one) for one in (contact.name, contact.given, contact.family, contact.company, contact.title)]
    return any(0 <= name.find(one) < name.rfind(two) for name in names for one, two in pairwise("abcdefgh"))


def test_a_shelf_that_changes_is_as_one_made_anew(random):
    catalogue = catalogue_of(some(random, 1, 300), [], [])
    now = {row.id: row for row in catalogue._shelves[None].rows()}
    kept = catalogue._shelves[None]
    for step in range(15):
        put = some(random, random.randrange(1, 400), random.choice((1, 1, 5, 40)))
        gone = set(random.sample(sorted(now), random.choice((0, 1, 7)))) - {row.id for row in put}
        kept = run(changing(kept, put, gone, SWEDEN))
        now = {id_: row for id_, row in {**now, **{row.id: row for row in put}}.items() if id_ not in gone}
        catalogue.hold(None, kept)
        hits = found(catalogue, NOBODY, PEOPLE)
        assert {segment.rows[entry] for segment, entry in hits} == set(now.values()), step
        names = [segment.column(0).first(entry) for segment, entry in hits]
        assert names == sorted(names)
    assert len(kept.parts) == 2, "what changed lately stands beside the many"


def test_who_has_a_number_is_named_from_ones_own_contacts_first(catalogue, rows):
    numbers = {number.key for mine in rows[:2] for row in mine for number in _numbers(row)}
    for key in sorted(numbers):
        own = [row for row in rows[1] if key in {one.key for one in _numbers(row)}]
        everybody = [row for row in rows[0] if key in {one.key for one in _numbers(row)}]
        wanted = {_name(row) for row in own or everybody}
        assert catalogue.name_of(1, key.replace("+", "00")) in wanted
    assert catalogue.name_of(1, "0899999999") is None
    assert catalogue.name_of(None, "anonymous") is None


def test_bits_are_sets():
    some = [0, 7, 8, 63, 64, 999]
    assert list(bits.each(bits.of(some, 1000))) == some
    assert list(bits.each(0)) == []
    assert list(bits.each(bits.between(3, 6))) == [3, 4, 5]


def _numbers(row: Row):
    return [number for number in unpacked(row).numbers if number.key]


def _name(row: Row) -> str:
    return row.packed.decode().split("\x1f")[0]
