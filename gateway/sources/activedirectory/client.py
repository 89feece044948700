"""Asking a directory: one connection per reading, in worker threads, bounded in time and size.

ldap3 blocks, and reads what it is sent without a limit: its socket stands behind one that counts. Its own TLS knows no
pin and forgets why a handshake failed: `_Trust` takes the context of `net.trust`. Results in pages by RFC 2696.
"""

import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import ldap3
from ldap3.core.tls import Tls

from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, SignInAgain, Unreachable
from gateway.net.threads import Threads
from gateway.sources.activedirectory.parse import Entry
from gateway.sources.activedirectory.refusals import ANEW, KNOWN, refused, translated
from gateway.sources.activedirectory.settings import ActiveDirectorySettings

T = TypeVar("T")
PAGE = 500  # entries; Active Directory gives 1,000 at most (MaxPageSize)
MOST_BYTES = 64 << 20  # of one answer, which is a page
MOST_PAGES = 1000
PAGED = "1.2.840.113556.1.4.319"
AT_ONCE = 8  # connections of one source


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: until connected, between two pieces of an answer, and for an answer as a whole."""

    connect: int = 10
    read: int = 30
    whole: float = 60.0


DEADLINES = Deadlines()


class Session:
    """A connection that is signed in."""

    def __init__(self, wire: "_Wire", threads: Threads, deadlines: Deadlines) -> None:
        self._wire, self._threads, self._deadlines = wire, threads, deadlines

    async def root(self, attributes: Sequence[str]) -> Entry:
        """Return what the server says of itself (RFC 4512, 5.1)."""
        found, _ = await self.run(lambda: self._wire.search("", "(objectClass=*)", ldap3.BASE, attributes))
        if not found:
            raise GiveUp(f"{self._wire.host} says nothing of itself", "is it an LDAP server, and url right?")
        return found[0]

    async def pages(
        self, base: str, wanted: str, attributes: Sequence[str], make: Callable[[Entry], T]
    ) -> AsyncIterator[list[T]]:
        """Yield what `make` makes (in a thread) of the entries below `base` that the filter `wanted` finds, by pages.

        Raises `Unreachable`, `RetryLater` or `GiveUp`.
        """
        cookie: bytes | None = None

        def page() -> tuple[list[T], bytes | None]:
            found, following = self._wire.search(base, wanted, ldap3.SUBTREE, attributes, cookie)
            return [make(entry) for entry in found], following

        for _ in range(MOST_PAGES):
            made, cookie = await self.run(page)
            yield made
            if not cookie:
                return
        raise GiveUp(f"{self._wire.host} does not come to an end of its entries", "narrow base and filter")

    async def run(self, work: Callable[[], T]) -> T:
        """Do what blocks; cut off where it takes too long, or nobody waits any more."""
        try:
            return await self._threads.run(work, self._deadlines.whole)
        except TimeoutError:
            raise Unreachable(f"{self._wire.host} did not answer within {self._deadlines.whole:.0f} s") from None


@asynccontextmanager
async def signed_in(
    account: Account,
    settings: ActiveDirectorySettings,
    context: ssl.SSLContext,
    threads: Threads,
    deadlines: Deadlines = DEADLINES,
) -> AsyncIterator[Session]:
    """Connect and sign in; leaving closes the connection, and so ends a thread that still waits for it."""
    _silence()
    wire = _Wire(settings, context, deadlines)
    session = Session(wire, threads, deadlines)
    try:
        await session.run(lambda: wire.sign_in(account))
        yield session
    finally:
        wire.cut()


class _Wire:
    """ldap3's side of one connection. Blocks, but for `cut`."""

    def __init__(self, settings: ActiveDirectorySettings, context: ssl.SSLContext, deadlines: Deadlines) -> None:
        self.host = settings.host
        self._settings, self._deadlines, self._trust = settings, deadlines, _Trust(context)
        self._connection: Any = None
        self._is_cut = False

    def sign_in(self, account: Account) -> None:
        """Connect, begin TLS, and bind by name and password (RFC 4513, 5.1.3). Raises `RingplanError`."""
        login, password = account.login, account.password.reveal().encode()
        if not login or not password:  # a server takes that for nobody, and is content (RFC 4513, 5.1.2)
            raise SignInAgain("login or password of the account is empty", ANEW)
        self._asked(lambda: self._open(login, password))
        if self._is_cut:
            self.cut()  # it was opened after nobody waited for it any more
        try:
            self._asked(lambda: self._connection.bind(read_server_info=False))
        finally:
            self._connection.password = None
        self._raise_refusal()

    def search(
        self, base: str, wanted: str, scope: Any, attributes: Sequence[str], cookie: bytes | None = None
    ) -> tuple[list[Entry], bytes | None]:
        """Return a page of entries, and where the next one begins. Raises `RingplanError`."""
        connection = self._connection
        connection.socket.left = MOST_BYTES
        paged = None if scope == ldap3.BASE else PAGE
        self._asked(
            lambda: connection.search(
                base,
                wanted,
                scope,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(attributes),
                paged_size=paged,
                paged_cookie=cookie,
            )
        )
        self._raise_refusal()
        return self._asked(lambda: self._found(connection))

    def cut(self) -> None:
        """Close the connection, and end what another thread is waiting for. Any thread."""
        self._is_cut = True
        plug = self._connection.socket if self._connection is not None else None  # the other thread may take it away
        if plug is not None:
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                plug.close()

    def _open(self, login: str, password: Any) -> None:
        settings, deadlines = self._settings, self._deadlines
        server = ldap3.Server(
            settings.host,
            settings.port,
            use_ssl=settings.is_ldaps,
            tls=self._trust,
            get_info=ldap3.NONE,
            connect_timeout=deadlines.connect,
        )
        self._connection = connection = ldap3.Connection(
            server,
            user=login,
            password=password,
            authentication=ldap3.SIMPLE,
            client_strategy=ldap3.SYNC,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            read_only=True,
            receive_timeout=deadlines.read,
            return_empty_attributes=False,
        )
        connection.open(read_server_info=False)
        if not settings.is_ldaps:
            connection.socket = _Counting(connection.socket)
            if settings.start_tls:
                connection.start_tls(read_server_info=False)

    def _found(self, connection: Any) -> tuple[list[Entry], bytes | None]:
        entries = [
            Entry(
                str(one["dn"]),
                {name.partition(";")[0].lower(): list(values) for name, values in one["raw_attributes"].items()},
            )
            for one in connection.response or ()
            if one["type"] == "searchResEntry"
        ]
        control = (connection.result.get("controls") or {}).get(PAGED)
        return entries, (control["value"]["cookie"] or None) if control else None

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except KNOWN as error:
            raise translated(error, self.host, self._trust.failure) from None

    def _raise_refusal(self) -> None:
        result = self._connection.result
        refusal = refused(int(result["result"]), str(result["message"]), self.host)
        if refusal is not None:
            raise refusal


class _Trust(Tls):
    """TLS as `net.trust` has it; `failure`: why the last handshake failed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self.context = context
        self.failure: Exception | None = None

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Take the place of a connection's socket."""
        plain = connection.socket.inner if isinstance(connection.socket, _Counting) else connection.socket
        try:
            wrapped = self.context.wrap_socket(plain, server_hostname=connection.server.host)
        except (OSError, ValueError) as error:
            self.failure = error
            raise
        connection.socket = _Counting(wrapped)


class _Counting:
    """A socket that gives `left` bytes and no more."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner, self.left = inner, MOST_BYTES

    def recv(self, most: int) -> bytes:
        """Return some bytes. Raises `OSError` where there were too many."""
        some = self.inner.recv(most)
        self.left -= len(some)
        if self.left < 0:
            raise OSError("the answer is too large")
        return some

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _silence() -> None:
    """Keep ldap3 out of our log: it writes whole messages to its own, if anybody lets it."""
    logger = logging.getLogger("ldap3")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
