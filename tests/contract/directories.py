"""A directory that listens in this process, with a few people in it, and a client that sends any bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import trustme

from gateway.directory.query import Filter, Present, Scope
from gateway.directory.schema import load
from gateway.directory.server import listening
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.directory.visitors import Visitors
from gateway.directory.wire import ber, filters
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User
from peers import ports
from tests.fakes.catalogue import BASE, FakeCatalogue, person

SOON = 60.0  # seconds
POLL = 0.005
ANNA, BO = "uid=1,ou=people,dc=contacts", "uid=2,ou=people,dc=contacts"
USERS = (
    User(1, "1001", ("anna@example.com", "a@example.com"), ZoneInfo("Europe/Stockholm"), phones=("2001",)),
    User(2, "1002", ("bo@example.com",), ZoneInfo("Europe/Stockholm")),
)
PASSWORDS = {1: "password of Anna's phone", 2: "password of Bo's phone"}
DEVICES = tuple(
    (Device(user, user, "desk", "yealink"), hashlib.sha256(password.encode()).digest())
    for user, password in PASSWORDS.items()
)
UNBIND = bytes((0x30, 5, 2, 1, 3, 0x42, 0))


@dataclass
class Running:
    """A directory; `ports` by listener."""

    catalogue: FakeCatalogue
    visitors: Visitors
    ports: dict[str, int]
    ca: Path

    def url(self, listener: str = "plain") -> str:
        return f"{'ldaps' if listener == 'ldaps' else 'ldap'}://127.0.0.1:{self.ports[listener]}"


def issue(folder: Path, authority: trustme.CA, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a certificate and its key where others may have been; return their files."""
    made = authority.issue_cert(name)
    certificate, key = folder / "own.pem", folder / "own.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    return certificate, key


@asynccontextmanager
async def running(folder: Path, people: int = 0, **more: object) -> AsyncIterator[Running]:
    """Start one: Anna has a contact of her own, the company has two and `people` more. `more`: settings."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate, key = issue(folder, authority)
    given = {name: ports.free() for name in ("plain", "starttls", "ldaps")}
    tls = {"certificate": certificate, "key": key}
    listen = {
        "plain": ListenSettings.model_validate({"address": "127.0.0.1", "port": given["plain"], "tls": "none"}),
        **{
            name: ListenSettings.model_validate({"address": "127.0.0.1", "port": given[name], "tls": name, **tls})
            for name in ("starttls", "ldaps")
        },
    }
    catalogue = FakeCatalogue(
        [
            person(3, "Clara Öberg", "+46812345", owner=1, mail="clara@example.com"),
            person(1, "Ryan Ångström", "0812345", "0701234567"),
            person(2, "Tom Riddle", "+4930666", o="Foobar"),
            *(person(100 + number, f"Many {number:05}", str(number)) for number in range(people)),
        ]
    )
    visitors = Visitors(BASE)
    visitors.replace(USERS, DEVICES, Form.WRITTEN)
    settings = Listening(DirectorySettings.model_validate({"host": "localhost", **more}), listen)
    async with listening(settings, catalogue, visitors, load()):
        yield Running(catalogue, visitors, given, folder / "ca.pem")
    ports.release(*given.values())


def message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    asked = ber.encoded_integer(number) + operation + (ber.tlv(0xA0, controls) if controls else b"")
    return ber.tlv(ber.SEQUENCE, asked)


def control(oid: str, value: bytes | None = None, *, critical: bool = False) -> bytes:
    content = ber.tlv(ber.OCTETS, oid.encode()) + (ber.tlv(ber.BOOLEAN, b"\xff") if critical else b"")
    return ber.tlv(ber.SEQUENCE, content + (b"" if value is None else ber.tlv(ber.OCTETS, value)))


def bind(
    number: int = 1, name: str = ANNA, password: str = PASSWORDS[1], version: int = 3, method: int = 0x80
) -> bytes:
    asked = ber.encoded_integer(version) + ber.tlv(ber.OCTETS, name.encode()) + ber.tlv(method, password.encode())
    return message(number, ber.tlv(0x60, asked))


def search(
    number: int = 2,
    asked: Filter | bytes = Present("objectClass"),  # noqa: B008 - frozen
    *,
    base: str = BASE,
    scope: int = Scope.SUBTREE,
    size: int = 0,
    seconds: int = 0,
    attributes: tuple[str, ...] = ("cn",),
    controls: bytes = b"",
) -> bytes:
    operation = (
        ber.tlv(ber.OCTETS, base.encode())
        + ber.encoded_integer(scope, ber.ENUMERATED)
        + ber.encoded_integer(0, ber.ENUMERATED)
        + ber.encoded_integer(size)
        + ber.encoded_integer(seconds)
        + ber.tlv(ber.BOOLEAN, b"\0")
        + (asked if isinstance(asked, bytes) else filters.encoded(asked))
        + ber.tlv(ber.SEQUENCE, b"".join(ber.tlv(ber.OCTETS, name.encode()) for name in attributes))
    )
    return message(number, ber.tlv(0x63, operation), controls)


def extended(number: int, oid: str) -> bytes:
    return message(number, ber.tlv(0x77, ber.tlv(0x80, oid.encode())))


@dataclass(frozen=True)
class Told:
    """One message of the directory: of which request, what, its result code, or the name of an entry."""

    number: int
    tag: int
    code: int = -1
    name: str = ""
    raw: bytes = field(default=b"", repr=False)


@dataclass
class Client:
    """Sends bytes as they are; `told` waits for one message, None: the directory has hung up."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said: bytes = b""

    async def ask(self, *messages: bytes) -> Told:
        """Send, and return the first that comes back."""
        await self.send(*messages)
        told = await self.told()
        assert told is not None
        return told

    async def send(self, *messages: bytes) -> None:
        self.writer.write(b"".join(messages))
        await self.writer.drain()

    async def told(self) -> Told | None:
        async with asyncio.timeout(SOON):
            while not (end := ber.message_end(self.said, 0, 1 << 24)) or end > len(self.said):
                try:
                    data = await self.reader.read(65536)
                except ConnectionResetError:
                    data = b""
                if not data:
                    return None
                self.said += data
        raw, self.said = self.said[:end], self.said[end:]
        return _told(raw)

    async def answers(self) -> list[Told]:
        """Return all messages until one that is no entry."""
        found: list[Told] = []
        while (told := await self.told()) is not None:
            found.append(told)
            if told.tag != 0x64:
                break
        return found


def _told(raw: bytes) -> Told:
    at, end = ber.expect(raw, 0, len(raw), ber.SEQUENCE)
    first, at = ber.expect(raw, at, end, ber.INTEGER)
    number = ber.integer(raw, first, at)
    tag, first, last = ber.header(raw, at, end)
    if tag == 0x64:
        begins, ends = ber.expect(raw, first, last, ber.OCTETS)
        return Told(number, tag, name=raw[begins:ends].decode(), raw=raw)
    begins, ends = ber.expect(raw, first, last, ber.ENUMERATED)
    return Told(number, tag, ber.integer(raw, begins, ends), raw=raw)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            assert writer.is_closing()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(POLL)
