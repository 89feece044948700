"""Passwords at rest: sealed with a key that lies in a file of its own, readable by its owner alone.

Fernet (AES-128-CBC with HMAC-SHA256) of the package `cryptography`. A copy of the database without the key file gives
no password away. Passwords that we give ourselves are not kept at all: they are derived from the key each time.
"""

import base64
import hmac
import os
import secrets
import stat
import string
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from gateway.domain.secret import Secret
from gateway.errors import Misconfigured

LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH = 24  # letters of a derived password: 142 bits


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """Seals secrets and opens them again; `derive` makes new ones."""

    _fernet: Fernet
    _key: bytes
    _where: Path

    def seal(self, secret: Secret) -> bytes:
        """Return `secret` as it may lie in a database."""
        return self._fernet.encrypt(secret.reveal().encode())

    def open(self, sealed: bytes, whose: str) -> Secret:
        """Return what was sealed. Raises `Misconfigured` when another key sealed it; `whose` names it in the error."""
        try:
            return Secret(self._fernet.decrypt(sealed).decode())
        except InvalidToken as error:
            raise Misconfigured(
                f"the password of {whose} was sealed with another key than the one in {self._where}",
                f"put the key that belongs to this database back, or give the password of {whose} again",
            ) from error

    def derive(self, purpose: str) -> Secret:
        """Return the password for `purpose`, which names it among all: always the same, of 24 letters and digits.

        HMAC-SHA256 of `purpose` under the key (RFC 2104), as a number written to the base 62. Fernet's signatures, made
        with half of the same key, begin with a byte that no purpose begins with.
        """
        number = int.from_bytes(hmac.digest(self._key, purpose.encode(), "sha256"))
        letters = []
        for _ in range(LENGTH):
            number, place = divmod(number, len(LETTERS))
            letters.append(LETTERS[place])
        return Secret("".join(letters))


def vault_at(path: Path) -> Vault:
    """Open the key file at `path`, and make it when there is none. Blocking.

    Raises `Misconfigured` when others may read the file, or when it holds no key.
    """
    if not path.exists():
        _make(path)
    _only_ours(path)
    try:
        key = path.read_bytes().strip()
        return Vault(Fernet(key), base64.urlsafe_b64decode(key), path)
    except ValueError as error:
        raise Misconfigured(
            f"the key file {path} holds no key", "put the key that belongs to this database back from your backup"
        ) from error


def _make(path: Path) -> None:
    """Write a new key whole or not at all; of two that try at once, the first one's key stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _only_ours(path: Path) -> None:
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise Misconfigured(
            f"the key file {path} can be read by others (mode {stat.S_IMODE(found.st_mode):o})", f"chmod 600 {path}"
        )
