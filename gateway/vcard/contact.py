"""Who a card is about: a contact with its numbers, or a list of contacts, which is none. Pure.

RFC 6350 section 6 and RFC 2426 section 3; `X-ADDRESSBOOKSERVER-KIND` and `X-ABLabel` are Apple's (a label of one's own
beside a number of the same group), `BEGIN:VLIST` is SOGo's list.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.vcard.cards import Card, cards, decoded
from gateway.vcard.kinds import kind, words
from gateway.vcard.property import Property, cleaned
from gateway.vcard.unreadable import Unreadable

LIST = re.compile(r"\s*\ufeff?BEGIN:VLIST\b", re.IGNORECASE)
ORDER = {kind: place for place, kind in enumerate(Kind)}
DIGIT = re.compile(r"\d")
MOST_NUMBERS, MOST_EMAILS = 50, 20
LONGEST_NUMBER = 60  # characters: a URI with its extension


def read(text: bytes | str, key: str, *, private: bool = True) -> Contact | None:
    """Return the contact that a resource holds, under the name `key`; None: it is a list of contacts, or a group.

    Not `private`: what is marked as its owner's own is none either (RFC 2426 section 3.7.1). Of several cards the first
    that is a contact counts (RFC 6352 section 5.1 allows but one). Raises `Unreadable`.
    """
    is_card = False
    for card in cards(text):
        is_card = True
        if not is_group(card):
            return contact(card, key) if private or not is_private(card) else None
    if not is_card and not LIST.match(decoded(text) if isinstance(text, bytes) else text):
        raise Unreadable("no card")
    return None


def contact(card: Card, key: str) -> Contact:
    """Return the contact that a card describes. Raises `Unreadable` for one with neither a name nor a number.

    Who has no name is called as the company, by an address, or as the first number is written.
    """
    family, given, more = (*_structured(card, "N"), "", "", "")[:3]
    company, title = next(iter(_structured(card, "ORG")), ""), _first(card, "TITLE") or _first(card, "ROLE")
    emails, numbers = tuple(_emails(card))[:MOST_EMAILS], _numbers(card)
    composed = " ".join(part for part in (given, more, family) if part)
    name = _first(card, "FN") or cleaned(composed) or _first(card, "NICKNAME") or company
    if not name and not numbers and not emails:
        raise Unreadable("a card with neither a name nor a number")
    name = name or next(iter(emails), "") or numbers[0].written
    return Contact(key, name, given, family, company, title, emails, numbers)


def is_group(card: Card) -> bool:
    """Tell whether a card is a list of contacts (RFC 6350 section 6.1.4)."""
    return any(one.text.lower() == "group" for name in ("KIND", "X-ADDRESSBOOKSERVER-KIND") for one in card.all(name))


def is_private(card: Card) -> bool:
    """Tell whether a card is for its owner alone; a word that nobody knows means so too (as RFC 5545 has it)."""
    return _first(card, "CLASS").upper() not in ("", "PUBLIC")


def uid(card: Card) -> str:
    """Return what names a card wherever it lies, "" where it says nothing."""
    return _first(card, "UID")


def _first(card: Card, name: str) -> str:
    """Return the preferred text of a property that may be there several times, such as FN in several languages."""
    return next((one.text for one in _preferred(card, name) if one.text), "")


def _preferred(card: Card, name: str) -> list[Property]:
    return sorted(card.all(name), key=lambda one: one.preference)


def _structured(card: Card, name: str) -> tuple[str, ...]:
    return next((one.parts for one in _preferred(card, name) if any(one.parts)), ())


def _emails(card: Card) -> Iterator[str]:
    seen = set()
    for one in _preferred(card, "EMAIL"):
        address = one.text.removeprefix("mailto:")
        if "@" in address and " " not in address and address.lower() not in seen:
            seen.add(address.lower())
            yield address


def _numbers(card: Card) -> tuple[PhoneNumber, ...]:
    """Return the numbers that somebody answers."""
    labels = {one.group: one.text for one in card.all("X-ABLABEL") if one.group}
    found: dict[PhoneNumber, int] = {}
    for one in card.all("TEL"):
        what = kind(one.types | words(labels.get(one.group, "")))
        written = dialled(one.text)
        if written and what is not None:
            number = PhoneNumber(what, written)
            found[number] = min(one.preference, found.get(number, 100))
    return ordered(found)


def ordered(numbers: Mapping[PhoneNumber, int]) -> tuple[PhoneNumber, ...]:
    """Return at most 50 numbers by kind, of each kind those first that are preferred (the lower, the more)."""
    return tuple(sorted(numbers, key=lambda number: (ORDER[number.kind], numbers[number]))[:MOST_NUMBERS])


def dialled(text: str) -> str:
    """Return a number out of a text or a `tel:` URI (RFC 3966), with its `;ext=`; "" where there is none."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("tel", "sip", "sips", "callto"):
        number, *parameters = unquote(rest).partition("@")[0].split(";")
        said = dict(parameter.lower().split("=", 1) for parameter in parameters if "=" in parameter)
        country = said.get("phone-context", "")
        if country.startswith("+") and not number.startswith("+"):
            number = country + number
        extension = f";ext={said['ext']}" if said.get("ext") else ""
        text = cleaned(number + extension)
    return text if DIGIT.search(text) and len(text) <= LONGEST_NUMBER else ""
