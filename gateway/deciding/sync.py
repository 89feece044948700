"""Reading calendars and contacts when somebody asks: what is wanted, how far it is, and what came of it.

What was read before it was asked for does not count. That a gateway reads now is not written anywhere: it has heard of
what was asked, and has not said how it went.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import takewhile

from gateway.deciding.installation import Installation
from gateway.deciding.report import not_offered, without_contacts
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.engine.account import account_name
from gateway.engine.decided import takes_part as in_pilot
from gateway.engine.patience import next_try
from gateway.store import accounts, books, contacts, diversions, health, mailboxes, meetings, refusals, users, wishes
from gateway.store.books import Progress as BookProgress
from gateway.store.mailboxes import Progress
from gateway.store.rows import Rows
from gateway.store.wishes import Kind, Wish

PATIENCE = timedelta(minutes=2)  # so long somebody waits who has asked
APART = timedelta(seconds=10)  # between two times that one user is heard
LONG_AGO = datetime.min.replace(tzinfo=UTC)

Which = tuple[str, int]  # "calendar" or "book", and its id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read: the account of each."""

    accounts: Mapping[Which, int]

    def __str__(self) -> str:
        """Say how many they are."""
        calendars = sum(kind == "calendar" for kind, _ in self.accounts)
        many = len(self.accounts) - calendars
        return f"calendars: {calendars}" + (f", address books: {many}" if many else "")


class Stage(Enum):
    """How far one of the two is. Late: it was asked for, and nothing was heard of it for as long as one waits."""

    NEVER = "never"
    ASKED = "asked"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of what was asked."""
        return self not in (Stage.ASKED, Stage.READING)


class Trouble(Enum):
    """Why nothing can be read, by what its owner can do about it."""

    PASSWORD = "password"  # noqa: S105 - refused, and not tried again before it is given anew
    RESTS = "rests"  # refused or unanswered; tried again at a time
    LEFT_ALONE = "left_alone"  # the server asks for a pause
    UNREACHABLE = "unreachable"
    NOT_THERE = "not_there"  # the server has no such thing
    OTHER = "other"


_TROUBLES = {
    "SignInAgain": Trouble.PASSWORD,
    "Throttled": Trouble.LEFT_ALONE,
    "Unreachable": Trouble.UNREACHABLE,
    "RetryLater": Trouble.UNREACHABLE,
    "NotOffered": Trouble.NOT_THERE,
    "Missing": Trouble.NOT_THERE,
}  # by the class of what the last reading raised


@dataclass(frozen=True, slots=True)
class Part:
    """A user's calendar or contacts. `what`: "calendar" or "contacts"; `read`: when that went well last, or None.

    `found`: how many of each that were found are kept ("absences", "conferences", "contacts"). `set_aside` items could
    not be read; `remarks`: what else was noticed, by `planning.rules.Remark`. `offered` False: the server has none for
    some or all. `trouble` is there where it failed, `until` when it is tried again, `said` what is known of it, in
    English and without commands.
    """

    what: str
    stage: Stage
    read: datetime | None
    found: Mapping[str, int]
    set_aside: int = 0
    remarks: Mapping[str, int] = field(default_factory=dict)
    offered: bool = True
    trouble: Trouble | None = None
    until: datetime | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Synced:
    """How far a user's calendar and contacts are; none of `parts`: nothing is read. `asked` None: nobody has asked."""

    asked: datetime | None
    parts: tuple[Part, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return all(part.stage.is_over for part in self.parts)


@dataclass(frozen=True, slots=True)
class Asked:
    """When each user has asked last, since this process began."""

    _last: dict[int, datetime] = field(default_factory=dict)

    def of(self, user: int) -> datetime | None:
        """Return it for one user."""
        return self._last.get(user)

    async def ask(self, rows: Rows, user: int, now: datetime) -> datetime:
        """Ask for a user, once for presses that follow each other, and return when it was."""
        last = self._last.get(user)
        if last is not None and timedelta() <= now - last < APART:
            return last
        await ask(rows, user, now)
        self._last[user] = now
        return now


async def ask(rows: Rows, user: int | None, now: datetime) -> None:
    """Let what is wanted for `user` (None: everybody) be read soon; nothing where the same waits to be heard."""
    if not await wishes.waits(rows, user):
        await wishes.ask(rows, Wish(Kind.SYNC, user, now))


async def wanted(rows: Rows, installation: Installation, only: User | None) -> Wanted:
    """Return what is to be read now, of everybody or of one."""
    everybody = await users.every(rows) if only is None else (only,)
    whose = {one.id for one in everybody if takes_part(one, installation)}
    boxes = await mailboxes.every(rows) if only is None else await mailboxes.of(rows, only.id)
    found: dict[Which, int] = {("calendar", box.id): box.account for box in boxes if box.calendar and box.user in whose}
    if installation.directory is not None:
        without = without_contacts(await health.get(rows, "gateway"))
        for book in await books.every(rows) if only is None else await books.of(rows, only.id):
            is_meant = only is None if book.owner is None else book.owner in whose
            if book.enabled and is_meant:
                found["book", book.id] = book.account
        if without and any(kind == "book" for kind, _ in found):
            resting = {one.id for one in await _accounts(rows, {*found.values()}) if one.source in without}
            found = {which: account for which, account in found.items() if which[0] != "book" or account not in resting}
    return Wanted(found)


async def seen(rows: Rows, of: Wanted) -> dict[Which, Progress | BookProgress]:
    """Return how those that are still there have been read."""
    found: dict[Which, Progress | BookProgress] = {
        ("calendar", box): how for box, how in (await mailboxes.progress(rows)).items()
    }
    found |= {("book", book): how for book, how in (await books.progress(rows)).items()}
    return {which: how for which, how in found.items() if which in of.accounts}


def takes_part(user: User, installation: Installation) -> bool:
    """Say whether anything is read for a user."""
    return user.enabled and in_pilot(installation.pilot, user)


async def synced(rows: Rows, installation: Installation, user: User, asked: datetime | None, now: datetime) -> Synced:
    """Return how far what a user `asked` for is; None: how the last readings went."""
    of = await wanted(rows, installation, user)
    is_heard = not await wishes.waits(rows, user.id)
    waiting = _Waiting(asked, now, is_heard, frozenset(not_offered(await health.get(rows, "gateway"))))
    parts: list[Part] = []
    for box in await mailboxes.of(rows, user.id):
        how = await mailboxes.progress_of(rows, box.id)
        if ("calendar", box.id) in of.accounts and how is not None:
            found = {
                "absences": await diversions.count(rows, box.id),
                "conferences": await meetings.count(rows, box.id),
            }
            parts.append(await _part(rows, box, how, found, how.remarks, waiting))
    for book in await books.of(rows, user.id):
        of_book = await books.progress_of(rows, book.id)
        if ("book", book.id) in of.accounts and of_book is not None:
            parts.append(
                await _part(rows, book, of_book, {"contacts": await contacts.count(rows, book.id)}, {}, waiting)
            )
    return Synced(asked, tuple(parts))


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: datetime | None
    now: datetime
    is_heard: bool
    lacking: frozenset[str]  # sources


async def _part(
    rows: Rows,
    of: Mailbox | Book,
    how: Progress | BookProgress,
    found: Mapping[str, int],
    remarks: Mapping[str, int],
    waiting: _Waiting,
) -> Part:
    account = await accounts.shown(rows, of.account)
    state = await health.get(rows, account_name(of.account))
    past = await refusals.of(rows, of.account)
    due = LONG_AGO if account is None else next_try(account, past)
    is_closed = due is None or due > waiting.now
    is_left_alone = state is not None and not state.ok and state.said.startswith("the server asks to be left alone")
    stage = _stage(how, waiting, is_shut=is_closed or is_left_alone)
    what = "contacts" if isinstance(of, Book) else "calendar"
    is_lacking = isinstance(of, Book) and account is not None and account.source in waiting.lacking
    part = Part(what, stage, how.succeeded, found, how.set_aside, remarks, not (is_lacking and not any(found.values())))
    if stage not in (Stage.FAILED, Stage.LATE):
        return part
    said = how.said if how.failing_since is not None else state.said if state is not None and not state.ok else ""
    trouble = Trouble.OTHER
    if due is None:
        trouble = Trouble.PASSWORD
    elif is_closed:
        trouble = Trouble.RESTS
    elif is_left_alone:
        trouble = Trouble.LEFT_ALONE
    elif how.failing_since is not None:
        trouble = _TROUBLES.get(how.error or "", Trouble.OTHER)
    elif not said:
        return part
    until = due if trouble is Trouble.RESTS else None
    return Part(
        what,
        stage,
        part.read,
        found,
        part.set_aside,
        remarks,
        part.offered,
        trouble,
        until,
        _without_commands(said or ""),
    )


def _stage(how: Progress | BookProgress, waiting: _Waiting, *, is_shut: bool) -> Stage:
    """Return how far a reading is; `is_shut`: its account is not tried now."""
    tried, asked = how.tried or LONG_AGO, waiting.asked
    if asked is None or tried >= asked:
        if is_shut or how.failing_since is not None:
            return Stage.FAILED
        return Stage.DONE if how.succeeded is not None else Stage.NEVER
    if is_shut:
        return Stage.FAILED
    if waiting.now - asked >= PATIENCE:
        return Stage.LATE
    return Stage.READING if waiting.is_heard else Stage.ASKED


def _without_commands(said: str) -> str:
    """Return what was said up to where a command is named: that is for administrators."""
    return ": ".join(takewhile(lambda part: "ringplan " not in part, said.split(": ")))


async def _accounts(rows: Rows, some: set[int]) -> tuple[Account, ...]:
    if len(some) > 1:
        return tuple(one for one in await accounts.listed(rows) if one.id in some)
    found = [await accounts.shown(rows, one) for one in some]
    return tuple(one for one in found if one is not None)
