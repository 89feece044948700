"""How small things of the domain are written into a column, and read out of it again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from gateway.domain.code import Behaviour, Treatment
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.domain.hours import WorkingHours

KINDS = {kind.value: kind for kind in Kind}  # quicker than Kind(…)


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


def numbering_out(numbering: Numbering) -> dict[str, Any]:
    """Return what numbers mean as JSON, by the names of the fields."""
    return {
        "country": numbering.country,
        "area": numbering.area,
        "outside": numbering.outside,
        "extension": numbering.extension,
        "form": numbering.form.value,
    }


def numbering_in(written: Mapping[str, Any]) -> Numbering:
    """Read what `numbering_out` wrote; nothing: as nobody has said."""
    return Numbering(**{**written, "form": Form(written["form"])}) if written else Numbering()


def contact_out(contact: Contact) -> list[Any]:
    """Return what is in a contact, without its key, as JSON: short, since there may be a hundred thousand."""
    numbers = [[number.kind.value, number.written, number.key] for number in contact.numbers]
    names = [contact.name, contact.given, contact.family, contact.company, contact.title]
    return [*names, list(contact.emails), numbers]


def contact_in(key: str, written: Sequence[Any]) -> Contact:
    """Read what `contact_out` wrote."""
    name, given, family, company, title, emails, numbers = written
    told = tuple([PhoneNumber(KINDS[kind], as_written, known) for kind, as_written, known in numbers])
    return Contact(key, name, given, family, company, title, tuple(emails), told)
