"""My absences: what is in force now, what comes, and setting and ending one by hand, as on the telephone."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import absence
from gateway.deciding.absence import Fields, Wanted
from gateway.deciding.anyway import why_anyway
from gateway.deciding.people import named, outlook
from gateway.deciding.running import is_running
from gateway.domain.code import Takes
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.planning.rules import Rules
from gateway.store.rows import Rows
from gateway.web.visit import Given, Visit, Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])

Typed = dict[str, str]
FIELDS = ("code", "time", "day", "target")


@router.get("/absences")
async def show(visit: Visiting) -> Response:
    """Show mine."""
    return visit.page("absences.html", **await _mine(visit, {}))


@router.post("/absences")
async def put(visit: Visiting) -> Response:
    """Let me be away from now on."""
    form, user = await visit.form(), visit.mine
    try:
        async with visit.portal.store.write() as rows:
            rules = await visit.portal.decided.house(rows)
            await absence.put(rows, rules, user, wanted(form), visit.now, fields(form))
    except RingplanError as error:
        return visit.page("absences.html", error=error, **await _mine(visit, typed(form)))
    return visit.to("/absences", told="set")


@router.post("/absences/end")
async def end(visit: Visiting) -> Response:
    """End what is in force for me."""
    user = visit.mine
    async with visit.portal.store.write() as rows:
        ended = await absence.end(rows, user, visit.now)
    return visit.to("/absences", told="ended" if ended else "nothing")


async def _mine(visit: Visit, filled: Typed) -> dict[str, Any]:
    user = visit.mine
    async with visit.portal.store.read() as rows:
        rules = await visit.portal.decided.house(rows)
        return {
            "outlook": outlook(await absence.asked(rows, user), user, rules, visit.now, own=True),
            "own": True,
            **await beyond(rows, visit, user),
            **asking(visit, rules, filled),
        }


async def beyond(rows: Rows, visit: Visit, user: User) -> dict[str, Any]:
    """Return what a page says of why a telephone rings anyway."""
    why = await why_anyway(rows, visit.portal.installation, user)
    return {"anyway": [one.name.lower() for one in why], "running": await is_running(rows, visit.now)}


def asking(visit: Visit, rules: Rules, filled: Typed) -> dict[str, Any]:
    """Return what a form that sets an absence wants: the codes there are, and what was typed before."""
    takes = {
        Takes.TIME: visit.say("until a time"),
        Takes.DATE: visit.say("until the day of return"),
        Takes.NOTHING: visit.say("until work begins again"),
    }
    codes = [
        (code.key, f"{named(code, visit.language, rules)} ({', '.join(code.names) or code.digit}), {takes[code.takes]}")
        for code in rules.codes
        if code.names or code.digit
    ]
    return {
        "codes": codes,
        "filled": dict.fromkeys(FIELDS, "") | filled,
        "permitted": " ".join(rules.organisation.permitted),
        "named": lambda code: named(code, visit.language, rules),
    }


def wanted(form: Given) -> Wanted:
    """Return what a form asks for: a time, a day, or both make the end."""
    until = " ".join(one for one in (form.text("day"), form.text("time")) if one)
    return Wanted(form.text("code"), until or None, form.text("target") or None)


def fields(form: Given) -> Fields:
    """Return which field an error about the end names: the one that was filled in."""
    return Fields(until="day" if form.text("day") else "time")


def typed(form: Given) -> Typed:
    """Return what was typed, to show it again."""
    return {name: form.text(name) for name in FIELDS}
