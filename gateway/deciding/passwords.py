"""Passwords of people: how long they must be, and how they are kept (argon2id, RFC 9106, with the library's defaults).

Both functions of hashing take a tenth of a second and 64 MiB: they are called in a thread, few at a time.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.domain.secret import Secret
from gateway.errors import Misconfigured

SHORTEST, LONGEST = 12, 128
_HASHER = PasswordHasher()
NOBODYS = _HASHER.hash("nobody's, so that asking for who is not there takes as long")


def acceptable(password: Secret, again: Secret, known: tuple[str, ...] = ()) -> None:
    """Raise `Misconfigured` for a password that nobody should have; `known`: names and addresses of its owner.

    Length alone makes passwords hard to guess (NIST SP 800-63B, 3.1.1): no kinds of letters are asked for.
    """
    text = password.reveal()
    if password != again:
        raise Misconfigured("The two passwords are not the same.", "Type it twice alike.")
    if len(text) < SHORTEST:
        raise Misconfigured("The password is too short.", "Take at least 12 letters; several words are good.")
    if len(text) > LONGEST:
        raise Misconfigured("The password is too long.", "Take at most 128 letters.")
    if len(set(text)) < 5 or any(one and one.lower() in text.lower() and len(text) < 2 * len(one) for one in known):
        raise Misconfigured("The password is easy to guess.", "Take several words that have nothing to do with you.")


def kept(password: Secret) -> str:
    """Return what is kept of a password. Blocking."""
    return _HASHER.hash(password.reveal())


def fits(password: Secret, hashed: str | None) -> bool:
    """Say whether it is the one that was kept; None never is, and takes as long. Blocking."""
    try:
        return _HASHER.verify(hashed or NOBODYS, password.reveal()) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False
