"""Asking for the present password once more, where a browser that was left alone, or stolen, must not be enough."""

from gateway.domain.secret import Secret
from gateway.domain.signin import SignIn
from gateway.errors import Misconfigured, RetryLater
from gateway.store import signins
from gateway.web.security.slowing import Try
from gateway.web.visit import Visit


def tried(visit: Visit) -> Try:
    """Return what it counts for that somebody who has signed in types a password."""
    return visit.portal.slowing.tried_by(visit.who, "password")


async def present(visit: Visit, me: SignIn, typed: str, field: str, one: Try) -> str | None:
    """See that `typed` is the present password, and return what is kept of it.

    Raises `Misconfigured` about `field` where it is not, `RetryLater` where too many are asked at once.
    """
    portal = visit.portal
    async with portal.store.read() as rows:
        hashed = await signins.hash_of(rows, me.id)
    portal.slowing.begun(one, visit.now)
    try:
        fits = await portal.hashing.fits(Secret(typed), hashed)
    except RetryLater:
        portal.slowing.taken_back(one, visit.now)
        raise
    if not fits:
        raise Misconfigured("This is not your present password.", "Try again.", field=field)
    portal.slowing.right(one, visit.now)
    return hashed
