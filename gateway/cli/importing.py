"""Many users at once, out of a CSV file (RFC 4180; `;` between fields is understood too, and a byte order mark)."""

import asyncio
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gateway.cli.opened import calendar_accounts
from gateway.deciding.person import FIELDS, nobody, person, service_account
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import mailboxes, organisation, users
from gateway.store.rows import Rows
from gateway.store.store import Store


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file by the number of its first line; `beyond`: how many fields have no column."""

    number: int
    fields: Mapping[str, str]
    beyond: int

    @property
    def surplus(self) -> str:
        """What is wrong with a record that has fields without a column."""
        return f"{len(self.fields) + self.beyond} fields, but {len(self.fields)} columns"


@dataclass(frozen=True, slots=True)
class Line:
    """What a record means; `before` is the user whom it changes, `account` is what will read the user's calendar."""

    number: int
    user: User
    before: User | None
    account: Account | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """How many users were added and changed, and of how many a calendar is read that was not."""

    added: int
    changed: int
    read: int


async def import_users(settings: Settings, file: Path, *, update: bool) -> Imported:
    """Write everybody in `file` into the store, or nobody.

    Raises an `ExceptionGroup` of `Misconfigured`, one for every field that is wrong, each with its line.
    """
    records = await asyncio.to_thread(_records, file)
    async with Store.open(settings.store) as store, store.write() as rows:
        lines = await _lines(rows, settings, records, update=update)
        new = [line for line in lines if line.before is None]
        changed = [line for line in lines if line.before is not None and line.before != line.user]
        for line in changed:
            await users.put(rows, line.user)
        added = await users.add_every(rows, [line.user for line in new])
        refresh = {name: source.refresh for name, source in settings.sources.items()}
        known = [(line, line.user) for line in lines if line.before is not None]
        read = [
            Mailbox(
                0, user.id, line.account.id, user.emails[0], frozenset(), user.zone, line.path,
                refresh.get(line.account.source, 60),
            )
            for line, user in [*zip(new, added, strict=True), *known]
            if line.account is not None and user.emails
        ]  # fmt: skip
        await mailboxes.add_every(rows, read)
        return Imported(len(new), len(changed), len(read))


async def _lines(rows: Rows, settings: Settings, records: list[Record], *, update: bool) -> list[Line]:
    ours, opened = await organisation.get(rows), await calendar_accounts(rows, settings)
    known = {user.extension: user for user in await users.every(rows)}
    with_calendar = {mailbox.user for mailbox in await mailboxes.every(rows)}
    lines, wrong = [], []
    for record in records:
        fields = record.fields
        before = known.get(fields.get("extension", "").strip())
        user, told = person(fields, before or nobody(ours, next(iter(settings.pbx))), ours, settings.pbx.keys())
        wrong += [_at(record.number, error) for error in told]
        account = None
        try:
            if before is None or before.id not in with_calendar:
                account = service_account(fields.get("source", "").strip(), opened)
        except Misconfigured as error:
            wrong.append(_at(record.number, error))
        if before is not None and not update:
            there = Misconfigured(f"extension: {user.extension} is there already", "--update changes users")
            wrong.append(_at(record.number, there))
        if record.beyond > 0:
            wrong.append(
                _at(record.number, Misconfigured(record.surplus, 'put a field that holds the separator between "…"'))
            )
        lines.append(Line(record.number, user, before, account, fields.get("path", "").strip() or None))
    wrong += _clashes(lines, known)
    if wrong:
        raise ExceptionGroup("the file cannot be imported", sorted(wrong, key=_number_of))
    return lines


def _clashes(lines: list[Line], known: Mapping[str, User]) -> list[Misconfigured]:
    """Return what two users would have in common, of the file or of those who are there."""
    changed = {line.before.id for line in lines if line.before is not None}
    owners: dict[tuple[str, str], str] = {}
    for user in known.values():
        if user.id not in changed:
            owners |= dict.fromkeys(_own(user), f"{user.extension}, who is there already")
    wrong = []
    for line in lines:
        own = _own(line.user)
        for thing in own:
            if thing in owners:
                kind, value = thing
                wrong.append(
                    _at(line.number, Misconfigured(f"{kind}: {value} belongs to {owners[thing]}", "change one"))
                )
        if len(own) != len(set(own)):
            wrong.append(_at(line.number, Misconfigured("a number or an address is given twice", "give it once")))
        owners |= dict.fromkeys(own, f"line {line.number}")
    return wrong


def _own(user: User) -> list[tuple[str, str]]:
    places = [("number", place) for place in user.places if place]
    return places + [("address", email) for email in user.emails]


def _at(number: int, error: Misconfigured) -> Misconfigured:
    return Misconfigured(f"line {number}: {error}: {error.remedy}")


def _number_of(error: Misconfigured) -> int:
    return int(str(error).removeprefix("line ").partition(":")[0])


def _records(file: Path) -> list[Record]:
    """Return every record that is not empty."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}", "name a CSV file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{file}, line {line}: not UTF-8", "save the file as CSV in UTF-8") from error
    head, _, _ = text.partition("\n")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    lines = []
    begins = 1  # a record may have several lines, within quotation marks
    try:
        for cells in reader:
            lines.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        remedy = "look at the quotation marks there, or save the file as CSV anew"
        raise Misconfigured(f"{file}, line {begins}: {error}", remedy) from error
    return _named(lines)


def _named(lines: list[tuple[int, list[str]]]) -> list[Record]:
    names = [name.strip().lower() for name in lines[0][1]] if lines else []
    wrong = [_unknown(name) for name in names if name not in FIELDS]
    twice = sorted({name for name in names if names.count(name) > 1})
    wrong += [Misconfigured(f"line 1: the column {name} is there twice", "remove one") for name in twice]
    if "extension" not in names:
        wrong.append(Misconfigured("line 1: there is no column extension", f"the columns are: {', '.join(FIELDS)}"))
    if wrong:
        raise ExceptionGroup("the head line cannot be used", wrong)
    return [
        Record(number, dict(zip(names, cells, strict=False)), len(cells) - len(names))
        for number, cells in lines[1:]
        if any(cell.strip() for cell in cells)
    ]


def _unknown(name: str) -> Misconfigured:
    near = get_close_matches(name, FIELDS, n=1)
    return Misconfigured(
        f"line 1: there is no column {name!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(FIELDS)}"
    )
