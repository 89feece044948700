"""Entries: what is kept of a contact and of a user, and what of it is searched. Pure.

An entry is kept as one piece of bytes, since a hundred thousand of them are in memory, and taken apart when it is
answered or indexed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.directory.index.column import SEPARATOR, line
from gateway.directory.index.matching import bare, compared
from gateway.domain.contact import Contact, Kind, Numbering, PhoneNumber
from gateway.domain.user import User
from gateway.planning.folding import JOINERS, KEYS
from gateway.planning.numbers import forms

_MANY, _PAIR = "\x1e", "\x1d"  # between values, and between the key of a number and how it is written
_LONGEST = 256  # characters of a field: more is no name
_MOST_EMAILS = 10
_LETTER = {Kind.WORK: "w", Kind.MOBILE: "m", Kind.HOME: "h", Kind.OTHER: "o"}
_KIND = {letter: kind for kind, letter in _LETTER.items()}
_ON_KEYS: dict[int, int | None] = {code: None for code in range(128) if not chr(code).isdigit()} | KEYS


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is kept. `id`: of a contact; that of a user is negative. `book`: where it is from, 0: of users."""

    id: int
    book: int
    packed: bytes


def of_contact(id: int, book: int, contact: Contact) -> Row:  # noqa: A002 - the word of all stored things
    """Return the row of a contact. One without a name is called by what it has instead."""
    numbers = contact.numbers
    company, emails = _clean(contact.company), [_clean(email) for email in contact.emails[:_MOST_EMAILS]]
    given, family = _clean(contact.given), _clean(contact.family)
    name = _clean(contact.name) or " ".join(filter(None, (given, family))) or company
    name = name or next(filter(None, emails), "") or next((_clean(number.written) for number in numbers), "")
    return Row(id, book, _packed(name or "?", given, family, company, _clean(contact.title), emails, numbers))


def of_user(user: User) -> Row:
    """Return the row of one of the PBX's own users."""
    number = PhoneNumber(Kind.WORK, user.extension, user.extension)
    name = _clean(user.name) or user.extension
    return Row(-user.id, 0, _packed(name, "", "", "", "", [_clean(email) for email in user.emails], (number,)))


def unpacked(row: Row) -> Contact:
    """Return what is kept of a row, as a contact; its `key` is the row's `uid`.

    `family` is never empty, since every person in a directory has one (RFC 4519, section 3.12): where a book has the
    name alone, that is its last word.
    """
    name, given, family, company, title, emails, numbers = row.packed.decode().split(SEPARATOR)
    return Contact(
        uid(row),
        name,
        given,
        family,
        company,
        title,
        tuple(emails.split(_MANY)) if emails else (),
        tuple(_number(number) for number in numbers.split(_MANY)) if numbers else (),
    )


def uid(row: Row) -> str:
    """Return what names an entry, as long as it is there."""
    return f"u{-row.id}" if row.id < 0 else f"c{row.id}"


def lines(contact: Contact, numbering: Numbering) -> tuple[str, ...]:
    """Return what stands in the columns (`attributes.Column`, in its order) for an entry."""
    given, family = compared(contact.given), compared(contact.family)
    is_both = contact.name == f"{contact.given} {contact.family}"
    name = f"{given} {family}" if is_both else compared(contact.name)
    given_keys, family_keys = _keys(given), _keys(family)
    numbers: dict[Kind, list[str]] = {}
    for number in contact.numbers:
        kind = Kind.WORK if number.kind is Kind.OTHER else number.kind
        asked = forms(number.key, numbering) if number.key else (bare(number.written),)
        numbers.setdefault(kind, []).extend(asked)
    return (
        line((name,)),
        line((family,)),
        line((given,)),
        line((compared(contact.company),)),
        line((compared(contact.title),)),
        line([compared(email) for email in contact.emails]),
        line(numbers.get(Kind.WORK, ())),
        line(numbers.get(Kind.MOBILE, ())),
        line(numbers.get(Kind.HOME, ())),
        line((family_keys, given_keys, given_keys + family_keys, _keys(name))),
        line((contact.key,)),
        "",
        "",
    )


def called(contact: Contact) -> tuple[str, ...]:
    """Return by what the numbers of an entry are looked up; each is the first form of its number in `lines`."""
    return tuple([number.key or bare(number.written) for number in contact.numbers])


def _packed(
    name: str,
    given: str,
    family: str,
    company: str,
    title: str,
    emails: Sequence[str],
    numbers: Sequence[PhoneNumber],
) -> bytes:
    if not given and not family:
        given, _, family = ("", "", name) if name == company else name.rpartition(" ")
    kept = (f"{_LETTER[number.kind]}{number.key}{_PAIR}{_clean(number.written)}" for number in numbers)
    fields = (name, given, family or name, company, title, _MANY.join(filter(None, emails)), _MANY.join(kept))
    return SEPARATOR.join(fields).encode("utf-8", "replace")


def _keys(name: str) -> str:
    """Return the keys that spell a name that is folded already (`folding.digits`)."""
    keys = name.translate(_ON_KEYS)
    return keys if keys.isascii() else "".join(key for key in keys if key.isascii())


def _number(packed: str) -> PhoneNumber:
    key, _, written = packed[1:].partition(_PAIR)
    return PhoneNumber(_KIND[packed[0]], written, key)


def _clean(text: str) -> str:
    """Return one line of a length that a name can have; joiners belong to names, and stay."""
    text = text[:_LONGEST]
    if not text.isprintable():
        text = "".join(each if each.isprintable() or each in JOINERS else " " for each in text)
    return " ".join(text.split())
