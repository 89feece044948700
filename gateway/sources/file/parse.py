"""What a file of contacts says: bytes to contacts. Pure.

RFC 4180 (tables), with the delimiters and character sets that spreadsheets write; vCards are `gateway.vcard`'s. A
contact is named by its own id (`id`, `uid`, vCard's UID), without one by a digest of name and company, so that it stays
who it is when its numbers change or lines move.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gateway.domain.contact import Contact, PhoneNumber
from gateway.errors import GiveUp, Misconfigured
from gateway.sources.file.columns import Columns, columns
from gateway.vcard.cards import cards
from gateway.vcard.contact import MOST_EMAILS, contact, dialled, is_group, is_private, ordered, uid
from gateway.vcard.kinds import kind, words
from gateway.vcard.property import cleaned
from gateway.vcard.unreadable import Unreadable

DELIMITERS = (";", ",", "\t")
SEVERAL = " ::: "  # Google, between values of one cell
QUOTES = "'\"= "  # what keeps a spreadsheet from calculating with a number
MOST = 200_000  # contacts of a file
LONGEST_FIELD = 1_000_000  # characters, which the csv module refuses beyond
COLUMNS = "name, company, phone, mobile, home, email"


@dataclass(frozen=True, slots=True)
class Parsed:
    """`set_aside`: so many name nobody. `ended`: the last of them is whole, as far as that can be told."""

    contacts: tuple[Contact, ...] = field(repr=False)
    set_aside: int = 0
    ended: bool = True


def parse(name: str, content: bytes) -> Parsed:
    """Read a file by the ending of its name. Raises `Misconfigured`, with the line, for one that makes no sense."""
    if not content.strip():
        raise Misconfigured(f"{name} is empty", "write it anew, or take it away")
    return vcards(name, content) if name.lower().endswith(".vcf") else table(name, content)


def vcards(name: str, content: bytes) -> Parsed:
    """Read vCards, but for groups and what is marked private. Raises `Misconfigured` where there is no vCard."""
    found, aside, ended, count = [], 0, True, 0
    for count, card in enumerate(cards(content), 1):
        ended = card.ended
        if is_group(card) or is_private(card):  # what is read here is everybody's
            continue
        try:
            found.append(contact(card, uid(card)))
        except Unreadable:
            aside += 1
        _check(name, count)
    if not count:
        raise Misconfigured(f"{name}, line 1: this is no vCard", "export the contacts as vCard (.vcf) anew")
    return Parsed(_named(found), aside, ended)


def table(name: str, content: bytes) -> Parsed:
    """Read a table. Raises `Misconfigured`, with the line, for headers that are not known and a quote without end."""
    text = decoded(content)
    known, rows = _rows(name, text)
    found, aside = [], 0
    for count, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row):
            one = _contact(row, known)
            if one is None:
                aside += 1
            else:
                found.append(one)
        _check(name, count)
    return Parsed(_named(found), aside)


def decoded(content: bytes) -> str:
    """Return text: by its byte order mark, else as UTF-8, else as Western Windows writes."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _rows(name: str, text: str) -> tuple[Columns, Iterator[list[str]]]:
    """Return the columns by that delimiter by which most are known, and the rows below them."""
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep="):  # a spreadsheet's own
        text, skipped = rest, 1
    headers = {mark: columns(next(_reader(name, text, mark, skipped), [])) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: headers[mark].count)
    if not headers[best].is_enough:
        raise Misconfigured(
            f"{name}, line {skipped + 1}: no columns for a name and a number are known",
            f"call the columns {COLUMNS} in the first line",
        )
    rows = _reader(name, text, best, skipped)
    next(rows)
    return headers[best], rows


def _reader(name: str, text: str, delimiter: str, skipped: int) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begun = last = 0
    row: list[str] = []
    try:
        for row in reader:
            yield row
            begun, last = reader.line_num, begun
    except csv.Error as error:
        raise _broken(name, begun + 1 + skipped) from error
    if text.count('"') % 2 and row and any("\n" in cell for cell in row):
        raise _broken(name, last + 1 + skipped)


def _broken(name: str, line: int) -> Misconfigured:
    return Misconfigured(f"{name}, line {line}: a quote begins here that never ends", "close it, or export anew")


def _contact(row: Sequence[str], known: Columns) -> Contact | None:
    """Return the contact of a row, its own id as its key; None: it names nobody."""

    def cell(place: int | None) -> str:
        return row[place] if place is not None and place < len(row) else ""

    texts = {what: cleaned(cell(place)) for what, place in known.texts.items()}
    given, more, family, company = (texts.get(what, "") for what in ("given", "more", "family", "company"))
    emails = tuple(one for place in known.emails for one in map(cleaned, cell(place).split(SEVERAL)) if "@" in one)
    numbers = [PhoneNumber(what, number) for what, place in known.numbers for number in _written(cell(place))]
    for label, place in known.labelled:
        what_for = kind(words(cell(label)))
        if what_for is not None:
            numbers += [PhoneNumber(what_for, number) for number in _written(cell(place))]
    composed = " ".join(part for part in (given, more, family) if part)
    name = texts.get("name") or cleaned(composed) or company or next(iter(emails), "")
    if not name and not numbers:
        return None
    return Contact(
        texts.get("key", ""), name or numbers[0].written, given, family, company, texts.get("title", ""),
        emails[:MOST_EMAILS], ordered(dict.fromkeys(numbers, 0)),
    )  # fmt: skip


def _written(cell: str) -> Iterator[str]:
    for one in cell.split(SEVERAL):
        number = dialled(cleaned(one).strip(QUOTES))
        if number and not number.upper().partition("E+")[1]:  # 4,68E+10: the spreadsheet has thrown it away
            yield number


def _named(found: Sequence[Contact]) -> tuple[Contact, ...]:
    """Give each contact its key; of those that would have the same one, each gets its own, in their order."""
    seen: Counter[str] = Counter()
    named = []
    for one in found:
        key = one.key or hashlib.sha256(f"{one.name}\n{one.company}".encode()).hexdigest()[:32]
        seen[key] += 1
        named.append(replace(one, key=key if seen[key] == 1 else f"{key}#{seen[key]}"))
    return tuple(named)


def _check(name: str, count: int) -> None:
    if count > MOST:
        raise GiveUp(f"{name} has more than {MOST} contacts", "divide it")
