"""Which telephone is whose, out of a CSV file (RFC 4180; `;` is understood too), and the files that they ask for."""

import csv
import io
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.importing import text_in
from gateway.deciding.given import shortened
from gateway.deciding.phones import mac
from gateway.deciding.telephones import out_of_it
from gateway.deciding.vendors import vendor_named
from gateway.domain.user import Extension, User
from gateway.errors import Misconfigured
from gateway.planning.handsets import Profile

COLUMNS = ("mac", "extension", "vendor")
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Telephone:
    """A line of the file: the telephone with this MAC address is `user`'s, and of this maker."""

    line: int
    mac: str
    user: User
    profile: Profile


def telephones(file: Path, users: Mapping[Extension, User], known: Mapping[str, Profile]) -> tuple[Telephone, ...]:
    """Read whose telephones there are; `users` by all their numbers. Blocking.

    Raises an `ExceptionGroup` of `Misconfigured`, one for each mistake, with its line and what to do.
    """
    found: list[Telephone] = []
    wrong: list[Misconfigured] = []
    lines: dict[str, int] = {}
    for number, cells in _lines(file):
        try:
            one = _telephone(number, cells, users, known)
        except Misconfigured as error:
            wrong.append(Misconfigured(f"line {number}: {error}: {error.remedy}"))
            continue
        before = lines.setdefault(one.mac, number)
        if before != number:
            wrong.append(
                Misconfigured(f"line {number}: mac: {one.mac} is in line {before} already: remove one of them")
            )
        found.append(one)
    if wrong:
        raise ExceptionGroup("the file cannot be used", wrong)
    if not found:
        raise Misconfigured(f"{file} names no telephone", f"write one a line: {','.join(COLUMNS)}")
    return tuple(found)


def write_every(folder: Path, files: Mapping[str, str]) -> int:
    """Write `files` (by name) into `folder`, each whole or not at all, readable by its owner alone; return how many.

    Those that are there with the same bytes stay. Blocking. Raises `Misconfigured` for what cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return sum(_write(folder / name, text.encode()) for name, text in files.items())
    except OSError as error:
        raise Misconfigured(
            f"{error.filename} cannot be written: {error.strerror}", "name another folder with --out"
        ) from error


def _write(file: Path, content: bytes) -> bool:
    is_ours = file.is_file() and not file.is_symlink() and stat.S_IMODE(file.stat().st_mode) == PRIVATE
    if is_ours and file.read_bytes() == content:
        return False
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as opened:
            opened.write(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _telephone(
    number: int, cells: Mapping[str, str], users: Mapping[Extension, User], known: Mapping[str, Profile]
) -> Telephone:
    address = mac("mac", cells["mac"])
    user = users.get(cells["extension"])
    if user is None:
        raise Misconfigured(
            f"extension: nobody has the number {shortened(cells['extension'])!r}", "ringplan users list names everybody"
        )
    if not user.enabled:
        raise out_of_it(user)
    return Telephone(number, address, user, vendor_named("vendor", cells["vendor"], known))


def _lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the columns of each line that is not empty, by its number; a head line may name them in another order."""
    text = text_in(file, "name a CSV file with --map")
    head, _, _ = text.partition("\n")
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names: tuple[str, ...] = COLUMNS
    lines: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if not lines and {cell.lower() for cell in stripped} == set(COLUMNS):
                names = tuple(cell.lower() for cell in stripped)
            elif any(stripped):
                lines.append((reader.line_num, stripped))
    except csv.Error as error:
        remedy = "look at the quotation marks there, or save the file as CSV anew"
        raise Misconfigured(f"{file}, line {reader.line_num}: {error}", remedy) from error
    wrong = [number for number, cells in lines if len(cells) != len(COLUMNS)]
    if wrong:
        remedy = f"write three fields: {','.join(COLUMNS)}"
        raise ExceptionGroup(
            "the file cannot be used", [Misconfigured(f"line {at}: not three fields: {remedy}") for at in wrong]
        )
    return [(number, dict(zip(names, cells, strict=True))) for number, cells in lines]
