"""The organisation: what holds for everybody who has nothing of their own."""

import re
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import organisation as deciding
from gateway.deciding.hours import DAYS
from gateway.deciding.organisation import Given, coming_holidays
from gateway.domain.code import LANGUAGES
from gateway.domain.contact import Form as Shown
from gateway.domain.signin import Role
from gateway.domain.user import Mode, Organisation
from gateway.errors import RingplanError
from gateway.store import organisation
from gateway.web.texts import NAMES
from gateway.web.visit import Given as Form
from gateway.web.visit import Visit, Visiting, entered

PLACE = "/administration/organisation"
MANY_HOLIDAYS = 10
A_MINUTE = timedelta(minutes=1)
NUMBERS = ("permitted", "through", "outside")
TEXTS = ("zone", "language", "country", "subdivision", "mode", "marker", "operator", *NUMBERS)
NUMBERING = ("phone-country", "area", "outside-line", "extension-length", "shown-as")
_APART = re.compile(r"[\s,;]+")

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show what holds."""
    async with visit.portal.store.read() as rows:
        ours = await organisation.get(rows)
    return _page(visit, ours, _as_typed(ours))


@router.post("")
async def change(visit: Visiting) -> Response:
    """Change what holds."""
    form = await visit.form()
    try:
        async with visit.portal.store.write() as rows:
            before, after = await deciding.put(rows, visit.now, visit.who, _given(form))
    except RingplanError as error:
        async with visit.portal.store.read() as rows:
            ours = await organisation.get(rows)
        return _page(visit, ours, _typed(form), error)
    return visit.to(PLACE, told="same" if before == after else "changed")


def _page(visit: Visit, ours: Organisation, typed: dict[str, str], error: RingplanError | None = None) -> Response:
    today = visit.now.astimezone(ours.zone).date()
    coming = coming_holidays(ours.hours, today, visit.language, MANY_HOLIDAYS)
    known: dict[str, Any] = {"days": DAYS, "modes": list(Mode), "forms": list(Shown), "names": NAMES}
    return visit.page("organisation.html", error=error, ours=ours, typed=typed, holidays=coming, **known)


def _given(form: Form) -> Given:
    """Return what the form says; it says everything."""
    lists = {name: _split(form.text(name)) for name in NUMBERS}
    guests = ["", *(f"{language}={one}" for language in LANGUAGES if (one := form.text(f"dial_in_{language}")))]
    return Given(
        zone=form.text("zone"),
        language=form.text("language"),
        hours=_week(form),
        country=form.text("country"),
        subdivision=form.text("subdivision"),
        mode=form.text("mode"),
        marker=form.text("marker"),
        only_own=form.flag("only_own"),
        operator=form.text("operator"),
        grace=_whole(form.text("grace")),
        dial_in=guests,
        phone_country=form.text("phone-country"),
        area=form.text("area"),
        outside_line=form.text("outside-line"),
        extension_length=_whole(form.text("extension-length")),
        shown_as=form.text("shown-as"),
        permitted=lists["permitted"],
        through=lists["through"],
        outside=lists["outside"],
    )


def _week(form: Form) -> str:
    """Return the week of a form as text: a field per day, empty where nobody works."""
    spans = ((day, " ".join(_split(form.text(day)))) for day in DAYS)
    return "; ".join(f"{day} {told}" for day, told in spans if told) or "none"


def _whole(text: str) -> int:
    """Return a number; what is none is one that nothing can be."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else -1


def _split(text: str) -> list[str]:
    return [one for one in _APART.split(text) if one]


def _typed(form: Form) -> dict[str, str]:
    names = (*TEXTS, *NUMBERING, *DAYS, "grace", *(f"dial_in_{language}" for language in LANGUAGES))
    return {name: form.text(name) for name in names} | {"only_own": "yes" if form.flag("only_own") else ""}


def _as_typed(ours: Organisation) -> dict[str, str]:
    """Return what stands in the fields."""
    numbering = ours.numbering
    return {
        "zone": ours.zone.key,
        "language": ours.language,
        "country": ours.hours.country,
        "subdivision": ours.hours.subdivision,
        "mode": ours.mode.value,
        "marker": ours.marker,
        "only_own": "yes" if ours.only_own else "",
        "operator": ours.operator or "",
        "permitted": " ".join(ours.permitted),
        "through": " ".join(ours.through),
        "outside": " ".join(ours.outside),
        "grace": str(ours.grace // A_MINUTE),
        **{f"dial_in_{language}": ours.dial_in.get(language, "") for language in LANGUAGES},
        "phone-country": numbering.country,
        "area": numbering.area,
        "outside-line": numbering.outside,
        "extension-length": str(numbering.extension),
        "shown-as": numbering.form.value,
        **{day: _spans(ours, at) for at, day in enumerate(DAYS)},
    }


def _spans(ours: Organisation, day: int) -> str:
    return " ".join(f"{start:%H:%M}-{until:%H:%M}" for start, until in ours.hours.week.get(day, ()))
