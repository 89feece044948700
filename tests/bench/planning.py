"""How fast planning is for 10,000 users, each with a fortnight of what office people write.

All of it runs on one core and without a server: codes are read, diversions laid out, what a PBX should hold is worked
out and compared. The goals leave the gateway more than half of each second at the busiest instant of its day, the full
hour, when everybody's value is written anew.
"""

import statistics
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from gateway.domain.appointment import Appointment
from gateway.domain.diversion import Diversion
from gateway.domain.held import Held
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Organisation, User
from gateway.planning.codes import read
from gateway.planning.difference import difference
from gateway.planning.phone import phone
from gateway.planning.plan import plan
from gateway.planning.rules import Rules
from gateway.planning.timeline import Segment, of_user
from gateway.planning.usual import USUAL

USERS = 10_000
ROUNDS = 3
ZONE = ZoneInfo("Europe/Stockholm")
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)
NOW = datetime(2026, 11, 25, 11, tzinfo=UTC)
HOW = "10,000 users, 14 days of 6 items a working day, 3 of them with a code; one process, one core; best of 3"

Row = dict[str, object]


def rows() -> list[Row]:
    """Return one row per step of the way from appointments to the difference, seconds for all users."""
    organisation = Organisation(ZONE, hours=WorkingHours(country="SE"))
    users = [User(n, f"{10_000 + n}", (), ZONE) for n in range(USERS)]
    rules = Rules(
        organisation, tuple(replace(code, target="9") for code in USUAL), frozenset(u.extension for u in users)
    )
    items = _fortnight()

    def found() -> list[tuple[Diversion, ...]]:
        return [read(items, user, rules).diversions for user in users]

    diversions = found()

    def laid_out() -> list[tuple[Segment, ...]]:
        return [of_user(some, user, rules) for some, user in zip(diversions, users, strict=True)]

    def held(now: datetime = NOW) -> dict[str, Held]:
        plans = (plan(user, some, rules, now) for some, user in zip(diversions, users, strict=True))
        return {place: held for one in plans for place, held in one.held.items()}

    def phones() -> list[str]:
        return [phone(user, rules, 0, NOW) for user in users]

    holds, wanted = held(), held(NOW + timedelta(hours=1))
    return [
        _seconds("planning.read_codes", "<= 15", found),
        _seconds("planning.timelines", "<= 5", laid_out),
        _seconds("planning.what_should_be_held", "<= 6", held),
        _seconds("planning.phones", "<= 0.3", phones),
        _seconds("planning.difference_all_changed", "<= 0.1", lambda: difference(holds, wanted)),
        _memory("planning.memory_of_what_should_be_held", "<= 50", held),
    ]


def _fortnight() -> list[Appointment]:
    subjects = ("M: Styrgrupp", "L:", "Budget", "Kaffe med Kim", "M; avstämning", "Mail: svar?")
    found = []
    for day in (MONDAY + timedelta(days=n) for n in range(14) if n % 7 < 5):
        for number, subject in enumerate(subjects):
            start = datetime.combine(day.date(), time(9 + number), ZONE)
            found.append(
                Appointment(f"{day:%d}-{number}@example.org", "", subject, start, start + timedelta(minutes=50))
            )
    return found


def _seconds(name: str, goal: str, work: Callable[[], object]) -> Row:
    samples = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        work()
        samples.append(round(perf_counter() - begun, 4))
    return _row(name, min(samples), "s", goal, samples)


def _memory(name: str, goal: str, work: Callable[[], object]) -> Row:
    tracemalloc.start()
    kept = work()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return _row(name, round(size / 1e6, 1), "MB", goal, [size])


def _row(name: str, value: float, unit: str, goal: str, samples: list[float]) -> Row:
    met = value <= float(goal.removeprefix("<= "))
    spread = f"; median {statistics.median(samples):g}" if len(samples) > 1 else ""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": goal,
        "met": met,
        "how": HOW + spread,
        "samples": samples,
    }
