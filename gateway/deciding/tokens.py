"""Tokens that people make for their programs: what they may be used for, how long, and how many there may be."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.secret import Secret
from gateway.domain.signin import Role, Scope, Token
from gateway.errors import Misconfigured, Refused
from gateway.planning.working import midnight
from gateway.store import audit, tokens
from gateway.store.rows import Rows

LONGEST_NAME = 60
MOST = 20  # of one person
LONGEST = timedelta(days=3650)
A_DAY = timedelta(days=1)


def scopes_for(role: Role) -> frozenset[Scope]:
    """Return what tokens of somebody in this role may be used for."""
    return frozenset(scope for scope in Scope if scope.role <= role)


def end_of(day: str, zone: ZoneInfo) -> datetime | None:
    """Return the end of the last day of a token ("2027-06-30"), None for "". Raises `Misconfigured`."""
    if not day:
        return None
    try:
        return midnight(date.fromisoformat(day) + A_DAY, zone)
    except (ValueError, OverflowError) as error:
        raise Misconfigured("{field}: this is no day.", "Give one such as 2027-06-30.", field="until") from error


async def make(
    rows: Rows,
    signin: int,
    who: str,
    name: str,
    scopes: Collection[Scope],
    until: datetime | None,
    now: datetime,
    own: Collection[Scope],
    end: datetime | None = None,
) -> tuple[Token, Secret]:
    """Make a token for a program of `signin`, and return it with what it shows, which nobody can be told again.

    `own`: the scopes, and `end`: the end, of whoever asks; nobody gives more than they have. Raises `Misconfigured`,
    and `Refused` where there are too many.
    """
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        remedy = "Give it one of at most {most} letters, such as what the program is called."
        raise Misconfigured("{field}: the token needs a name.", remedy, field="name", most=LONGEST_NAME)
    if not scopes:
        raise Misconfigured("{field}: the token is good for nothing.", "Choose at least one.", field="scopes")
    if not set(scopes) <= set(own):
        raise Misconfigured("{field}: this is more than you may.", "Choose fewer.", field="scopes")
    if until is not None and not now < until <= now + LONGEST:
        remedy = "Give a later day, at most ten years away, or none."
        raise Misconfigured("{field}: the token would end at once, or too late.", remedy, field="until")
    if end is not None and (until is None or until > end):
        raise Misconfigured("{field}: it would be good for longer than yours.", "Give an earlier end.", field="until")
    if len(await tokens.of(rows, signin)) >= MOST:
        remedy = "Revoke one that no program uses any more."
        raise Refused("There are {most} tokens already.", remedy, most=MOST)
    token, secret = await tokens.add(rows, signin, name, scopes, now, until)
    await audit.note(rows, now, who, "token made", f"token {token.id}")
    return token, secret


async def revoke(rows: Rows, signin: int, who: str, token: int, now: datetime) -> bool:
    """Let one of somebody's tokens be good for nothing, at once. False: it is none of theirs."""
    if not await tokens.remove(rows, signin, token):
        return False
    await audit.note(rows, now, who, "token revoked", f"token {token}")
    return True


async def revoke_all(rows: Rows, signin: int, who: str, now: datetime) -> int:
    """Let all of somebody's tokens be good for nothing, at once, and return how many there were."""
    theirs = await tokens.of(rows, signin)
    for one in theirs:
        await revoke(rows, signin, who, one.id, now)
    return len(theirs)
