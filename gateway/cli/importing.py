"""Many users at once, out of a CSV file (RFC 4180; `;` between fields is understood too, and a byte order mark)."""

import asyncio
import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gateway.cli.person import FIELDS, nobody, person, service_account
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import Organisation, User
from gateway.errors import Misconfigured
from gateway.settings import Settings
from gateway.store import accounts, mailboxes, organisation, users
from gateway.store.rows import Rows
from gateway.store.store import Store


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file, by its number; `before` is the user whom it changes."""

    number: int
    user: User
    before: User | None
    account: Account | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """How many users were added and changed, and for how many of the added a calendar is read."""

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
        read = [
            Mailbox(
                0, user.id, line.account.id, user.emails[0], frozenset(), user.zone, line.path,
                refresh.get(line.account.source, 60),
            )
            for line, user in zip(new, added, strict=True)
            if line.account is not None and user.emails
        ]  # fmt: skip
        await mailboxes.add_every(rows, read)
        return Imported(len(new), len(changed), len(read))


async def _lines(
    rows: Rows, settings: Settings, records: list[tuple[int, dict[str, str]]], *, update: bool
) -> list[Line]:
    ours, opened = await organisation.get(rows), await accounts.listed(rows)
    known = {user.extension: user for user in await users.every(rows)}
    lines, wrong = [], []
    for number, fields in records:
        line, told = _line(number, fields, known, ours, settings.pbx.keys(), opened)
        if line.before is not None and not update:
            told.append(Misconfigured(f"extension: {line.user.extension} is there already", "--update changes users"))
        lines.append(line)
        wrong += [_at(number, error) for error in told]
    wrong += _clashes(lines, known)
    if wrong:
        raise ExceptionGroup("the file cannot be imported", sorted(wrong, key=_number_of))
    return lines


def _line(
    number: int,
    fields: Mapping[str, str],
    known: Mapping[str, User],
    ours: Organisation,
    pbxs: Collection[str],
    opened: Collection[Account],
) -> tuple[Line, list[Misconfigured]]:
    before = known.get(fields.get("extension", "").strip())
    user, told = person(fields, before or nobody(ours, next(iter(pbxs))), ours, pbxs)
    wrong, account = list(told), None
    try:
        account = None if before else service_account(fields.get("source", "").strip(), opened)
    except Misconfigured as error:
        wrong.append(error)
    return Line(number, user, before, account, fields.get("path", "").strip() or None), wrong


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


def _records(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the fields of every line that is not empty, with its number."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}", "name a CSV file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{file}, line {line}: not UTF-8", "save the file as CSV in UTF-8") from error
    head, _, _ = text.partition("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    lines = []
    try:
        for cells in reader:
            lines.append((reader.line_num, cells))  # noqa: PERF401 (the number is the reader's, after each line)
    except csv.Error as error:
        raise Misconfigured(f"{file}, line {reader.line_num}: {error}", "save the file as CSV anew") from error
    return _named(lines)


def _named(lines: list[tuple[int, list[str]]]) -> list[tuple[int, dict[str, str]]]:
    names = [name.strip().lower() for name in lines[0][1]] if lines else []
    wrong = [_unknown(name) for name in names if name not in FIELDS]
    if "extension" not in names:
        wrong.append(Misconfigured("line 1: there is no column extension", f"the columns are: {', '.join(FIELDS)}"))
    if wrong:
        raise ExceptionGroup("the head line cannot be used", wrong)
    records = []
    for number, cells in lines[1:]:
        if len(cells) > len(names):
            said = f"line {number}: {len(cells)} fields, but {len(names)} columns"
            wrong.append(Misconfigured(said, 'put a field that holds the separator between "…"'))
        if any(cell.strip() for cell in cells):
            records.append((number, dict(zip(names, cells, strict=False))))
    if wrong:
        raise ExceptionGroup("lines that cannot be read", wrong)
    return records


def _unknown(name: str) -> Misconfigured:
    near = get_close_matches(name, FIELDS, n=1)
    return Misconfigured(
        f"line 1: there is no column {name!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(FIELDS)}"
    )
