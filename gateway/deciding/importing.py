"""Many users at once, out of CSV text (RFC 4180; `;` between fields is understood too, and a byte order mark).

A text is read into records, these are held against who is there, and what they come to is written, all or nothing.
"""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from gateway.deciding import signing
from gateway.deciding.by import By
from gateway.deciding.given import shortened
from gateway.deciding.installation import Installation
from gateway.deciding.person import FIELDS, nobody, person, service_account
from gateway.deciding.users import services
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import Organisation, User
from gateway.errors import Misconfigured, RingplanError
from gateway.store import audit, mailboxes, organisation, roster, signins, users
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows

IMPORTED = "users imported"  # for the audit log
MOST = 20_000  # users of one file: some ten seconds of a processor
MOST_WRONG = 20  # columns that are named
TOO_MANY = "{file}: these are more than {most} lines"
NOUNS = ("users", "organisation", "accounts")  # what a text is held against


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the text by the number of its first line; `beyond`: how many fields have no column."""

    number: int
    fields: Mapping[str, str]
    beyond: int


class Kind(Enum):
    """What a line does."""

    ADDS = "adds"
    CHANGES = "changes"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Line:
    """What a record means; `before` is the user whom it changes, `account` is what will read the user's calendar."""

    number: int
    user: User
    before: User | None
    account: Account | None
    path: str | None

    @property
    def kind(self) -> Kind:
        """What it does."""
        if self.before is None:
            return Kind.ADDS
        is_read = self.account is not None and bool(self.user.emails)
        return Kind.CHANGES if self.before != self.user or is_read else Kind.NOTHING


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the record that begins in this line."""

    number: int
    error: Misconfigured


@dataclass(frozen=True, slots=True)
class Plan:
    """What a text comes to: in the order of its lines, nothing of it if anything is wrong.

    `at` and `read` tell whether it still does (`is_current`): what it was held against, and who had a mailbox.
    """

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]
    at: tuple[int | None, ...]
    read: frozenset[int]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many users were added and changed, and of how many a calendar is read that was not."""

    added: int
    changed: int
    read: int


def text_of(content: bytes, name: str) -> str:
    """Return what a file called `name` says. Raises `Misconfigured` for what is no UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        said, remedy = "{file}, line {line}: not UTF-8", "save the file as CSV in UTF-8"
        raise Misconfigured(said, remedy, file=shortened(name), line=line) from error


def records(text: str, name: str) -> list[Record]:
    """Return every record that is not empty, of the text of a file called `name`.

    Raises `Misconfigured`, or an `ExceptionGroup` of them for a head line that cannot be used.
    """
    head, _, _ = text.partition("\n")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    lines: list[tuple[int, list[str]]] = []
    begins = 1  # a record may have several lines, within quotation marks
    try:
        for cells in reader:
            if len(lines) > MOST:
                raise Misconfigured(TOO_MANY, "divide it into several files", file=shortened(name), most=MOST)
            lines.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        remedy = "look at the quotation marks there, or save the file as CSV anew"
        raise Misconfigured(
            "{file}, line {line}: {why}", remedy, file=shortened(name), line=begins, why=str(error)
        ) from error
    return _named(lines)


async def plan(rows: Rows, installation: Installation, some: Sequence[Record], *, update: bool) -> Plan:
    """Return what records come to; without `update`, a user who is there already is wrong."""
    ours, opened = await organisation.get(rows), await services(rows, installation)
    known = {user.extension: user for user in await users.every(rows)}
    read = await roster.with_mailbox(rows)
    at = await revisions_of(rows.connection, NOUNS)
    there = _There(ours, installation.pbxs, opened, known, read, at)
    return await asyncio.to_thread(_planned, some, there, update=update)


async def is_current(rows: Rows, wanted: Plan) -> bool:
    """Say whether nothing has changed since a plan was made, perhaps in another transaction."""
    at = await revisions_of(rows.connection, NOUNS)
    return at == wanted.at and await roster.with_mailbox(rows) == wanted.read


async def write(rows: Rows, installation: Installation, by: By, wanted: Plan) -> Imported:
    """Write everybody of a plan that is current here. Raises an `ExceptionGroup` if anything is wrong.

    Raises `Refused` where no administrator would take part any more.
    """
    if wanted.wrong:
        raise ExceptionGroup("the file cannot be imported", [one.error for one in wanted.wrong])
    new = [line for line in wanted.lines if line.before is None]
    changed = [line for line in wanted.lines if line.before is not None and line.before != line.user]
    await users.put_every(rows, [line.user for line in changed])
    disabled = [
        one.user.id for one in changed if one.before is not None and one.before.enabled and not one.user.enabled
    ]
    for signin in (await signins.of_users(rows, disabled)).values():
        await signing.takes_part_no_more(rows, signin)
    added = await users.add_every(rows, [line.user for line in new])
    known = [(line, line.user) for line in wanted.lines if line.before is not None]
    read = [
        Mailbox(
            0, user.id, line.account.id, user.emails[0], frozenset(), user.zone, line.path,
            installation.refresh(line.account.source),
        )
        for line, user in [*zip(new, added, strict=True), *known]
        if line.account is not None and user.emails
    ]  # fmt: skip
    await mailboxes.add_every(rows, read)
    if new or changed or read:
        await audit.note(rows, by.now, by.who, IMPORTED, f"{len(new)} added, {len(changed)} changed")
    return Imported(len(new), len(changed), len(read))


@dataclass(frozen=True, slots=True)
class _There:
    """What records are held against: who is there by extension, and who has a mailbox already."""

    ours: Organisation
    pbxs: tuple[str, ...]
    opened: Collection[Account]
    known: Mapping[str, User]
    read: frozenset[int]
    at: tuple[int | None, ...]


def _planned(some: Sequence[Record], there: _There, *, update: bool) -> Plan:
    lines, wrong = [], []
    for record in some:
        line, told = _line(record, there, update=update)
        lines.append(line)
        wrong += [Wrong(record.number, error) for error in told]
    wrong += _clashes(lines, there.known)
    return Plan(tuple(lines), tuple(sorted(wrong, key=lambda one: one.number)), there.at, there.read)


def _line(record: Record, there: _There, *, update: bool) -> tuple[Line, list[Misconfigured]]:
    fields = record.fields
    before = there.known.get(fields.get("extension", "").strip())
    user, told = person(fields, before or nobody(there.ours, there.pbxs[0]), there.ours, there.pbxs)
    wrong, account = list(told), None
    try:
        if before is None or before.id not in there.read:
            account = service_account(fields.get("source", "").strip(), there.opened)
    except Misconfigured as error:
        wrong.append(error)
    if before is not None and not update:
        said = "{field}: {value} is there already"
        wrong.append(
            Misconfigured(said, "ringplan users import --update changes users", field="extension", value=user.extension)
        )
    if record.beyond > 0:
        columns = len(fields)
        wrong.append(
            Misconfigured(
                "{many} fields, but {columns} columns",
                'put a field that holds the separator between "…"',
                many=columns + record.beyond,
                columns=columns,
            )
        )
    return Line(record.number, user, before, account, fields.get("path", "").strip() or None), wrong


def _clashes(lines: list[Line], known: Mapping[str, User]) -> list[Wrong]:
    """Return what two users would have in common, of the file or of those who are there."""
    changed = {line.before.id for line in lines if line.before is not None}
    owners: dict[tuple[str, str], User | int] = {}
    for user in known.values():
        if user.id not in changed:
            owners |= dict.fromkeys(_own(user), user)
    wrong = []
    for line in lines:
        own = _own(line.user)
        wrong += [Wrong(line.number, _taken(*thing, owners[thing])) for thing in own if thing in owners]
        if len(own) != len(set(own)):
            wrong.append(Wrong(line.number, Misconfigured("a number or an address is given twice", "give it once")))
        owners |= dict.fromkeys(own, line.number)
    return wrong


def _taken(kind: str, value: str, owner: User | int) -> Misconfigured:
    if isinstance(owner, int):
        return Misconfigured(
            "{field}: {value} belongs to line {line}", "change one", field=kind, value=value, line=owner
        )
    said = "{field}: {value} belongs to {extension}, who is there already"
    return Misconfigured(said, "change one", field=kind, value=value, extension=owner.extension)


def _own(user: User) -> list[tuple[str, str]]:
    places = [("number", place) for place in user.places if place]
    return places + [("address", email) for email in user.emails]


def _named(lines: list[tuple[int, list[str]]]) -> list[Record]:
    names = [name.strip().lower() for name in lines[0][1]] if lines else []
    many = Counter(names)
    unknown = [name for name in many if name not in FIELDS][:MOST_WRONG]
    wrong: list[RingplanError] = [_unknown(name) for name in unknown]
    twice = sorted(name for name in many if many[name] > 1)[:MOST_WRONG]
    wrong += [Misconfigured("line 1: the column {column} is there twice", "remove one", column=name) for name in twice]
    if "extension" not in names:
        said, remedy = "line 1: there is no column extension", "the columns are: {known}"
        wrong.append(Misconfigured(said, remedy, known=", ".join(FIELDS)))
    if wrong:
        raise ExceptionGroup("the head line cannot be used", wrong)
    return [
        Record(number, dict(zip(names, cells, strict=False)), len(cells) - len(names))
        for number, cells in lines[1:]
        if any(cell.strip() for cell in cells)
    ]


def _unknown(name: str) -> Misconfigured:
    said, near = "line 1: there is no column {column}", get_close_matches(name, FIELDS, n=1)
    if near:
        return Misconfigured(said, "did you mean {near}?", column=repr(shortened(name)), near=near[0])
    return Misconfigured(said, "known: {known}", column=repr(shortened(name)), known=", ".join(FIELDS))
