"""A user's own e-mail addresses. One decides into whose conferences somebody is called, so none is taken on word: a
letter to it confirms it, or where no mail is sent, an administrator.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.deciding import given
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.errors import Misconfigured, Refused
from gateway.store import audit, claims, users
from gateway.store.claims import Claim
from gateway.store.rows import Rows

BY_LETTER = timedelta(hours=24)
BY_HAND = timedelta(days=30)
MOST = 10  # addresses of one user
MOST_CLAIMED = 5
LONGEST = 254  # RFC 5321, 4.5.3.1.3


async def claim(rows: Rows, user: User, email: str, now: datetime, *, by_letter: bool) -> tuple[str, Secret | None]:
    """Note that `email` is said to be the user's; return it, and with `by_letter` what a letter to it must bring.

    Whose it is already is not looked at, so that nobody is told. Raises `Misconfigured` for what is no address or the
    user's own already, `Refused` for too many.
    """
    address = given.email("email", email)
    if len(address) > LONGEST:
        raise given.wrong("email", email, "is no e-mail address", "give one such as anna@example.org")
    if address in user.emails:
        raise Misconfigured("You have this address already.", field="email")
    waiting = [one for one in await claims.of(rows, user.id, now) if one.email != address]
    if len(waiting) >= MOST_CLAIMED or len(user.emails) >= MOST:
        raise Refused("These are too many addresses.", "Remove one first.", field="email")
    until = now + (BY_LETTER if by_letter else BY_HAND)
    return address, await claims.put(rows, user.id, address, until, by_letter=by_letter)


async def confirmed_by(rows: Rows, user: User, secret: str, now: datetime) -> Claim | None:
    """Return what the user confirms with what a letter brought; None: it is used, too old, or not theirs."""
    return await claims.opened(rows, user.id, secret, now)


async def confirm(rows: Rows, one: Claim, now: datetime, by: str) -> User:
    """Let a claimed address be the user's, who is returned as they are then.

    Raises `Refused` when it is somebody else's; the claim stays.
    """
    user = await users.get(rows, one.user)
    owner = await claims.owner(rows, one.email)
    if user is None or owner not in (None, one.user):
        raise Refused("This address belongs to somebody else here.", "Ask an administrator.", field="email")
    await claims.remove(rows, one.user, one.id)
    if owner == one.user:
        return user
    changed = replace(user, emails=(*user.emails, one.email))
    await users.put(rows, changed)
    await audit.note(rows, now, by, "address added", f"user {one.user}")
    return changed


async def refuse(rows: Rows, one: Claim, now: datetime, by: str) -> None:
    """Let a claimed address not be the user's."""
    await claims.remove(rows, one.user, one.id)
    await audit.note(rows, now, by, "address refused", f"user {one.user}")


async def remove(rows: Rows, user: User, email: str, now: datetime, by: str) -> bool:
    """Let an address be the user's no more. False: it is not. Raises `Refused` for the last one."""
    if email not in user.emails:
        return False
    left = tuple(one for one in user.emails if one != email)
    if not left:
        raise Refused("This is your only address.", "Add another one first.", field="email")
    await users.put(rows, replace(user, emails=left))
    await audit.note(rows, now, by, "address removed", f"user {user.id}")
    return True


async def make_main(rows: Rows, user: User, email: str, now: datetime, by: str) -> bool:
    """Let one of the user's addresses be the main one: letters go there, and calendars are found by it. False: none."""
    if email not in user.emails:
        return False
    if user.emails[0] != email:
        await users.put(rows, replace(user, emails=(email, *(one for one in user.emails if one != email))))
        await audit.note(rows, now, by, "main address changed", f"user {user.id}")
    return True
