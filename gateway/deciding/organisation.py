"""What holds for everybody, as somebody who runs the telephones changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import holidays

from gateway.deciding import given
from gateway.deciding.hours import read_week
from gateway.deciding.numbering import numbering
from gateway.domain.code import Language
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Mode, Organisation
from gateway.planning.working import public_holidays
from gateway.store import audit, organisation
from gateway.store.rows import Rows

YEARS_AHEAD = 2
LOCALES: Mapping[Language, str] = {"sv": "sv", "de": "de", "en": "en_US"}  # as the library calls them


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives, as it is written; None stays as it is, "" (in a list: "" alone, or nothing) takes away.

    `hours`: "mon-fri 08:00-17:00". `mode`: "codes" or "show_as". `grace`: minutes. `dial_in`: "sv=+46 8 500 100", on
    top of those that there are; "" alone takes all away.
    """

    zone: str | None = None
    language: str | None = None
    hours: str | None = None
    country: str | None = None
    subdivision: str | None = None
    mode: str | None = None
    marker: str | None = None
    only_own: bool | None = None
    permitted: Sequence[str] | None = None
    operator: str | None = None
    through: Sequence[str] | None = None
    outside: Sequence[str] | None = None
    grace: int | None = None
    dial_in: Sequence[str] | None = None
    phone_country: str | None = None
    area: str | None = None
    outside_line: str | None = None
    extension_length: int | None = None
    shown_as: str | None = None


async def put(rows: Rows, now: datetime, who: str, wanted: Given) -> tuple[Organisation, Organisation]:
    """Change what is given, and return what held before and what holds now. Raises `Misconfigured`."""
    before = await organisation.get(rows)
    after = changed(before, wanted)
    await organisation.put(rows, after)
    if before != after:
        await audit.note(rows, now, who, "organisation changed")
    return before, after


def changed(ours: Organisation, wanted: Given) -> Organisation:
    """Return `ours` as what is given changes it. Raises `Misconfigured`."""
    return replace(
        ours,
        zone=ours.zone if wanted.zone is None else given.zone("zone", wanted.zone),
        language=ours.language if wanted.language is None else given.language("language", wanted.language),
        hours=_hours(ours.hours, wanted),
        mode=ours.mode if wanted.mode is None else _mode(wanted.mode),
        marker=ours.marker if wanted.marker is None else given.text("marker", wanted.marker),
        only_own=ours.only_own if wanted.only_own is None else wanted.only_own,
        permitted=ours.permitted
        if wanted.permitted is None
        else tuple(dict.fromkeys(given.pattern("permitted", one) for one in wanted.permitted if one)),
        operator=ours.operator if wanted.operator is None else _operator(wanted.operator),
        through=ours.through if wanted.through is None else given.through("through", wanted.through),
        outside=ours.outside
        if wanted.outside is None
        else tuple(dict.fromkeys(given.outside("outside", one) for one in wanted.outside if one)),
        grace=ours.grace if wanted.grace is None else given.grace("grace", wanted.grace),
        dial_in=ours.dial_in if wanted.dial_in is None else given.dial_in("dial_in", wanted.dial_in, ours.dial_in),
        numbering=numbering(
            ours.numbering,
            wanted.phone_country,
            wanted.area,
            wanted.outside_line,
            wanted.extension_length,
            wanted.shown_as,
            mark="",
        ),
    )


def coming_holidays(hours: WorkingHours, today: date, language: Language, many: int) -> list[tuple[date, str]]:
    """Return the next public holidays from `today` on, with their names: in `language`, else in the country's own."""
    years = range(today.year, today.year + YEARS_AHEAD)
    days = sorted(
        day for year in years for day in public_holidays(hours.country, hours.subdivision, year) if day >= today
    )
    if not days:
        return []
    offered = holidays.list_localized_countries().get(hours.country, ())
    names = holidays.country_holidays(hours.country, subdiv=hours.subdivision or None, years=list(years))
    own = names.default_language  # told: without a language, they are in that of the environment
    names = holidays.country_holidays(
        hours.country,
        subdiv=hours.subdivision or None,
        years=list(years),
        language=LOCALES[language] if LOCALES[language] in offered else own,
    )
    return [(day, names.get(day) or "") for day in days[:many]]


def _hours(before: WorkingHours, wanted: Given) -> WorkingHours:
    country = before.country if wanted.country is None else wanted.country.upper()
    subdivision = before.subdivision if country == before.country else ""
    return given.holidays(
        replace(
            before,
            week=before.week if wanted.hours is None else read_week(wanted.hours),
            country=country,
            subdivision=subdivision if wanted.subdivision is None else wanted.subdivision.upper(),
        )
    )


def _operator(value: str) -> str | None:
    return given.number("operator", value) if value else None


def _mode(value: str) -> Mode:
    try:
        return Mode(value.replace("-", "_"))
    except ValueError as error:
        known = ", ".join(mode.value for mode in Mode)
        raise given.wrong("mode", value, "is not known", "one of: {known}", known=known) from error
