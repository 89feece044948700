"""Who is at the other end of a connection: Basic with each request, NTLM once for a connection, as IIS has both.

Basic: RFC 7617. NTLM over HTTP: [MS-NTHT]; its three messages go over one connection, which is signed in from then
on until it is closed (IIS, "Windows Authentication": authPersistSingleRequest is false). A raw NTLM message after
"Negotiate" is taken as well ([MS-N2HT]). pyspnego checks the messages; it looks for passwords in a file that is named
in the environment, which is set for no longer than each step takes.
"""

import base64
import binascii
import hashlib
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

STORE = "NTLM_USER_FILE"
NEGOTIATE = b"NTLMSSP\0\x01\0\0\0"  # [MS-NLMP] 2.2.1: signature and MessageType
AUTHENTICATE = b"NTLMSSP\0\x03\0\0\0"
UNICODE = 0x1  # [MS-NLMP] 2.2.2.5


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody offered a password for `login`; a directory counts those that were not `right`, and locks out."""

    login: str
    right: bool


class SignIns:
    """What the connections of one server share: who may sign in, how, and who tried.

    `store` has to be set to a path before NTLM is used.
    """

    def __init__(self, people: Mapping[str, str], schemes: tuple[str, ...]) -> None:
        self.people = people
        self.schemes = schemes
        self.attempts: list[Attempt] = []
        self.store: Path | None = None
        self.bindings: GssChannelBindings | None = None

    def bind(self, certificate: bytes) -> None:
        """Take NTLM from now on only where it is bound to the server's certificate (DER) by its tls-server-end-point.

        RFC 5929; "Configure Windows Extended Protection in Exchange Server", on by default since Exchange 2019 CU14.
        """
        end_point = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
        self.bindings = GssChannelBindings(application_data=end_point)

    def offers(self) -> tuple[str, ...]:
        """What a 401 says: one WWW-Authenticate for each scheme."""
        return tuple('Basic realm="localhost"' if scheme == "Basic" else scheme for scheme in self.schemes)

    def login(self, offered: str) -> str | None:
        """The login as `people` has it: case does not count."""
        return next((login for login in self.people if login.lower() == offered.lower()), None)

    @contextmanager
    def found_by_spnego(self, login: str | None = None) -> Iterator[None]:
        """Let pyspnego find the password of `login`, in the form DOMAIN:USER:PASSWORD."""
        assert self.store is not None
        domain, _, user = (login or "").rpartition("\\")
        line = [domain, user, self.people[login]] if login else []
        assert not any(":" in part for part in line), "NTLM's file of passwords has colons between its fields"
        self.store.write_text(":".join(line))
        before = os.environ.get(STORE)
        os.environ[STORE] = str(self.store)
        try:
            yield
        finally:
            if before is None:
                del os.environ[STORE]
            else:
                os.environ[STORE] = before


class SignIn:
    """One connection's sign-in."""

    def __init__(self, shared: SignIns) -> None:
        self._shared = shared
        self._user = ""
        self._context: spnego.ContextProxy | None = None

    def admitted(self, authorization: str) -> tuple[str, tuple[str, ...]]:
        """Take the header of a request; return who is signed in, or "" and the challenges of a 401."""
        scheme, _, token = authorization.partition(" ")
        offered = next((one for one in self._shared.schemes if one.lower() == scheme.lower()), "")
        user, challenge = self._user if not scheme else "", ""
        if offered == "Basic":
            user = self._basic(token)
        elif offered:
            user, challenge = self._ntlm(offered, token)
        if user:
            return user, ()
        return "", (challenge,) if challenge else self._shared.offers()

    def _basic(self, token: str) -> str:
        try:
            offered, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        login = self._shared.login(offered)
        right = login is not None and self._shared.people[login] == password
        self._shared.attempts.append(Attempt(offered, right))
        return login if login and right else ""

    def _ntlm(self, scheme: str, token: str) -> tuple[str, str]:
        """Take one message of the handshake; return who has signed in by it, and the challenge that answers it."""
        self._user = ""
        try:
            message = base64.b64decode(token, validate=True)
        except binascii.Error:
            message = b""
        if message.startswith(NEGOTIATE):
            with self._shared.found_by_spnego():
                self._context = spnego.server(
                    protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=self._shared.bindings
                )
                answer = self._context.step(message) or b""
            return "", f"{scheme} {base64.b64encode(answer).decode()}"
        if message.startswith(AUTHENTICATE) and self._context is not None:
            context, self._context = self._context, None
            login = self._shared.login(_named(message))
            try:
                with self._shared.found_by_spnego(login):
                    context.step(message)
            except SpnegoError:
                login = None
            self._shared.attempts.append(Attempt(_named(message), right=login is not None))
            self._user = login or ""
        return self._user, ""


def _named(message: bytes) -> str:
    """The login in an AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3)."""
    (flags,) = struct.unpack_from("<I", message, 60)
    coding = "utf-16-le" if flags & UNICODE else "ascii"  # the latter from curl
    size, _, start = struct.unpack_from("<HHI", message, 28)
    domain = message[start : start + size].decode(coding)
    size, _, start = struct.unpack_from("<HHI", message, 36)
    user = message[start : start + size].decode(coding)
    return f"{domain}\\{user}" if domain else user
