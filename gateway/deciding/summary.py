"""How everything is, in figures, and what of it somebody should look at: for pages, and for monitoring."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from gateway.deciding import refused
from gateway.domain.user import Extension
from gateway.engine.account import ACCOUNT, account_name
from gateway.store import overview, switches
from gateway.store.health import Health
from gateway.store.overview import Meetings, Reading
from gateway.store.rows import Rows

STALE = timedelta(seconds=30)  # the gateway confirms its rows every ten
CLOCKS_MAY_DIFFER = 2.0  # seconds
AT_MOST = 5
"""Accounts whose problems are told one by one."""


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
class Summary:
    """How everything is at `now`.

    `parts` are without the gateway's own, and of accounts those that are not well. `waits` says why refused credentials
    are not tried and until when, by account.
    """

    now: datetime
    gateway: Health | None
    off_since: datetime | None
    parts: tuple[Health, ...]
    waits: Mapping[int, str]
    users: int
    accounts: int
    diverted: int
    calendars: Reading
    books: Reading = field(default_factory=Reading)
    contacts: int = 0
    conferences: Meetings = field(default_factory=Meetings)

    @property
    def running(self) -> bool:
        """Whether a gateway runs."""
        return runs(self.gateway, self.now)

    @property
    def noticed(self) -> Mapping[str, int]:
        """Items that did not come to what their owners may have meant, by kind; never what they say."""
        aside = {"set_aside": self.calendars.set_aside} if self.calendars.set_aside else {}
        return {**self.calendars.remarks, **aside}

    @property
    def level(self) -> Level:
        """How bad the worst problem is."""
        return max((problem.level for problem in problems(self)), default=Level.OK)


def runs(gateway: Health | None, now: datetime) -> bool:
    """Say whether a gateway runs: its row was confirmed lately."""
    return gateway is not None and now - gateway.beat < STALE


async def summary(
    rows: Rows, now: datetime, pilot: Collection[Extension] = (), *, with_contacts: bool = False
) -> Summary:
    """Count everything at `now`; with a `pilot`, nobody else takes part. Without contacts, no book is read."""
    states = await overview.parts(rows)
    off_since = await switches.off_since(rows)
    return Summary(
        now=now,
        gateway=next((row for row in states if row.name == "gateway"), None),
        off_since=off_since,
        parts=tuple(row for row in states if row.name != "gateway"),
        waits=await refused.every(rows, now),
        users=await overview.people(rows),
        accounts=await overview.accounts(rows),
        diverted=0 if off_since else await overview.diverted(rows, now, pilot),
        calendars=await overview.calendars(rows, pilot),
        books=await overview.books(rows, pilot) if with_contacts else Reading(),
        contacts=await overview.contacts(rows, pilot) if with_contacts else 0,
        conferences=await overview.conferences(rows, now),
    )


def problems(of: Summary) -> tuple[Problem, ...]:
    """Return what is not as it should be, the worst first."""
    found = list(_of_gateway(of))
    if of.running:
        waits = {account_name(account): said for account, said in of.waits.items()}
        told = {part.name: _of_part(part, waits.pop(part.name, None)) for part in of.parts}
        told |= {name: [Problem(Level.WARNING, f"{name}: {said}")] for name, said in waits.items()}
        found += [one for name, some in told.items() if not name.startswith(ACCOUNT) for one in some]
        of_accounts = [one for name, some in sorted(told.items()) if name.startswith(ACCOUNT) for one in some]
        found += _folded(of_accounts, of.accounts)
        found += _of_failing(of.calendars, "calendars")
        found += _of_failing(of.books, "address books")
        found += _of_conferences(of.conferences.without_room)
    return tuple(sorted(found, key=lambda problem: -problem.level))


def _of_failing(of: Reading, kind: str) -> list[Problem]:
    if of.since is None:
        return []
    many = f"{of.failing} of {of.many} {kind} cannot be read"
    return [Problem(Level.WARNING, f"{many}, the first since {of.since:%Y-%m-%d %H:%M:%S}Z")]


def _of_conferences(without: int) -> list[Problem]:
    if not without:
        return []
    said = "conference has no room" if without == 1 else "conferences have no room"
    return [Problem(Level.WARNING, f"{without} {said}: none was free (ringplan rooms add … --pool)")]


def _folded(found: list[Problem], accounts: int) -> list[Problem]:
    """Return the problems of accounts, of many the first alone: with people's own passwords there are thousands."""
    if len(found) <= AT_MOST:
        return found
    return [Problem(Level.WARNING, f"{len(found)} of {accounts} accounts are not well, the first: {found[0].said}")]


def _of_gateway(of: Summary) -> list[Problem]:
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
