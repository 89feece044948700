"""How everything is, in figures, and what of it somebody should look at: for pages, and for monitoring."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from gateway.deciding import refused as waiting
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
    """Something that somebody should look at: `template` with `{names}` of `values` in it, which pages translate.

    `remedy`: a command that helps, or "".
    """

    level: Level
    template: str
    values: Mapping[str, str | int | datetime] = field(default_factory=dict)
    remedy: str = ""

    @property
    def said(self) -> str:
        """The problem in English, instants in UTC."""
        written = {
            name: f"{value:%Y-%m-%d %H:%M:%S}Z" if isinstance(value, datetime) else value
            for name, value in self.values.items()
        }
        said = self.template.format_map(written)
        return f"{said} ({self.remedy})" if self.remedy else said


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
        waits=await waiting.every(rows, now),
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
        told |= {name: [_failing(Level.WARNING, name, said)] for name, said in waits.items()}
        found += [one for name, some in told.items() if not name.startswith(ACCOUNT) for one in some]
        of_accounts = [one for name, some in sorted(told.items()) if name.startswith(ACCOUNT) for one in some]
        found += _folded(of_accounts, of.accounts)
        found += _of_reading(of.calendars, "{failing} of {many} calendars cannot be read, the first since {since}")
        found += _of_reading(of.books, "{failing} of {many} address books cannot be read, the first since {since}")
        found += _of_conferences(of.conferences.without_room)
    return tuple(sorted(found, key=lambda problem: -problem.level))


def for_pages(of: Summary) -> tuple[Problem, ...]:
    """Return the same without what accounts say by name: that is told in English, with commands for administrators."""
    parts = tuple(part for part in of.parts if not part.name.startswith(ACCOUNT))
    found = list(problems(replace(of, parts=parts, waits={})))
    names = {part.name for part in of.parts if part.name.startswith(ACCOUNT)} | {account_name(one) for one in of.waits}
    if of.running and names:
        values = {"many": len(names), "every": of.accounts}
        found.append(Problem(Level.WARNING, "{many} of {every} accounts are not well", values))
    return tuple(found)


def _of_reading(of: Reading, template: str) -> list[Problem]:
    if of.since is None:
        return []
    return [Problem(Level.WARNING, template, {"failing": of.failing, "many": of.many, "since": of.since})]


def _of_conferences(without: int) -> list[Problem]:
    if not without:
        return []
    one, many = "{many} conference has no room: none was free", "{many} conferences have no room: none was free"
    template = one if without == 1 else many
    return [Problem(Level.WARNING, template, {"many": without}, "ringplan rooms add … --pool")]


def _folded(found: list[Problem], accounts: int) -> list[Problem]:
    """Return the problems of accounts, of many the first alone: with people's own passwords there are thousands."""
    if len(found) <= AT_MOST:
        return found
    values: dict[str, str | int | datetime] = {"many": len(found), "every": accounts, "said": found[0].said}
    return [Problem(Level.WARNING, "{many} of {every} accounts are not well, the first: {said}", values)]


def _of_gateway(of: Summary) -> list[Problem]:
    if of.gateway is None:
        return [Problem(Level.CRITICAL, "no gateway has run yet")]
    if not of.running:
        return [Problem(Level.CRITICAL, "no gateway runs since {since}", {"since": of.gateway.beat})]
    found = [] if of.gateway.ok else [_failing(Level.CRITICAL, "gateway", of.gateway.said)]
    if of.off_since is not None:
        found.append(Problem(Level.WARNING, "off since {since}: nobody is diverted", {"since": of.off_since}))
    if of.gateway.facts.get("dry_run"):
        found.append(Problem(Level.WARNING, "dry run: nothing is written into a PBX"))
    return found


def _of_part(part: Health, waits: str | None) -> list[Problem]:
    found, name = [], {"name": part.name}
    if not part.ok or waits:
        level = Level.CRITICAL if part.name.startswith("pbx:") else Level.WARNING
        found.append(_failing(level, part.name, " · ".join(one for one in (part.said, waits) if one)))
    ahead = part.facts.get("clock_ahead", 0)
    if isinstance(ahead, int | float) and abs(ahead) > CLOCKS_MAY_DIFFER:
        said = "{name}: its clock differs from ours by {seconds} s"
        found.append(Problem(Level.WARNING, said, name | {"seconds": f"{abs(ahead):.1f}"}))
    if left_out := part.facts.get("left_out"):
        said = "{name}: {many} windows did not fit into a schedule"
        found.append(Problem(Level.WARNING, said, name | {"many": str(left_out)}))
    if refused := part.facts.get("refused"):
        many = ", ".join(refused) if isinstance(refused, list) else str(refused)
        found.append(Problem(Level.WARNING, "{name}: refused for {numbers}", name | {"numbers": many}))
    if calls := part.facts.get("calls_refused"):
        found.append(Problem(Level.WARNING, "{name}: calls were refused: {said}", name | {"said": str(calls)}))
    if queues := part.facts.get("queues"):
        said = "{name}: queue members could not be paused: {said}"
        found.append(Problem(Level.WARNING, said, name | {"said": str(queues)}))
    return found


def _failing(level: Level, name: str, said: str) -> Problem:
    return Problem(level, "{name}: {said}", {"name": name, "said": said})
