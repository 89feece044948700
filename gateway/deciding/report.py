"""What `ringplan status` tells, gathered from the store, and what monitoring must hear of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from gateway.deciding import refused
from gateway.deciding.planned import Told, gather
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import Extension, User
from gateway.engine.account import ACCOUNT, account_name
from gateway.engine.decided import rules_of, takes_part
from gateway.engine.sync import NOT_OFFERED, WITHOUT_CONTACTS
from gateway.planning.rules import Rules, discreet
from gateway.planning.timeline import of_user, segment_at
from gateway.store import absences, accounts, books, contacts, diversions, health, mailboxes, switches, users
from gateway.store.books import Progress as BookProgress
from gateway.store.health import Health
from gateway.store.mailboxes import Progress
from gateway.store.rows import Rows

STALE = timedelta(seconds=30)  # the gateway confirms its rows every ten
CLOCKS_MAY_DIFFER = 2.0  # seconds
AT_MOST = 5
"""Accounts whose problems are told one by one."""
REMARKS = {
    "withheld": "items whose subject the server withholds",
    "target_refused": "items whose >number is not permitted",
    "target_not_own": "items of others with a >number",
    "subject_too_long": "items whose subject is too long",
    "lasts_too_long": "items that last too long",
    "same_item_twice": "items that came twice",
}


class Level(IntEnum):
    """How bad it is, as monitoring counts (Nagios plugin guidelines: the exit status)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that somebody should look at."""

    level: Level
    said: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Who is diverted now: by the code `code`, or the neutral one, until `until`, and can be reached at `back`.

    `by_hand`: it was set on the telephone or by command.
    """

    extension: str
    code: str
    until: datetime
    back: datetime
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that `status` shows at `now`.

    `waits` says why refused credentials are not tried and until when, by account; `progress` is by mailbox, `parts` by
    name, without the gateway's own. Mailboxes are those of users who take part: the others are not read, and what was
    the matter with them is over. So are `books`, beside the company's; `contacts` is how many are in them.
    """

    now: datetime
    gateway: Health | None
    off_since: datetime | None
    parts: tuple[Health, ...]
    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    waits: Mapping[int, str]
    mailboxes: tuple[Mailbox, ...]
    progress: Mapping[int, Progress]
    absent: tuple[Absent, ...]
    conferences: tuple[Told, ...] = ()
    books: tuple[Book, ...] = ()
    book_progress: Mapping[int, BookProgress] = field(default_factory=dict)
    contacts: int = 0

    @property
    def running(self) -> bool:
        """Whether a gateway runs: its row was confirmed lately."""
        return self.gateway is not None and self.now - self.gateway.beat < STALE

    @property
    def failing(self) -> tuple[datetime, ...]:
        """Since when each calendar that cannot be read has been so."""
        return tuple(how.failing_since for how in self.progress.values() if how.failing_since is not None)

    @property
    def books_failing(self) -> tuple[datetime, ...]:
        """Since when each book that cannot be read has been so."""
        return tuple(how.failing_since for how in self.book_progress.values() if how.failing_since is not None)

    @property
    def contacts_set_aside(self) -> int:
        """How many contacts could not be read."""
        return sum(how.set_aside for how in self.book_progress.values())

    @property
    def noticed(self) -> Mapping[str, int]:
        """Items that did not come to what their owners may have meant, by kind; never what they say."""
        total: Counter[str] = Counter()
        for one in self.progress.values():
            total.update(one.remarks)
            total["set_aside"] += one.set_aside
        return {kind: count for kind, count in total.items() if count}


def without_contacts(gateway: Health | None) -> Collection[str]:
    """Return the sources whose books rest: their server has no contacts that we can read."""
    sources = gateway.facts.get(WITHOUT_CONTACTS) if gateway else None
    return sources if isinstance(sources, list) else ()


def not_offered(gateway: Health | None) -> Collection[str]:
    """Return the sources whose server says of somebody that there are no address books; it is asked again."""
    sources = gateway.facts.get(NOT_OFFERED) if gateway else None
    return sources if isinstance(sources, list) else ()


async def report(
    rows: Rows, now: datetime, pilot: Collection[Extension] = (), *, with_contacts: bool = False
) -> Report:
    """Gather everything at `now`; with a `pilot`, nobody else takes part. Without contacts, no book is read."""
    everybody = await users.every(rows)
    active = {user.id for user in everybody if user.enabled and takes_part(pilot, user)}
    boxes = tuple(box for box in await mailboxes.every(rows) if box.calendar and box.user in active)
    progress = await mailboxes.progress(rows)
    every = await books.every(rows) if with_contacts else ()
    read = tuple(book for book in every if book.enabled and (book.owner is None or book.owner in active))
    of_books, counts = await books.progress(rows), await contacts.counts(rows)
    rules = await rules_of(rows)
    states = await health.every(rows)
    off_since = await switches.off_since(rows)
    absent = [] if off_since else await _absent(rows, [user for user in everybody if user.id in active], rules, now)
    return Report(
        now=now,
        gateway=next((row for row in states if row.name == "gateway"), None),
        off_since=off_since,
        parts=tuple(row for row in states if row.name != "gateway"),
        users=everybody,
        accounts=await accounts.listed(rows),
        waits=await refused.every(rows, now),
        mailboxes=boxes,
        progress={box.id: progress[box.id] for box in boxes},
        absent=tuple(absent),
        conferences=await gather(rows, now),
        books=read,
        book_progress={book.id: of_books[book.id] for book in read},
        contacts=sum(counts.get(book.id, 0) for book in read),
    )


async def _absent(rows: Rows, active: Iterable[User], rules: Rules, now: datetime) -> list[Absent]:
    planned, by_hand = await diversions.every(rows), await absences.every(rows)
    found = []
    for user in active:
        asked = [*planned.get(user.id, ()), *([by_hand[user.id]] if user.id in by_hand else [])]
        segment = segment_at(of_user(asked, user, rules), now)
        if segment is not None:
            code = discreet(rules.by_key[segment.diversion.code])
            found.append(Absent(user.extension, code.key, segment.end, segment.back, segment.diversion.by_hand))
    return found


def problems(of: Report) -> tuple[Problem, ...]:
    """Return what is not as it should be, the worst first."""
    found = list(_of_gateway(of))
    if of.running:
        waits = {account_name(account): said for account, said in of.waits.items()}
        told = {part.name: _of_part(part, waits.get(part.name)) for part in of.parts}
        found += [one for name, some in told.items() if not name.startswith(ACCOUNT) for one in some]
        of_accounts = [one for name, some in told.items() if name.startswith(ACCOUNT) for one in some]
        found += _folded(of_accounts, len(of.accounts))
        found += _of_failing(of.failing, len(of.progress), "calendars")
        found += _of_failing(of.books_failing, len(of.books), "address books")
        found += _of_conferences(of)
    return tuple(sorted(found, key=lambda problem: -problem.level))


def _of_failing(since: Collection[datetime], every: int, kind: str) -> list[Problem]:
    if not since:
        return []
    many = f"{len(since)} of {every} {kind} cannot be read"
    return [Problem(Level.WARNING, f"{many}, the first since {min(since):%Y-%m-%d %H:%M:%S}Z")]


def _of_conferences(of: Report) -> list[Problem]:
    without = sum(told.without_room for told in of.conferences)
    if not without:
        return []
    said = "conference has no room" if without == 1 else "conferences have no room"
    return [Problem(Level.WARNING, f"{without} {said}: none was free (ringplan rooms add … --pool)")]


def _folded(found: list[Problem], accounts: int) -> list[Problem]:
    """Return the problems of accounts, of many the first alone: with people's own passwords there are thousands."""
    if len(found) <= AT_MOST:
        return found
    return [Problem(Level.WARNING, f"{len(found)} of {accounts} accounts are not well, the first: {found[0].said}")]


def _of_gateway(of: Report) -> list[Problem]:
    if of.gateway is None:
        return [Problem(Level.CRITICAL, "no gateway has run yet")]
    if not of.running:
        return [Problem(Level.CRITICAL, f"no gateway runs since {of.gateway.beat:%Y-%m-%d %H:%M:%S}Z")]
    found = [] if of.gateway.ok else [Problem(Level.CRITICAL, f"gateway: {of.gateway.said}")]
    if of.off_since is not None:
        found.append(Problem(Level.WARNING, f"off since {of.off_since:%Y-%m-%d %H:%M:%S}Z: nobody is diverted"))
    if of.gateway.facts.get("dry_run"):
        found.append(Problem(Level.WARNING, "dry run: nothing is written into a PBX"))
    return found


def _of_part(part: Health, waits: str | None) -> list[Problem]:
    found = []
    if not part.ok or waits:
        level = Level.CRITICAL if part.name.startswith("pbx:") else Level.WARNING
        said = " · ".join(one for one in (part.said, waits) if one)
        found.append(Problem(level, f"{part.name}: {said}"))
    ahead = part.facts.get("clock_ahead", 0)
    if isinstance(ahead, int | float) and abs(ahead) > CLOCKS_MAY_DIFFER:
        found.append(Problem(Level.WARNING, f"{part.name}: its clock differs from ours by {abs(ahead):.1f} s"))
    if left_out := part.facts.get("left_out"):
        found.append(Problem(Level.WARNING, f"{part.name}: {left_out} windows did not fit into a schedule"))
    if refused := part.facts.get("refused"):
        many = ", ".join(refused) if isinstance(refused, list) else str(refused)
        found.append(Problem(Level.WARNING, f"{part.name}: refused for {many}"))
    if calls := part.facts.get("calls_refused"):
        found.append(Problem(Level.WARNING, f"{part.name}: calls were refused: {calls}"))
    if queues := part.facts.get("queues"):
        found.append(Problem(Level.WARNING, f"{part.name}: queue members could not be paused: {queues}"))
    return found
