"""Who binds: a name finds a user, a password one of that user's devices, and both say what may be seen.

Names are the user's DN, a number or an address of the user's. Passwords are compared as SHA-256 with the verifiers of
the user's devices, in constant time; a name that nobody has takes as long. A device that is gone from here is nobody
from then on, on connections that it has open too.
"""

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.directory.query import Viewer
from gateway.directory.slowing import Slowing
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User

LONGEST_NAME = 500
_AROUND = re.compile(r"\s*([,=])\s*")
_NOBODYS = (b"\0" * 32, None)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A device that has shown its password; `name`: its user's DN."""

    device: int
    name: str
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bind comes to: None, wrong. It is to be given in `wait` seconds."""

    visitor: Visitor | None
    wait: float


class Visitors:
    """Everybody who may come in, as the store last had them (`replace`)."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._slowing = Slowing()
        self._users: dict[str, int] = {}
        self._verifiers: dict[int, list[tuple[bytes, Visitor | None]]] = {}
        self._visitors: dict[int, Visitor] = {}

    def replace(self, users: Iterable[User], devices: Iterable[tuple[Device, bytes]], form: Form) -> None:
        """Let exactly these devices (each with its verifier) come in; `form`: of those that have none of their own."""
        names: dict[str, int] = {}
        verifiers: dict[int, list[tuple[bytes, Visitor | None]]] = defaultdict(list)
        visitors: dict[int, Visitor] = {}
        own = {user.id: f"uid={user.id},ou=people,{self._base}" for user in users if user.enabled}
        above = _plain(f"ou=people,{self._base}")  # once: it takes longer than all the rest
        for user in users:
            if user.enabled:
                names[f"uid={user.id},{above}"] = user.id
                names.update(dict.fromkeys(map(_plain, (*user.places, *user.emails)), user.id))
        for device, verifier in devices:
            if device.user in own:
                visitor = Visitor(device.id, own[device.user], Viewer(device.user, device.form or form))
                verifiers[device.user].append((verifier, visitor))
                visitors[device.id] = visitor
        self._users, self._verifiers, self._visitors = names, dict(verifiers), visitors

    def here(self, device: int) -> Visitor | None:
        """Return the visitor with this device as it is now; None: its password has been revoked."""
        return self._visitors.get(device)

    def admit(self, name: bytes, password: bytes, address: str, now: float) -> Answer:
        """Return who comes with this name and password from `address`; `now`: seconds of any clock that goes on."""
        known = name[:LONGEST_NAME].decode("utf-8", "replace")
        user = self._users.get(known, 0)
        if not user:
            known = _plain(known)
            user = self._users.get(known, 0)
        verifier = hashlib.sha256(password).digest()
        visitor: Visitor | None = None
        for right, one in self._verifiers.get(user) or (_NOBODYS,):
            if hmac.compare_digest(verifier, right):
                visitor = one
        whom = (address, user or known)
        wait = self._slowing.wait(whom, now)
        if visitor is None:
            self._slowing.wrong(whom, (known, verifier), now)
        return Answer(visitor, wait)


def _plain(name: str) -> str:
    is_dn = "," in name or "=" in name  # most are none
    return (_AROUND.sub(r"\1", name.strip()) if is_dn else name.strip()).casefold()
