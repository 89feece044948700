"""Who may enter the portal: invited, let in, made something else, let out. Whoever decides it is noted.

Somebody is meant by a user of theirs, or, an administrator who has no telephone here, by an address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.deciding import given, tokens
from gateway.deciding.installation import Installation
from gateway.domain.code import Language
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, SignIn
from gateway.domain.user import User
from gateway.errors import Misconfigured, Refused
from gateway.store import audit, claims, letters, organisation, sessions, signins, users
from gateway.store.rows import Rows

INVITATION = timedelta(days=7)
RESET = timedelta(hours=1)
ROLES = {"user": Role.USER, "operator": Role.OPERATOR, "administrator": Role.ADMINISTRATOR}

_Addressed = tuple[str, Language, str]


@dataclass(frozen=True, slots=True)
class Invitation:
    """`secret` lets `signin` choose a password, once and until then; `to` is where a letter goes, "" nowhere."""

    signin: SignIn
    secret: Secret
    until: datetime
    to: str
    language: Language
    name: str = ""


def role(field: str, value: str) -> Role:
    """A role by its name. Raises `Misconfigured`."""
    if value not in ROLES:
        raise given.wrong(field, value, "is no role", "one of: {known}", known=", ".join(ROLES))
    return ROLES[value]


def link(installation: Installation, secret: Secret) -> str:
    """Return the address at which a password is chosen. Raises `Misconfigured` when there is no portal."""
    return f"{portal(installation)}/welcome/{secret.reveal()}"


def portal(installation: Installation) -> str:
    """Return the portal's address. Raises `Misconfigured` when there is none."""
    if installation.portal is None:
        raise Misconfigured("there is no portal", "add [web] to the settings, with the url that people type")
    return installation.portal


async def invite(
    rows: Rows, user: User, now: datetime, by: str, role: Role | None = None, lasting: timedelta = INVITATION
) -> Invitation:
    """Invite a user, or let one who has forgotten their password choose another; a link of before ends.

    `role` None: as it was, at first a user's. Raises `Refused` for who does not take part, and like `put_role`.
    """
    made = await let_in(rows, user, role, now, by)
    await letters.forget(rows, made.id)  # one that waits would end this link
    return await _invited(rows, made, now, by, lasting)


async def let_in(rows: Rows, user: User, role: Role | None, now: datetime, by: str) -> SignIn:
    """Let a user sign in, once they have a password, as `invite` says."""
    if not user.enabled:
        raise Refused("{who} does not take part, and cannot sign in", "let them take part first", who=user.extension)
    known = await signins.of_user(rows, user.id)
    return await _with(rows, known or await signins.add(rows, user.id), role, now, by)


async def invite_administrator(rows: Rows, email: str, now: datetime, by: str) -> Invitation:
    """Invite somebody who has no telephone here. Raises `Misconfigured` for what is no address, or a user's."""
    name = given.email("email", email)
    known = await signins.by_name(rows, name)
    if (known is not None and known.user is not None) or await claims.owner(rows, name) is not None:
        raise Misconfigured("this address is a user's", "invite that user, with the role of an administrator")
    made = known or await signins.add(rows, None, name, Role.ADMINISTRATOR)
    return await _invited(rows, made, now, by, INVITATION)


async def reset(rows: Rows, name: str, now: datetime) -> Invitation | None:
    """Let somebody who says to be `name` choose a password by a letter; None: nobody, or there is nowhere to send it.

    The letter goes to the address that was given where it is theirs, otherwise to their main one.
    """
    found = await signins.named(rows, name)
    if found is None:
        return None
    lasting = RESET if found[0].has_password else INVITATION
    asked = await _addressed(rows, found[0], name.strip().lower())
    if not asked[0]:
        return None
    return await _invited(rows, found[0], now, "nobody", lasting, asked)


async def welcome(rows: Rows, secret: str, hashed: str, now: datetime) -> SignIn | None:
    """Let whoever was invited by this have a password; all their sessions and tokens end. None: it is used, or too old.

    Perhaps somebody else knew the password of before: what they have made of it is good for nothing then.
    """
    found = await signins.invited(rows, secret, now)
    if found is None or await own_words(rows, found) is None:
        return None
    await change(rows, found, hashed, now, revokes=True)
    return found


async def change(rows: Rows, signin: SignIn, hashed: str, now: datetime, *, revokes: bool) -> None:
    """Let somebody have another password; all their sessions end, and with `revokes` their tokens."""
    await signins.put_hash(rows, signin.id, hashed)
    await sessions.end_others(rows, signin.id)
    await audit.note(rows, now, _who(signin), "password changed", _who(signin))
    if revokes:
        await tokens.revoke_all(rows, signin.id, _who(signin), now)


async def own_words(rows: Rows, signin: SignIn) -> tuple[str, ...] | None:
    """Return what everybody knows of somebody, and a password is not made of; None: they do not take part."""
    if signin.user is None:
        return ("ringplan", signin.name)
    user = await users.get(rows, signin.user)
    return ("ringplan", user.name, *user.emails, *user.places) if user is not None and user.enabled else None


async def put_role(rows: Rows, signin: SignIn, role: Role, now: datetime, by: str) -> None:
    """Let somebody be something else. Raises `Refused` for the last administrator, and for who has no telephone."""
    if role == signin.role:
        return
    if signin.user is None:
        raise Refused("who has no telephone here can only be an administrator", "remove them, or keep them as they are")
    await stays_in_hands(rows, signin)
    await signins.put_role(rows, signin.id, role)
    await audit.note(rows, now, by, "role changed", _who(signin))


async def remove(rows: Rows, signin: SignIn, now: datetime, by: str) -> None:
    """Let somebody sign in no more; their sessions and tokens end. Raises `Refused` for the last administrator."""
    await stays_in_hands(rows, signin)
    await signins.remove(rows, signin.id)
    await audit.note(rows, now, by, "sign-in removed", _who(signin))


async def end_sessions(rows: Rows, signin: SignIn, now: datetime, by: str, but: str | None = None) -> int:
    """End all of somebody's sessions, but the one of the cookie `but`, and return how many."""
    ended = await sessions.end_others(rows, signin.id, but)
    if ended:
        await audit.note(rows, now, by, "sessions ended", _who(signin))
    return ended


async def takes_part_no_more(rows: Rows, signin: SignIn) -> None:
    """End somebody's sessions, which would go on if they took part again. Raises `Refused` like `stays_in_hands`."""
    await stays_in_hands(rows, signin)
    await sessions.end_others(rows, signin.id)


async def stays_in_hands(rows: Rows, without: SignIn) -> None:
    """Raise `Refused` when nobody could administer anything without this one."""
    if without.role is not Role.ADMINISTRATOR:
        return
    others = await signins.administrators(rows, without.id)
    if not any(one.has_password or not without.has_password for one in others):
        raise Refused("this is the last administrator", "let somebody else be one first, and sign in")


async def _with(rows: Rows, signin: SignIn, role: Role | None, now: datetime, by: str) -> SignIn:
    if role is None or role == signin.role:
        return signin
    await put_role(rows, signin, role, now, by)
    return SignIn(signin.id, signin.user, signin.name, role, signin.has_password)


async def _invited(
    rows: Rows, signin: SignIn, now: datetime, by: str, lasting: timedelta, asked: _Addressed | None = None
) -> Invitation:
    until = now + lasting
    secret = await signins.invite(rows, signin.id, until)
    await audit.note(rows, now, by, "invited", _who(signin))
    to, language, name = asked or await _addressed(rows, signin)
    return Invitation(signin, secret, until, to, language, name)


async def _addressed(rows: Rows, signin: SignIn, asked: str = "") -> _Addressed:
    """Return to which address a letter goes, in which language, and to whom."""
    user = await users.get(rows, signin.user) if signin.user is not None else None
    if user is None:
        return signin.name, (await organisation.get(rows)).language, ""
    to = asked if asked in user.emails else next(iter(user.emails), "")
    return to, user.language, user.name


def _who(signin: SignIn) -> str:
    return f"signin {signin.id}"
