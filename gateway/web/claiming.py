"""Saying that an address is one's own, on a page or through the API: noted, and asked about by a letter to it."""

from functools import partial

from starlette.background import BackgroundTask

from gateway.deciding import addresses
from gateway.store import users
from gateway.web import letters
from gateway.web.portal import Portal
from gateway.web.security.slowing import Try

CONFIRM = "/account/addresses/confirm"


def tried(portal: Portal, user: int) -> Try:
    """Return what a claim of a user counts for: each that is right sends a letter."""
    return portal.asking.tried_by(str(user), "address")


def wait(portal: Portal, one: Try) -> int:
    """Return for how many seconds no further letter is sent; where none are, nobody waits."""
    return portal.asking.wait(one, portal.clock.now()) if portal.post is not None else 0


async def claim(portal: Portal, user: int, one: Try, typed: str) -> BackgroundTask | None:
    """Note an address as claimed; return what sends the letter once the answer is out, None: an administrator decides.

    Raises like `addresses.claim`.
    """
    now, post = portal.clock.now(), portal.post
    async with portal.store.write() as rows:
        me = await users.get(rows, user)
        if me is None:
            return None
        email, secret = await addresses.claim(rows, me, typed, now, by_letter=post is not None)
    if post is None or secret is None:
        return None
    portal.asking.begun(one, now)
    link = f"{portal.settings.public}{CONFIRM}/{secret.reveal()}"
    letter = letters.confirmation(portal.texts, email, secret, link, now + addresses.BY_LETTER, me)
    return BackgroundTask(partial(letters.send, post, letter))
