"""An absence by hand, as it is set and ended by command and in the portal: the same as on the telephone.

It beats the calendar until it ends. What is typed comes as texts; whoever asks opens the transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.deciding import given
from gateway.domain.code import Code, Takes
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import User
from gateway.errors import Misconfigured, Refused
from gateway.planning import working
from gateway.planning.rules import Rules, folded
from gateway.planning.targets import is_permitted
from gateway.store import absences, diversions, users
from gateway.store.rows import Rows

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fields:
    """What the texts are called where they are typed; errors name them."""

    code: str = "code"
    until: str = "until"
    target: str = "target"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody types: `code` as people write it (M), its key or its digit; `until` as `given.until` reads it.

    None: nothing was said.
    """

    code: str
    until: str | None = None
    target: str | None = None


async def put(rows: Rows, rules: Rules, user: User, wanted: Wanted, now: datetime, named: Fields) -> Diversion:
    """Let `user` be away from `now` on, in the place of an absence by hand before.

    Raises `Misconfigured`, and `Refused` where the user was removed while this waited for others who write.
    `Rules.extensions` is not looked at: whether a target is somebody's number, the store says.
    """
    now = now.replace(microsecond=0)
    code = _code(wanted.code, rules, named)
    absence = Diversion(
        user=user.id,
        key=BY_HAND,
        code=code.key,
        start=now,
        end=_ends(wanted.until, code, user, rules, now, named),
        target=None if wanted.target is None else await _permitted(rows, wanted.target, user, rules, named),
        by_hand=True,
    )
    if await users.get(rows, user.id) is None:
        raise Refused("{extension} was removed meanwhile", "look again", extension=user.extension)
    await absences.put(rows, absence)
    return absence


async def end(rows: Rows, user: User, now: datetime) -> tuple[Diversion, ...]:
    """End what is in force for `user` and what runs beneath; return what that was.

    The absence by hand is gone, those of the calendar are dismissed.
    """
    running = [
        one for one in await asked(rows, user) if one.diverts and not one.dismissed and one.start <= now < one.end
    ]
    await absences.end(rows, user.id, now)
    return tuple(running)


async def asked(rows: Rows, user: User) -> tuple[Diversion, ...]:
    """Return all that is asked for `user`, by hand first, dismissed ones too."""
    by_hand = await absences.of(rows, user.id)
    return (*([by_hand] if by_hand else []), *await diversions.of(rows, user.id))


def _code(written: str, rules: Rules, named: Fields) -> Code:
    """Find a code by what people write, its key or its digit, in this order."""
    found = rules.by_name.get(folded(written)) or rules.by_key.get(written.lower()) or rules.by_digit.get(written)
    if found is None:
        raise Misconfigured(
            "{value} is no code",
            "ringplan codes list names all",
            field=named.code,
            value=repr(given.shortened(written)),
        )
    return found


def _ends(until: str | None, code: Code, user: User, rules: Rules, now: datetime, named: Fields) -> datetime:
    """Return `until`; where the code takes nothing, when work next begins: without any work, at midnight."""
    if until is not None:
        return given.until(named.until, until, now, user.zone)
    match code.takes:
        case Takes.TIME:
            raise Misconfigured("until when? This code takes a time", "give {field} 15:00", field=named.until)
        case Takes.DATE:
            remedy = "give {field} 2026-11-24, the day of return"
            raise Misconfigured("until when? This code takes a date", remedy, field=named.until)
    back = working.gone_until(now, now, user.hours or rules.organisation.hours, user.zone)
    return back if back > now else working.midnight(now.astimezone(user.zone).date() + A_DAY, user.zone)


async def _permitted(rows: Rows, to: str, user: User, rules: Rules, named: Fields) -> str:
    permitted = rules.organisation.permitted
    if given.number(named.target, to) in user.places:
        raise Misconfigured(
            "{field}: {number} is {extension}'s own number",
            "give another one",
            field=named.target,
            number=to,
            extension=user.extension,
        )
    ours = () if permitted or await users.by_extension(rows, to) is None else (to,)
    if is_permitted(to, permitted, ours):
        return to
    remedy = "ringplan organisation set --permit permits more"
    if not permitted:
        said = "{field}: {number} is not permitted; permitted are: extensions of users"
        raise Misconfigured(said, remedy, field=named.target, number=to)
    said = "{field}: {number} is not permitted; permitted are: {patterns}"
    raise Misconfigured(said, remedy, field=named.target, number=to, patterns=" ".join(permitted))
