"""Requests to Exchange for one account: in threads, bounded in time and number, failures in Ringplan's words.

exchangelib blocks, so each call runs in a thread with a connection (`protocol.Wire`) that is this call's alone. Giving
a call up closes its connection, which ends the thread. "EWS throttling in Exchange" (Microsoft) lets a busy server name
the milliseconds that the account has to rest: until then nothing is sent for any of its mailboxes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import TypeVar

import exchangelib
from exchangelib.version import Version

from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.net.threads import Threads, started
from gateway.sources.ews.connection.kept import Kept
from gateway.sources.ews.connection.protocol import DEADLINES, Deadlines, Learnt, Wire
from gateway.sources.ews.connection.refusals import KNOWN, host_of, translated
from gateway.sources.ews.settings import EwsSettings

T = TypeVar("T")
Work = Callable[[exchangelib.Account], T]
AT_ONCE = 64  # threads of one source
LONGEST_REST = 3600.0  # seconds: a server's word is believed so far
NOISY = ("exchangelib", "requests", "requests_ntlm", "requests_oauthlib", "urllib3", "spnego", "oauthlib")


@dataclass(frozen=True, slots=True)
class Shared:
    """What the accounts of one source share: threads, idle connections, and what is known of endpoints."""

    threads: Threads = field(default_factory=lambda: Threads(AT_ONCE))
    kept: Kept = field(default_factory=Kept)
    learnt: dict[str, Learnt] = field(default_factory=dict)


class Client:
    """One account's requests, to any number of endpoints (`at`: their EWS url)."""

    def __init__(
        self, account: Account, settings: EwsSettings, context: SSLContext, shared: Shared, deadlines: Deadlines
    ) -> None:
        self._account, self._settings, self._context = account, settings, context
        self._shared, self._deadlines = shared, deadlines
        self._limit = asyncio.Semaphore(settings.connections)
        self._learning = asyncio.Lock()
        self._rest_until = 0.0  # time of the loop
        self._refusals = 0
        self._refusal: SignInAgain | None = None
        self._versions: dict[tuple[str, str], Version] = {}  # of mailboxes on an older server than the endpoint

    async def ask(self, at: str, address: str, work: Work[T]) -> T:
        """Run `work` on the mailbox `address`, with a connection that is its alone until it returns.

        Waits while `connections` calls are under way; then it has `Deadlines.whole` seconds. Raises `RingplanError`:
        `Throttled` at once, without a request, while the account has to rest.
        """
        async with self._connected(at) as wire:
            account = self._on(wire, address)
            result = await self._within(wire, lambda: work(account))
            if account.version.api_version != wire.config.version.api_version:
                self._versions[at, address] = account.version
            return result

    @asynccontextmanager
    async def stream(self, at: str, address: str) -> AsyncIterator[exchangelib.Account]:
        """Give the mailbox `address` on a connection of its own, for `listen`; leaving closes it."""
        before = self._refusals
        async with self._limit:
            self._may_ask(at, before)
            wire = await self._first(at, before) or self._wire(at)
        try:
            yield self._on(wire, address)
        finally:
            wire.cut()
            wire.close()

    async def listen(self, account: exchangelib.Account, work: Work[T]) -> T:
        """Run `work` on an account of `stream` in a thread of its own, for as long as it takes.

        Cancelled, it returns at once; the account's connection is closed then and serves no more.
        """
        try:
            return await started(lambda: work(account))
        except asyncio.CancelledError:
            account.protocol.adapter.sockets.shut()
            raise
        except KNOWN as error:
            raise self._noted(error, account.protocol.service_endpoint) from None

    @asynccontextmanager
    async def _connected(self, at: str) -> AsyncIterator[Wire]:
        """Give a connection to `at`; it is kept for the next call unless something went wrong with it."""
        before = self._refusals
        async with self._limit:
            self._may_ask(at, before)
            wire = self._shared.kept.take(self, at) or await self._first(at, before) or self._wire(at)
            well = False
            try:
                yield wire
                well = True
            except GiveUp:
                well = True
                raise
            finally:
                if well:
                    self._shared.kept.put(self, wire)
                else:
                    wire.close()

    async def _first(self, at: str, before: int) -> Wire | None:
        """Let the first call to an endpoint learn about it; return its connection, or None: all is known already."""
        async with self._learning:
            if at in self._shared.learnt:
                return None
            self._may_ask(at, before)
            wire = self._wire(at)
            with ExitStack() as stack:
                stack.callback(wire.close)
                self._shared.learnt[at] = await self._within(wire, lambda: wire.learn(self._settings.sign_in))
                stack.pop_all()
            return wire

    def _may_ask(self, at: str, before: int) -> None:
        """Raise while the account has to rest, and where it was refused since the call began: one attempt is enough."""
        left = self._rest_until - asyncio.get_running_loop().time()
        if left > 0:
            raise Throttled(f"{host_of(at)} asked the account to rest", after=left)
        if self._refusal is not None and self._refusals > before:
            raise SignInAgain(str(self._refusal), self._refusal.remedy)

    def _wire(self, at: str) -> Wire:
        return Wire(at, self._account, self._context, self._deadlines, self._shared.learnt.get(at))

    def _on(self, wire: Wire, address: str) -> exchangelib.Account:
        """Return the mailbox on that connection; only a service account ever acts as somebody else."""
        if "@" not in address:
            raise GiveUp("the user's address at the source is none: it has no @", "correct the user's address")
        impersonate = self._account.service and self._settings.access == "impersonation"
        account = wire.account(address, impersonate=impersonate)
        if (wire.url, address) in self._versions:
            account.version = self._versions[wire.url, address]
        return account

    async def _within(self, wire: Wire, work: Callable[[], T]) -> T:
        try:
            return await self._shared.threads.run(work, self._deadlines.whole)
        except TimeoutError:
            wire.cut()
            seconds = self._deadlines.whole
            raise Unreachable(f"{host_of(wire.url)} did not answer within {seconds:.0f} s") from None
        except asyncio.CancelledError:
            wire.cut()
            raise
        except KNOWN as error:
            raise self._noted(error, wire.url) from None

    def _noted(self, error: Exception, at: str) -> RingplanError:
        """Return what went wrong in our words, and remember what concerns the calls to come."""
        said = translated(error, host_of(at))
        if isinstance(said, Throttled):
            seconds = min(said.after or 0.0, LONGEST_REST)
            self._rest_until = max(self._rest_until, asyncio.get_running_loop().time() + seconds)
        if isinstance(said, SignInAgain):
            self._refusals, self._refusal = self._refusals + 1, said
        if isinstance(said, SignInAgain) or type(said) is GiveUp:
            self._shared.learnt.pop(at, None)
        return said


@asynccontextmanager
async def opened(
    account: Account,
    settings: EwsSettings,
    context: SSLContext,
    shared: Shared | None = None,
    deadlines: Deadlines = DEADLINES,
) -> AsyncIterator[Client]:
    """Open a client with the account's credentials; leaving closes its connections.

    `shared`: the same for all accounts of a source; without it the account has its own.
    """
    _silence()
    shared = shared or Shared()
    client = Client(account, settings, context, shared, deadlines)
    try:
        yield client
    finally:
        shared.kept.leave(client)


def _silence() -> None:
    """Keep libraries out of our log: exchangelib writes whole answers to its own, with passwords and contents."""
    for name in NOISY:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
