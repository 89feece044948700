"""The ContactSource of files: whole when their content differs from what was read before, else unchanged.

A file that is being written is left alone: one whose size or time changes while it is read, that was touched within the
last two seconds, or whose last vCard has no end (for ten minutes: some programs write none). The contacts that were
read before stay then, as they do when a file is missing or makes no sense.
"""

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, Misconfigured, RetryLater
from gateway.ports import Connect, Opened
from gateway.sources.file.parse import parse
from gateway.sources.file.settings import FileSettings

READS = 1  # counted up when more of a file is read: what was read before is then read anew
ENDINGS = (".csv", ".vcf")
LARGEST = 50 * 2**20  # bytes of a file
YOUNG = 2.0  # seconds after which nobody is still writing
UNENDED = 600.0  # seconds after which a last vCard without its end is one


def connect(settings: FileSettings, now: Callable[[], float] = time.time) -> Connect:
    """Return what opens an account at this source, whoever it is; `now`: seconds since 1970."""

    @asynccontextmanager
    async def enter(account: Account) -> AsyncIterator[Opened]:
        yield Opened(contacts=Files(settings.path, now))

    return enter


@dataclass(frozen=True, slots=True)
class Files:
    """Reads one file, or all of a folder. A contact's key begins with the name of its file where there are several."""

    path: Path
    now: Callable[[], float]

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """As `ports.ContactSource.read`. Raises `GiveUp` for a file that is missing or makes no sense."""
        return await asyncio.to_thread(self._read, self._at(book), since)

    def _at(self, book: Book) -> Path:
        if book.path is None:
            return self.path
        path = Path(book.path)
        if path.is_absolute() or ".." in path.parts:
            raise GiveUp(f"book {book.id}: the path must stay below that of the source", "name a file in its folder")
        return self.path / path

    def _read(self, at: Path, since: str | None) -> ContactChanges | None:
        try:
            several = at.is_dir()
            files = _listed(at) if several else [at]
            contents, ages = {}, {}
            for file in files:
                contents[file], ages[file] = self._content(file)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise GiveUp(f"there is no {at}", "put it there, or correct the path of the source") from error
        except PermissionError as error:
            raise GiveUp(f"{at} cannot be read: {error.strerror}", "let the user of Ringplan read it") from error
        except OSError as error:
            raise RetryLater(f"{at} cannot be read now: {error.strerror}", "is its disk there?") from error
        token = _token(contents)
        if token == since:
            return None
        found, aside = [], 0
        for file, content in contents.items():
            parsed = parse(file.name, content)
            if not parsed.ended and ages[file] < UNENDED:
                raise _being_written(file)
            prefix = f"{file.name}/" if several else ""
            found += [replace(one, key=f"{prefix}{one.key}") for one in parsed.contacts]
            aside += parsed.set_aside
        return ContactChanges(tuple(found), token=token, whole=True, set_aside=aside)

    def _content(self, file: Path) -> tuple[bytes, float]:
        """Return what is in a file, and for how many seconds it has been."""
        if file.suffix.lower() not in ENDINGS:
            raise Misconfigured(f"{file} is neither a .csv nor a .vcf", "correct the path of the source")
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # which lets a pipe not wait for its writer
        with os.fdopen(handle, "rb") as opened:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise Misconfigured(f"{file} is no file", "correct the path of the source")
            if before.st_size > LARGEST:
                raise GiveUp(f"{file} has more than {LARGEST >> 20} MiB", "divide it, or export it without photos")
            content = opened.read(LARGEST + 1)
            after = os.fstat(handle)
        is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        age = self.now() - after.st_mtime
        if not is_same or len(content) != after.st_size or 0 <= age < YOUNG:
            raise _being_written(file)
        return content, age if age >= 0 else UNENDED  # from the future, since clocks differ: it is old


def _listed(folder: Path) -> list[Path]:
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in ENDINGS and not file.name.startswith((".", "~")) and file.is_file()
    )
    if not files:
        raise GiveUp(f"there is no .csv or .vcf in {folder}", "put one there, or correct the path of the source")
    return files


def _token(contents: dict[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for file, content in contents.items():
        digest.update(repr((file.name, len(content))).encode("utf-8", "surrogateescape"))
        digest.update(content)
    return f"{READS}:{digest.hexdigest()}"


def _being_written(file: Path) -> RetryLater:
    return RetryLater(f"{file} is being written", "its contacts stay as they were", after=YOUNG)
