"""How small things of the domain are written into a column, and read out of it again. Pure."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from gateway.domain.code import Behaviour, Treatment
from gateway.domain.hours import WorkingHours


def hours_out(hours: WorkingHours) -> dict[str, Any]:
    """Return working hours as JSON: days as "0" (Monday) to "6", times as "08:00"."""
    week = {
        str(day): [[f"{start:%H:%M}", f"{until:%H:%M}"] for start, until in spans] for day, spans in hours.week.items()
    }
    return {"week": week, "country": hours.country, "subdivision": hours.subdivision}


def hours_in(written: Mapping[str, Any]) -> WorkingHours:
    """Read what `hours_out` wrote."""
    week = {
        int(day): tuple((time.fromisoformat(start), time.fromisoformat(until)) for start, until in spans)
        for day, spans in written["week"].items()
    }
    return WorkingHours(week, written["country"], written["subdivision"])


def treatment_out(treatment: Treatment) -> str:
    """Return a treatment as the two letters of the schedule (dialplan/README.md): `at` announces, then the target."""
    return ("a" if treatment.announce else "q") + treatment.then.value


def treatment_in(written: str) -> Treatment:
    """Read what `treatment_out` wrote."""
    return Treatment(written[0] == "a", Behaviour(written[1]))
