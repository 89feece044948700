"""What goes wrong between us and a directory, in Ringplan's words.

Result codes: RFC 4511, A.1. Active Directory says more of a refused sign-in in the text of its answer, `data 52e`:
Windows' "System Error Codes" in hexadecimal. Texts of a server are never passed on: they may hold contents.
"""

import re
import ssl

from ldap3.core.exceptions import LDAPException, LDAPInvalidFilterError, LDAPStartTLSError
from pyasn1.error import PyAsn1Error

from gateway.errors import GiveUp, Refused, RetryLater, RingplanError, SignInAgain, Unreachable
from gateway.net.trust import distrusted

GARBLED = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError, PyAsn1Error)
KNOWN = (LDAPException, OSError, *GARBLED)  # what a call of ldap3 may end with
ANEW = "give it anew: ringplan accounts password"
SUB_CODE = re.compile(r"\bdata ([0-9a-f]{2,8})\b")
SIGN_IN = {
    "525": ("there is no such user", "correct the login: name@domain, or a DN"),
    "52e": ("user name or password is wrong", ANEW),
    "530": ("the account may not sign in at this time", "allow it at all hours (Logon Hours)"),
    "531": ("the account may not sign in from this machine", "allow it everywhere (Log On To)"),
    "532": ("the password has expired", "set one that does not expire, and " + ANEW),
    "533": ("the account is disabled", "enable it"),
    "534": ("the account may not sign in in this way", "grant it the right to log on over the network"),
    "701": ("the account has expired", "let it not expire"),
    "773": ("the password must be changed first", "clear “User must change password at next logon”, and " + ANEW),
    "775": ("the account is locked after wrong passwords", "unlock it, and " + ANEW),
}
LATER = {3: "took too long for its own limits", 51: "is busy", 52: "is not available", 80: "could not do it"}
CODES: dict[int, tuple[type[RingplanError], str, str]] = {
    1: (Refused, "wants a sign-in first", "may this account read the directory?"),
    4: (GiveUp, "gives only a part of its entries", "raise its size limit for this account, or narrow base and filter"),
    8: (GiveUp, "wants TLS for signing in", "use ldaps://, or ldap:// with StartTLS"),
    10: (GiveUp, "says that another server has these entries", "name that server as url"),
    11: (GiveUp, "gives up at a limit of its own", "raise its limits for this account, or narrow base and filter"),
    13: (GiveUp, "wants TLS for signing in", "use ldaps://, or ldap:// with StartTLS"),
    18: (GiveUp, "cannot compare what the filter asks for", "correct filter"),
    32: (GiveUp, "has no such base", "correct base"),
    34: (GiveUp, "takes base, path or login for no DN", "correct it, such as OU=Staff,DC=example,DC=com"),
    50: (Refused, "does not let this account read there", "let it read the users and contacts below base"),
    53: (Refused, "is not willing to do it", "may this account read the directory?"),
}


def refused(result: int, text: str, host: str) -> RingplanError | None:
    """Return what a result code means, said of `host`; None: success. `text`: the server's, for Windows' codes."""
    if result == 0:
        return None
    if result in (48, 49):
        code = SUB_CODE.search(text.lower())
        said, remedy = SIGN_IN.get(code[1].lstrip("0") if code else "", ("user name or password is wrong", ANEW))
        return SignInAgain(f"{host} refused to sign the account in: {said}", remedy)
    if result in CODES:
        kind, said, remedy = CODES[result]
        return kind(f"{host} {said} ({result})", remedy)
    return RetryLater(f"{host} {LATER.get(result, 'refused')} ({result})")


def translated(error: Exception, host: str, handshake: Exception | None) -> RingplanError:
    """Return what one of `KNOWN` means; `handshake`: what TLS failed with, which ldap3 does not keep."""
    if isinstance(error, RingplanError):
        return error
    if isinstance(handshake, ssl.SSLError) and (said := distrusted(handshake, host)):
        return said
    if isinstance(error, LDAPInvalidFilterError):
        return GiveUp("the filter of the source cannot be read", "correct filter (RFC 4515)")
    if isinstance(error, LDAPStartTLSError):
        return Unreachable(f"{host} does not begin TLS", "has it a certificate? otherwise use ldaps://")
    if isinstance(error, (LDAPException, OSError)):
        return Unreachable(
            f"{host} cannot be reached, or broke off ({type(error).__name__})", "is it up, and url right?"
        )
    return RetryLater(f"{host} answered with something that cannot be read ({type(error).__name__})")
