"""A scripted domain controller: users and contacts below one domain, over LDAP, and counting its changes.

What it does is what was seen of Samba 4.17 and stands in Microsoft's "Active Directory Technical Specification":
highestCommittedUSN counts each change, a sign-in too; an entry has the `uSNChanged` of its last one; a deleted entry is
just not found any more; a search without a sign-in is refused (1); referrals to other parts of the forest come between
the entries. It reads requests with Ringplan's own codec of LDAP, as ldap3 writes them.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import md5

from gateway.directory.query import And, AtLeast, Equal, Extensible, Filter, Not, Or, Present, Scope
from gateway.directory.wire import answers, ber, controls, messages

BASE = "DC=example,DC=test"
BIT_AND = "1.2.840.113556.1.4.803"
REFERENCE = ber.tlv(0x73, ber.tlv(ber.OCTETS, b"ldap://other.example.test/DC=other,DC=example,DC=test"))
CLASSES = {"user": ("top", "person", "user"), "contact": ("top", "person", "contact")}


@dataclass
class FakeDirectory:
    """`entries` by their CN: attributes by lower-case names. `counts`: it has USNs. `name`: which controller it is.

    `refusal`: result and text that each sign-in gets. `result`: that of each search. `raw`: bytes in the place of an
    answer to a search. `hangs`: it answers no search. `tls`: for StartTLS, or from the first byte where `ldaps`.
    `asked`: texts of filters, `signed`: names and passwords, in their order.
    """

    entries: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)
    counts: bool = True
    name: str = "CN=NTDS Settings,CN=DC1"
    usn: int = 4000
    login: str = "reader@example.test"
    password: str = "Gurka-7"
    refusal: tuple[int, str] | None = None
    result: int = 0
    raw: bytes | None = None
    hangs: bool = False
    tls: ssl.SSLContext | None = None
    ldaps: bool = False
    asked: list[Filter] = field(default_factory=list)
    signed: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator["FakeDirectory"]:
        context = self.tls if self.ldaps else None
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    @property
    def url(self) -> str:
        return f"{'ldaps' if self.ldaps else 'ldap'}://127.0.0.1:{self.port}"

    def put(self, cn: str, kind: str = "user", **attributes: str | bytes | list[str]) -> None:
        """Make an entry, or give it exactly these attributes; its objectGUID stays."""
        self.usn += 1
        listed = {name: value if isinstance(value, list) else [value] for name, value in attributes.items()}
        written = {
            name.lower(): [one if isinstance(one, bytes) else one.encode() for one in values]
            for name, values in listed.items()
        }
        self.entries[cn] = {
            "cn": [cn.encode()],
            "objectclass": [one.encode() for one in CLASSES[kind]],
            "objectcategory": [b"person"],
            "objectguid": [md5(cn.encode(), usedforsecurity=False).digest()],
            "usnchanged": [str(self.usn).encode()],
            **written,
        }

    def remove(self, cn: str) -> None:
        self.usn += 1
        del self.entries[cn]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here, data = _Here(), b""
        try:
            while True:
                end = ber.message_end(data, 0, 1 << 20)
                if not end or end > len(data):
                    some = await reader.read(4096)
                    if not some:
                        break
                    data += some
                    continue
                message, data = messages.decode(data, 0, end), data[end:]
                if isinstance(message.request, messages.Extended):
                    writer.write(answers.extended(message.number, 0 if self.tls else 52))
                    if self.tls:
                        await writer.start_tls(self.tls)
                    continue
                writer.write(self._answer(message, here))
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, message: messages.Message, here: "_Here") -> bytes:
        request, number = message.request, message.number
        if isinstance(request, messages.Bind):
            name, password = request.name.decode(), (request.password or b"").decode()
            self.signed.append((name, password))
            if (name, password) != (self.login, self.password) or self.refusal:
                code, text = self.refusal or (49, "80090308: LdapErr: DSID-0C0903A9, comment: …, data 52e, v1db1")
                return answers.result(number, answers.BIND, code, text)
            here.signed_in = True
            self.usn += 1
            return answers.result(number, answers.BIND, 0)
        if not isinstance(request, messages.Search) or self.hangs:
            return b""
        if request.scope == Scope.BASE and not request.base:
            root = {"defaultNamingContext": BASE}
            root |= {"highestCommittedUSN": str(self.usn), "dsServiceName": self.name} if self.counts else {}
            told = answers.entry("", [(key, (value.encode(),)) for key, value in root.items()])
            return answers.entries(number, [told]) + answers.result(number, answers.SEARCH_DONE, 0)
        return self._found(number, request, message.controls) if here.signed_in else _done(number, 1)

    def _found(self, number: int, request: messages.Search, asked: tuple[messages.Control, ...]) -> bytes:
        self.asked.append(request.filter)
        if self.raw is not None:
            return self.raw
        if self.result or request.base.decode().lower() != BASE.lower():
            return _done(number, self.result or 32)
        names = [cn for cn, values in self.entries.items() if holds(request.filter, values)]
        page = controls.wanted(asked).page
        first = int(page.cookie or b"0") if page else 0
        last = first + page.size if page else len(names)
        wanted = {name.lower() for name in request.attributes}
        told = [
            answers.entry(
                f"CN={cn},{BASE}", [(key, tuple(value)) for key, value in self.entries[cn].items() if key in wanted]
            )
            for cn in names[first:last]
        ]
        control = controls.page_of(0, str(last).encode() if last < len(names) else b"") if page else b""
        done = answers.result(number, answers.SEARCH_DONE, 0, controls=control)
        return answers.entries(number, told) + answers.message(number, REFERENCE) + done


@dataclass
class _Here:
    """One connection."""

    signed_in: bool = False


def holds(asked: Filter, values: dict[str, list[bytes]]) -> bool:
    """Whether an entry is what a filter finds; of attributes that it has not, nothing is true."""
    match asked:
        case And(parts):
            return all(holds(part, values) for part in parts)
        case Or(parts):
            return any(holds(part, values) for part in parts)
        case Not(part):
            return not holds(part, values)
        case Present(attribute):
            return bool(values.get(attribute.lower())) or attribute.lower() == "objectclass"
        case Equal(attribute, value):
            return value.lower() in [one.lower() for one in values.get(attribute.lower(), [])]
        case AtLeast(attribute, value):
            return any(int(one) >= int(value) for one in values.get(attribute.lower(), []))
        case Extensible(rule, attribute, value) if rule == BIT_AND:
            bits = int(value)
            return any(int(one) & bits == bits for one in values.get((attribute or "").lower(), []))
    raise AssertionError(f"{type(asked).__name__} is not part of this scripted server")


def _done(number: int, code: int) -> bytes:
    return answers.result(number, answers.SEARCH_DONE, code)
