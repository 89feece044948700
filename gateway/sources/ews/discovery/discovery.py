"""Where the mailboxes of one account are: found once per domain, kept, and found again when it does not work any more.

Of the many mailboxes of a domain that want to know, the first searches and the others wait for it. What it finds is
kept for its domain, since a server of Exchange knows the others of its organisation; for the address alone where the
server leads to another address, or where the domain's server turned out not to be this mailbox's. What was found is not
doubted within a minute, unless the domain's server itself says that another one has the mailbox; and a search that
failed is not repeated within one: neither a server that is down nor a wrong password is asked for by each of a thousand
mailboxes.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Protocol

import dns.asyncresolver

from gateway.domain.mailbox import Account, Mailbox
from gateway.errors import GiveUp, RetryLater, RingplanError
from gateway.net.patience import after
from gateway.sources.ews.discovery.autodiscover import (
    MOST_USERS,
    Endpoint,
    Failed,
    Settings,
    Unreadable,
    read_soap,
    site,
    soap,
)
from gateway.sources.ews.discovery.fetch import Fetch, Request, fetcher
from gateway.sources.ews.discovery.search import Found, Nobody, Search, busy, domain_of
from gateway.sources.ews.settings import EwsSettings

AGAIN = 60.0  # seconds
FEW = 50  # users of a request that no server finds too large


class Whose(Protocol):
    """A mailbox, or a book in one, as far as it is looked for."""

    @property
    def address(self) -> str:
        """The address at the source."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found, and when (seconds of `Discovery.now`)."""

    found: Found
    since: float


def discovery_of(
    account: Account, settings: EwsSettings, context: SSLContext, resolver: dns.asyncresolver.Resolver | None
) -> "Discovery":
    """Return what finds servers in the name of `account`, trusting by `context`."""
    login = account.login if account.service else ""
    return Discovery(settings, fetcher(account, settings, context), resolver, login)


@dataclass(slots=True)
class Discovery:
    """Finds Exchange servers for one account; `fetch` sends its requests.

    `login`: of a service account. Without a domain in the settings, the login's is where its password may be asked for:
    the domain of one user's address elsewhere, or of a slip in it, must not get the password to everybody's calendar.
    `steps`: what the last search tried and how each step ended. `now`: a clock in seconds.
    """

    settings: EwsSettings
    fetch: Fetch
    resolver: dns.asyncresolver.Resolver | None = None
    login: str = ""
    now: Callable[[], float] = time.monotonic
    steps: tuple[tuple[str, str], ...] = ()
    _kept: dict[str, Kept] = field(default_factory=dict, repr=False)  # by domain, and by address where that differs
    _given: dict[str, Endpoint] = field(default_factory=dict, repr=False)  # by address: what it was told last
    _doubted: dict[str, str] = field(default_factory=dict, repr=False)  # by address: the url that did not work for it
    _failed: dict[str, tuple[RingplanError, float]] = field(default_factory=dict)  # by domain: why, and when
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)  # by domain

    async def endpoint(self, mailbox: Whose) -> Endpoint:
        """Return where a mailbox is read. Raises `SignInAgain`, `RetryLater` or `GiveUp`."""
        if self.settings.url:
            return Endpoint(self.settings.url)
        found = await self._found(mailbox)
        self._given[mailbox.address.lower()] = found.endpoint
        return found.endpoint

    def forget(self, mailbox: Whose) -> None:
        """Let go of what `mailbox` was told last: it does not work. What was found since then stays."""
        told = self._given.pop(mailbox.address.lower(), None)
        if told is None:
            return
        for key in (mailbox.address.lower(), self._domain(mailbox)):
            kept = self._kept.get(key)
            if kept and kept.found.endpoint is told and kept.since + AGAIN <= self.now():
                del self._kept[key]
                self._doubted[mailbox.address.lower()] = told.url

    def doubt(self, mailbox: Whose) -> None:
        """Let `mailbox` be searched for by its own address: the server that it was told says that another one has it.

        That says nothing of the others of its domain. What was found for it alone just now is not doubted.
        """
        address = mailbox.address.lower()
        told = self._given.pop(address, None)
        own = self._kept.get(address)
        if told is None or (own and own.since + AGAIN > self.now()):
            return
        self._kept.pop(address, None)
        self._doubted[address] = told.url

    async def groups(self, mailboxes: Collection[Mailbox]) -> Mapping[int, str]:
        """Return GroupingInformation by mailbox id; mailboxes of which it is not known are left out.

        Raises `SignInAgain` or `RetryLater`.
        """
        places: dict[str, list[tuple[int, str]]] = {}
        for mailbox in () if self.settings.url else mailboxes:
            try:
                found = await self._found(mailbox)
            except (RetryLater, GiveUp):
                continue  # its reading says why
            if found.groups_at:
                asked_by = found.endpoint.address or mailbox.address
                places.setdefault(found.groups_at, []).append((mailbox.id, asked_by))
        told: dict[int, str] = {}
        for at, some in places.items():
            for start in range(0, len(some), MOST_USERS):
                told |= await self._grouped(at, some[start : start + MOST_USERS])
        return told

    async def _grouped(self, at: str, some: Sequence[tuple[int, str]]) -> dict[int, str]:
        """Ask for the groups of `some` (id and address); a request that is too large for the server in two."""
        addresses = [address for _, address in some]
        request = Request(at, soap(addresses, at, groups=True), signed=True, anchor=addresses[0])
        answer = await self.fetch(request)
        if busy(answer.status):
            rest = after(answer.headers.get("retry-after", ""), answer.headers.get("date", ""))
            raise RetryLater(f"{site(at)} is not able to answer now ({answer.status})", after=rest)
        try:
            told = read_soap(answer.body) if answer.status == 200 else ()
        except Unreadable:
            return {}
        if told == (Failed("InvalidRequest"),) and len(some) > FEW:
            half = len(some) // 2
            return await self._grouped(at, some[:half]) | await self._grouped(at, some[half:])
        if len(told) != len(some):
            return {}
        answers = zip(some, told, strict=True)
        return {number: one.group for (number, _), one in answers if isinstance(one, Settings) and one.group}

    async def _found(self, mailbox: Whose) -> Found:
        address, domain = mailbox.address.lower(), self._domain(mailbox)
        async with self._locks.setdefault(domain, asyncio.Lock()):
            known = self._kept.get(address) or (None if address in self._doubted else self._kept.get(domain))
            return known.found if known else await self._searched(address, domain)

    async def _searched(self, address: str, domain: str) -> Found:
        error, since = self._failed.get(domain, (None, 0.0))
        if error is not None and self.now() < since + AGAIN:
            raise copy(error)
        search = Search(self.fetch, address, domain, self.resolver)
        try:
            found = await search.found()
        except Nobody:
            raise  # says nothing of other addresses
        except RingplanError as failure:
            self._failed[domain] = (failure, self.now())
            raise
        finally:
            self.steps = tuple(search.steps)
        self._failed.pop(domain, None)
        return self._keep(address, domain, found)

    def _keep(self, address: str, domain: str, found: Found) -> Found:
        """Keep what was found for the domain, without what is the address's own, or for the address alone."""
        common = Kept(Found(Endpoint(found.endpoint.url), found.groups_at), self.now())
        if self._doubted.get(address) == found.endpoint.url:
            del self._doubted[address]  # the server is the right one, after all
        if address not in self._doubted and not found.renamed:
            self._kept.setdefault(domain, common)
        if self._kept.get(domain) != common or found.endpoint != common.found.endpoint:
            self._kept[address] = Kept(found, self.now())
        return (self._kept.get(address) or self._kept[domain]).found

    def _domain(self, mailbox: Whose) -> str:
        if self.settings.domain:
            return domain_of(f"@{self.settings.domain}")
        if self.login and "@" not in self.login:
            raise GiveUp(
                "the service account's login names no domain to look for an Exchange server at",
                "give url or domain for the source",
            )
        return domain_of(self.login or mailbox.address)
