"""How everything is, in figures, and what of it somebody should look at: for pages, and for monitoring."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from gateway.deciding import refused as waiting
from gateway.domain.user import Extension
from gateway.engine.account import account_name
from gateway.engine.patience import APART, MAY_DIE, SERVICE_FIRST
from gateway.store import accounts, health, organisation, overview, refusals, switches
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

    `parts` are without the gateway's own and without accounts. Of these, `not_well` are so many, and what is the matter
    with the first of them is `ills`.
    """

    now: datetime
    gateway: Health | None
    off_since: datetime | None
    parts: tuple[Health, ...]
    users: int
    accounts: int
    not_well: int
    ills: tuple[Problem, ...]
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
    not_well, ills = await _not_well(rows, now)
    return Summary(
        now=now,
        gateway=next((row for row in states if row.name == "gateway"), None),
        off_since=off_since,
        parts=tuple(row for row in states if row.name != "gateway"),
        users=await overview.people(rows),
        accounts=await overview.accounts(rows),
        not_well=not_well,
        ills=ills,
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
        found += [one for part in of.parts for one in _of_part(part)]
        found += _folded(of)
        found += _of_reading(of.calendars, "{failing} of {many} calendars cannot be read, the first since {since}")
        found += _of_reading(of.books, "{failing} of {many} address books cannot be read, the first since {since}")
        found += _of_conferences(of.conferences.without_room)
    return tuple(sorted(found, key=lambda problem: -problem.level))


def for_pages(of: Summary) -> tuple[Problem, ...]:
    """Return the same without what accounts say by name: that is told in English, with commands for administrators."""
    found = list(problems(replace(of, not_well=0, ills=())))
    if of.running and of.not_well:
        values = {"many": of.not_well, "every": of.accounts}
        found.append(Problem(Level.WARNING, "{many} of {every} accounts are not well", values))
    return tuple(found)


def ill(account: int, state: Health | None, waits: str) -> Problem:
    """Return what is the matter with an account; `waits`: why it is not tried, and until when, or ""."""
    said = "" if state is None else state.said
    return _failing(Level.WARNING, account_name(account), " · ".join(one for one in (said, waits) if one))


async def _not_well(rows: Rows, now: datetime) -> tuple[int, tuple[Problem, ...]]:
    many, ids = await overview.not_well(rows, now - APART, now - SERVICE_FIRST, MAY_DIE, AT_MOST)
    zone, found = (await organisation.get(rows)).zone, []
    for one in ids:
        account, past = await accounts.shown(rows, one), await refusals.of(rows, one)
        told = waiting.told(account, past, now, zone) if account is not None else ""
        found.append(ill(one, await health.get(rows, account_name(one)), told))
    return many, tuple(found)


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


def _folded(of: Summary) -> list[Problem]:
    """Return the problems of accounts, of many the first alone: with people's own passwords there are thousands."""
    if of.not_well <= AT_MOST:
        return list(of.ills)
    values: dict[str, str | int | datetime] = {"many": of.not_well, "every": of.accounts, "said": of.ills[0].said}
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


def _of_part(part: Health) -> list[Problem]:
    found, name = [], {"name": part.name}
    if not part.ok:
        level = Level.CRITICAL if part.name.startswith("pbx:") else Level.WARNING
        found.append(_failing(level, part.name, part.said))
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
