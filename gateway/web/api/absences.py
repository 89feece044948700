"""API: one's own absences, what is in force now and what comes; one is set and ended by hand."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from gateway.deciding import absence
from gateway.deciding.absence import Fields, Wanted
from gateway.deciding.anyway import Anyway, why_anyway
from gateway.deciding.people import Line, named, outlook
from gateway.deciding.running import is_running
from gateway.domain.code import Behaviour, Language, Takes, Treatment
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.planning.rules import Rules
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for

router = APIRouter(tags=["absences"])

Then = Literal["target", "voicemail", "operator", "busy", "ring"]
THEN: dict[Behaviour, Then] = {
    Behaviour.TARGET: "target",
    Behaviour.VOICEMAIL: "voicemail",
    Behaviour.OPERATOR: "operator",
    Behaviour.BUSY: "busy",
    Behaviour.RING: "ring",
}
Why = Literal["disabled", "off", "pilot", "dry_run"]
WHY: dict[Anyway, Why] = {
    Anyway.DISABLED: "disabled",
    Anyway.OFF: "off",
    Anyway.PILOT: "pilot",
    Anyway.DRY_RUN: "dry_run",
}


class Met(BaseModel):
    """What a caller meets: an announcement of reason and time of return or none, and then `then`."""

    model_config = HELD

    announce: bool
    then: Then


class Absence(BaseModel):
    """In force from `start` until `until`; the person can be reached at `back`.

    `kind`: it diverts, or is information only (`;`), or was ended by hand; the telephone rings unless it diverts, and
    then `target`, `colleagues` and `others` are None. `code` is the code's key, "away" for a sensitive one of somebody
    else; `reason` is its text in the language of who asks.
    """

    model_config = HELD

    kind: Literal["diverts", "information", "dismissed"]
    start: datetime
    until: datetime
    back: datetime
    code: str
    reason: str
    description: str | None
    by_hand: bool
    target: str | None
    colleagues: Met | None
    others: Met | None


class Absences(BaseModel):
    """`now` diverts, None: the telephone rings. `beside` runs too and lets it ring. `coming`: in the next 14 days.

    `rings_anyway`: why it rings whatever is planned. `running`: whether a gateway runs; otherwise changes wait for it.
    """

    model_config = HELD

    now: Absence | None
    beside: tuple[Absence, ...]
    coming: tuple[Absence, ...]
    rings_anyway: tuple[Why, ...]
    running: bool


class NewAbsence(BaseModel):
    """What is set: `code` as people write it (M), its key (meeting) or its digit.

    `until` may be None where the code lasts until work begins again. `target`: number that callers are led to this
    time, a permitted one; None: where the code leads.
    """

    model_config = HELD

    code: Annotated[str, Field(min_length=1, max_length=60)]
    until: AwareDatetime | None = None
    target: Annotated[str, Field(pattern="^[0-9]{1,20}$")] | None = None


class CodeToSet(BaseModel):
    """A reason to be away: `code` is its key; `names` are what people write, `digit` what they dial.

    `takes`: what its end is; "nothing": it lasts until work begins again, unless an end is given.
    """

    model_config = HELD

    code: str
    names: tuple[str, ...]
    digit: str | None
    reason: str
    takes: Takes


class ToSet(BaseModel):
    """What an absence can be set with. `permitted`: patterns of targets, x is any digit; none: extensions of users."""

    model_config = HELD

    codes: tuple[CodeToSet, ...]
    permitted: tuple[str, ...]


@router.get("/absences/codes", name="codes", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def to_set(caller: Calling) -> ToSet:
    """Return the reasons that an absence can be set with, and where callers may be led."""
    async with caller.portal.store.read() as rows:
        rules = await caller.portal.decided.house(rows)
    language = language_of(caller, rules)
    codes = tuple(
        CodeToSet(
            code=code.key,
            names=code.names,
            digit=code.digit,
            reason=named(code, language, rules),
            takes=code.takes,
        )
        for code in rules.codes
        if code.names or code.digit
    )
    return ToSet(codes=codes, permitted=rules.organisation.permitted)


@router.get("/absences", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> Absences:
    """Return what is in force for you now, and what comes."""
    user = caller.mine
    async with caller.portal.store.read() as rows:
        return await told(rows, caller, user, own=True)


@router.put("/absences/by-hand", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def put(caller: Calling, new: NewAbsence) -> Absences:
    """Be away from now on, in the place of an absence by hand before; it beats the calendar until it ends."""
    user = caller.mine
    async with caller.portal.store.write() as rows:
        await set_for(rows, caller, user, new)
    async with caller.portal.store.read() as rows:
        return await told(rows, caller, user, own=True)


@router.delete("/absences/now", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def end(caller: Calling) -> Absences:
    """End what is in force for you now and what runs beneath; what begins later diverts as planned."""
    user = caller.mine
    async with caller.portal.store.write() as rows:
        await absence.end(rows, user, caller.now)
    async with caller.portal.store.read() as rows:
        return await told(rows, caller, user, own=True)


async def set_for(rows: Rows, caller: Caller, user: User, new: NewAbsence) -> None:
    """Set an absence for somebody. Raises `Misconfigured`."""
    rules = await caller.portal.decided.house(rows)
    wanted = Wanted(new.code, new.until.isoformat() if new.until else None, new.target)
    await absence.put(rows, rules, user, wanted, caller.now, Fields())


async def told(rows: Rows, caller: Caller, user: User, *, own: bool) -> Absences:
    """Return how it is for `user`: all of it to themselves (`own`), discreetly to others."""
    rules = await caller.portal.decided.house(rows)
    seen = outlook(await absence.asked(rows, user), user, rules, caller.now, own=own)
    language = language_of(caller, rules)
    return Absences(
        now=one(seen.now, user.zone, language, rules) if seen.now else None,
        beside=tuple(one(line, user.zone, language, rules) for line in seen.beside),
        coming=tuple(one(line, user.zone, language, rules) for line in seen.coming),
        rings_anyway=tuple(WHY[why] for why in await why_anyway(rows, caller.portal.installation, user)),
        running=await is_running(rows, caller.now),
    )


def one(line: Line, zone: ZoneInfo, language: Language, rules: Rules) -> Absence:
    """Return one line of an outlook, its times in `zone`."""
    window = line.window
    return Absence(
        kind=line.kind.value,
        start=line.start.astimezone(zone),
        until=line.end.astimezone(zone),
        back=line.back.astimezone(zone),
        code=line.code.key,
        reason=named(line.code, language, rules),
        description=line.text,
        by_hand=line.by_hand,
        target=window.target if window else None,
        colleagues=_met(window.internal) if window else None,
        others=_met(window.external) if window else None,
    )


def language_of(caller: Caller, rules: Rules) -> Language:
    """Return the language of who asks."""
    return caller.user.language if caller.user else rules.organisation.language


def _met(treatment: Treatment) -> Met:
    return Met(announce=treatment.announce, then=THEN[treatment.then])
