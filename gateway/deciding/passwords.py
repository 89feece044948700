"""Passwords of people: how long they must be, and how they are kept (argon2id, RFC 9106, with the library's defaults).

Both functions of hashing take a tenth of a second and 64 MiB: they are called in a thread, few at a time. The same
letters typed at another keyboard are the same password (RFC 8265, OpaqueString).
"""

import re
import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.domain.secret import Secret
from gateway.errors import Misconfigured

SHORTEST, LONGEST = 12, 128
LEAST_OWN = 8  # letters beside one's own names, numbers and addresses
LEAST_DIFFERENT = 5
LONGEST_TYPED = 4 * LONGEST  # decomposed letters are up to four; more need not be looked at
_WORDS = re.compile(r"[^\W_]+")
_HASHER = PasswordHasher()
NOBODYS = _HASHER.hash("nobody's, so that asking for who is not there takes as long")


def acceptable(password: Secret, again: Secret, known: Iterable[str] = ()) -> None:
    """Raise `Misconfigured` for a password that nobody should have; `known`: names and addresses of its owner.

    Length alone makes passwords hard to guess (NIST SP 800-63B, 3.1.1): no kinds of letters are asked for.
    """
    text = _opaque(password)
    if text != _opaque(again):
        raise Misconfigured("The two passwords are not the same.", "Type it twice alike.", field="again")
    if len(text) < SHORTEST:
        remedy = "Take at least {least} letters; several words are good."
        raise Misconfigured("The password is too short.", remedy, field="password", least=SHORTEST)
    if len(text) > LONGEST or len(password.reveal()) > LONGEST_TYPED:
        remedy = "Take at most {most} letters."
        raise Misconfigured("The password is too long.", remedy, field="password", most=LONGEST)
    if len(set(text)) < LEAST_DIFFERENT or _own(text, known) < LEAST_OWN:
        remedy = "Take several words that have nothing to do with you."
        raise Misconfigured("The password is easy to guess.", remedy, field="password")


def kept(password: Secret) -> str:
    """Return what is kept of a password. Blocking."""
    return _HASHER.hash(_opaque(password))


def fits(password: Secret, hashed: str | None) -> bool:
    """Say whether it is the one that was kept; None never is, and takes as long. Blocking."""
    try:
        return _HASHER.verify(hashed or NOBODYS, _opaque(password)) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def is_stale(hashed: str) -> bool:
    """Say whether it was hashed in another way than it would be today."""
    return _HASHER.check_needs_rehash(hashed)


def _opaque(password: Secret) -> str:
    """Return the text that is hashed: spaces of all kinds are one kind, letters are composed (NFC)."""
    text = password.reveal()[:LONGEST_TYPED]
    plain = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text)
    return unicodedata.normalize("NFC", plain)


def _own(text: str, known: Iterable[str]) -> int:
    """Return how many letters there are beside what everybody knows of its owner."""
    left = text.casefold()
    words = {word for one in known for word in (one.casefold(), *_WORDS.findall(one.casefold())) if len(word) > 2}
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return len(left)
