"""Our entries as LDIF (RFC 2849), for another server to hold the same."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence

from gateway.directory.index import bits
from gateway.directory.index.attributes import Column
from gateway.directory.index.entries import unpacked
from gateway.directory.index.shelf import Shelf


def tree(base: str, people: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Yield the nodes: the base, both branches, and a place for each of `people`, an id and a password."""
    value = base.partition("=")[2].partition(",")[0]
    yield entry(base, [("objectClass", ["domain"]), ("dc", [value])])
    for unit in ("company", "people"):
        yield entry(f"ou={unit},{base}", [("objectClass", ["organizationalUnit"]), ("ou", [unit])])
    for number, password in people:
        of = [
            ("objectClass", ["account", "simpleSecurityObject"]),
            ("uid", [str(number)]),
            ("userPassword", [password]),
        ]
        yield entry(f"uid={number},ou=people,{base}", of)


def contacts(shelf: Shelf) -> Iterator[str]:
    """Yield the entries of a shelf: numbers in every form in which they may be asked."""
    for part in shelf.parts:
        for at in bits.each(part.there):
            row, column = part.segment.rows[at], part.segment.column
            contact = unpacked(row)
            yield entry(
                part.segment.dn(at),
                [
                    ("objectClass", ["ringplanContact", "ownedContact"]),
                    ("contactOwner", [shelf.above]),
                    ("uid", [contact.key]),
                    ("cn", [contact.name]),
                    ("sn", [contact.family]),
                    ("givenName", [contact.given]),
                    ("o", [contact.company]),
                    ("company", [contact.company]),
                    ("title", [contact.title]),
                    ("mail", contact.emails),
                    ("telephoneNumber", column(Column.WORK).values(at)),
                    ("mobile", column(Column.MOBILE).values(at)),
                    ("homePhone", column(Column.HOME).values(at)),
                    ("numberKey", _all(column(of).values(at) for of in (Column.WORK, Column.MOBILE, Column.HOME))),
                    ("keypad", column(Column.KEYPAD).values(at)),
                ],
            )


def entry(dn: str, attributes: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return one entry; attributes without a value are left out."""
    lines = [f"{name}:: {b64encode(value.encode()).decode()}" for name, some in attributes for value in some if value]
    return "\n".join((f"dn:: {b64encode(dn.encode()).decode()}", *lines, "", ""))


def _all(values: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(value for some in values for value in some))
