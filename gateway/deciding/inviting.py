"""Invitations by letter: for one, or for everybody who has no password yet.

What is decided here is that a letter is wanted. The running gateway makes each invitation when its letter goes, and the
wish stays until the mail server has taken it (`store/letters.py`).
"""

from datetime import datetime

from gateway.deciding import signing
from gateway.deciding.installation import Installation
from gateway.deciding.signing import Invitation
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.store import audit, letters, signins, users
from gateway.store.letters import Counts
from gateway.store.rows import Rows


async def want(
    rows: Rows, installation: Installation, user: User, now: datetime, by: str, role: Role | None = None
) -> None:
    """Let a letter invite a user. Raises `Misconfigured` when none can be sent to them, and like `signing.invite`."""
    possible(installation)
    if not user.emails:
        raise Misconfigured("no letter can be sent to them", "give them an address, or take the link")
    signin = await signing.let_in(rows, user, role, now, by)
    await letters.want(rows, signin.id, now)
    await audit.note(rows, now, by, "invited", f"signin {signin.id}")


async def want_everybody(rows: Rows, installation: Installation, now: datetime, by: str) -> Counts:
    """Let letters invite all who take part and have an address, but neither a password nor a link that counts.

    Returns how many it were before, and who is left. Raises `Misconfigured` when no letters are sent.
    """
    possible(installation)
    before = await letters.counts(rows, now)
    some = await letters.want_everybody(rows, now)
    await audit.note_each(rows, now, by, "invited", (f"signin {one}" for one in some))
    return before


def possible(installation: Installation) -> None:
    """Raise `Misconfigured` when letters cannot be sent, or there is nothing that a link could lead to."""
    signing.portal(installation)
    if not installation.sends_mail:
        raise Misconfigured("no mail is sent from here", "add [mail] to the settings")


async def due(rows: Rows, signin: int, now: datetime) -> tuple[Invitation, User] | None:
    """Make the invitation of a letter that waits, and return it with who gets it; a link of before ends.

    None: nobody wants it any more, they do not take part, or have no address now; then it does not wait any longer.
    """
    wanted, found = await letters.of(rows, signin), await signins.get(rows, signin)
    if wanted is None or wanted.refused or found is None or found.user is None:
        return None
    user = await users.get(rows, found.user)
    if user is None or not user.enabled or not user.emails:
        await letters.forget(rows, signin)
        return None
    until = now + signing.INVITATION
    secret = await signins.invite(rows, signin, until)
    return Invitation(found, secret, until, user.emails[0], user.language, user.name), user


async def sent(rows: Rows, signin: int, to: str) -> None:
    """Let a letter that has gone to `to` be wanted no longer, but by who has got another address meanwhile."""
    found = await signins.get(rows, signin)
    user = await users.get(rows, found.user) if found is not None and found.user is not None else None
    if user is None or user.emails[:1] == (to,):
        await letters.forget(rows, signin)
