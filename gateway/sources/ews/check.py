"""What `ringplan check` says about an Exchange source: each step on the way, and what may be done with each calendar.

The steps are those of `discovery`, `source` and `streams`, so what is found here is what happens when the gateway runs.
A finding that is `ok` with a remedy works, and should be looked at all the same. Words of Exchange are those of
Microsoft's pages "Add-MailboxFolderPermission", "New-ManagementRoleAssignment", "New-ThrottlingPolicy" and "EWS
throttling in Exchange".
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import dns.asyncresolver
import exchangelib
from exchangelib.errors import EWSError
from exchangelib.services import Unsubscribe

from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account, Mailbox, Window
from gateway.errors import RingplanError, SignInAgain, Throttled, Unreachable
from gateway.net.trust import trust
from gateway.sources.ews.connection.client import opened
from gateway.sources.ews.discovery.discovery import discovery_of
from gateway.sources.ews.place import Place, Places
from gateway.sources.ews.push.groups import MOST
from gateway.sources.ews.push.notifications import Affinity, No, subscribe
from gateway.sources.ews.push.streams import Streams, own_streams
from gateway.sources.ews.rights import Right, right
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import Calendars

AT_ONCE = 32  # rights that are asked for together; the client lets as many through as `connections` says
AHEAD = timedelta(days=14)
RELEASES = {  # Microsoft: "Exchange Server build numbers and release dates"
    (8, 0): "2007", (8, 1): "2007 SP1", (8, 2): "2007 SP2", (8, 3): "2007 SP3",
    (14, 0): "2010", (14, 1): "2010 SP1", (14, 2): "2010 SP2", (14, 3): "2010 SP3",
    (15, 0): "2013", (15, 1): "2016", (15, 2): "2019 or later",
}  # fmt: skip
NO_STREAM = {
    No.NOT_FOR_DELEGATES: "Exchange gives no notifications to an account that only reads what is shared with it",
    No.NOT_FOR_THIS_ONE: "Exchange gives no notifications for this calendar",
    No.NOT_THERE: "this server has no streaming notifications (Exchange 2010 SP1 and later have)",
    No.NO_MORE: "the account has as many notifications as Exchange lets it have",
}


@dataclass(frozen=True, slots=True)
class Met:
    """What a server showed of itself: its build (major, minor, build) and how we signed in."""

    build: tuple[int, int, int]
    scheme: str
    right: Right


async def check(
    settings: EwsSettings,
    account: Account,
    mailboxes: Sequence[Mailbox],
    resolver: dns.asyncresolver.Resolver | None = None,
) -> AsyncIterator[Finding]:
    """Look at a source through `account`, which reads `mailboxes` (at least one); end where a step stops all others.

    Findings about one calendar have its address as their part. Many wrong sign-ins would lock the account: the first
    mailbox is asked alone.
    """
    part = f"source {account.source}"
    try:
        context = trust(settings.ca, settings.pin, settings.tls_minimum)
        for one in _trusted(settings):
            yield Finding(part, True, *one)
        async with opened(account, settings, context) as client:
            discovery = discovery_of(account, settings, context, resolver)
            streams = Streams(client, discovery, settings, account, own_streams())
            look = _Look(settings, account, Calendars(Places(client, discovery), streams, set()))
            async for finding in look.through(part, mailboxes):
                yield finding
    except RingplanError as error:
        yield Finding(part, False, str(error), error.remedy)


@dataclass(frozen=True, slots=True)
class _Look:
    settings: EwsSettings
    account: Account
    calendars: Calendars

    async def through(self, part: str, mailboxes: Sequence[Mailbox]) -> AsyncIterator[Finding]:
        first = mailboxes[0]
        discovery = self.calendars.places.discovery
        try:
            endpoint = await discovery.endpoint(first)
        except RingplanError:
            for step, said in discovery.steps:
                yield Finding(part, False, f"{step}: {said}")
            raise
        for step, said in discovery.steps:
            yield Finding(part, True, f"{step}: {said}")
        yield Finding(part, True, f"Exchange Web Services are asked at {endpoint.url}")
        found = await self._right(first)
        readable = []
        for one in _signed_in(endpoint.url, found) if isinstance(found, Met) else ():
            yield Finding(part, True, *one)
        for start in range(0, len(mailboxes), AT_ONCE):
            some = mailboxes[start : start + AT_ONCE]
            for mailbox, met in zip(some, await self._rights(some), strict=True):
                yield self._said(mailbox, met)
                readable += [mailbox] if isinstance(met, Met) and met.right.reads else []
        if readable:
            yield await self._read(part, readable[0])
            yield await self._streamed(part, readable)
        if self.account.service and isinstance(found, Met):
            for said in _throttling(self.settings, self.account, found.build):
                yield Finding(part, True, said)

    async def _rights(self, mailboxes: Sequence[Mailbox]) -> list[Met | RingplanError]:
        try:
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(self._right(mailbox)) for mailbox in mailboxes]
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        return [one.result() for one in asked]

    async def _right(self, mailbox: Mailbox) -> Met | RingplanError:
        """Return what one mailbox shows; raise what all others would meet too."""
        try:
            return await self.calendars.places.at(mailbox, lambda place: self.calendars.places.ask(place, _met))
        except (SignInAgain, Unreachable, Throttled):
            raise
        except RingplanError as error:
            return error

    def _said(self, mailbox: Mailbox, met: Met | RingplanError) -> Finding:
        if isinstance(met, RingplanError):
            return Finding(mailbox.address, False, str(met), met.remedy)
        if not met.right.reads:
            return Finding(mailbox.address, False, f"cannot be read: the right is {met.right.value}", self._grant())
        shared = self.account.service and self.settings.access == "delegation"
        enough = ", reviewer is enough" if shared and met.right is Right.FULL else ""
        return Finding(mailbox.address, True, f"can be read: the right is {met.right.value}{enough}")

    def _grant(self) -> str:
        if not self.account.service:
            return "is it the address of the account's own mailbox?"
        user = f'-User "{self.account.login}"'
        return "\n".join([
            "in the Exchange Management Shell, for each of them:",
            f"Add-MailboxFolderPermission -Identity ADDRESS:\\Calendar {user} -AccessRights Reviewer",
            "(Set-MailboxFolderPermission where it has a right already; how the folder is called in other languages:",
            " Get-MailboxFolderStatistics ADDRESS -FolderScope Calendar)",
            "or once for all:",
            f"New-ManagementRoleAssignment -Name Ringplan -Role ApplicationImpersonation {user}",
            'and access = "impersonation" in the settings',
        ])  # fmt: skip

    async def _read(self, part: str, mailbox: Mailbox) -> Finding:
        """Read one calendar as the gateway would, and say how much is in it, never what."""
        now = datetime.now(UTC)
        reading = await self.calendars.read(mailbox, Window(now - timedelta(days=1), now + AHEAD, now.date()), None)
        count, aside = (len(reading.appointments), reading.set_aside) if reading else (0, 0)
        also = f"; {aside} could not be understood and are set aside" if aside else ""
        return Finding(part, True, f"mailbox {mailbox.id} was read: {count} appointments in the days to come{also}")

    async def _streamed(self, part: str, mailboxes: Sequence[Mailbox]) -> Finding:
        """Say whether changes are told at once, by subscribing for one of the mailboxes."""
        polled = f"calendars are asked every {mailboxes[0].refresh} s"
        if not self.settings.streams:
            return Finding(part, True, f"notifications are switched off (streams = 0): {polled}")
        got = await self.calendars.places.at(mailboxes[0], self._subscribed)
        if isinstance(got, No):
            remedy = 'access = "impersonation" lets Exchange tell of changes' if got is No.NOT_FOR_DELEGATES else ""
            return Finding(part, True, f"{NO_STREAM[got]}: {polled}", remedy)
        room = MOST * (self.settings.streams if self.account.service else 1)
        if len(mailboxes) > room:
            rest = f"{len(mailboxes) - room} of {len(mailboxes)} {polled}"
            remedy = "share the mailboxes out to several service accounts"
            return Finding(part, True, f"changes are told at once, but for {room} calendars only: {rest}", remedy)
        return Finding(part, True, "changes are told at once, by streaming notifications")

    async def _subscribed(self, place: Place) -> str | No:
        return await self.calendars.places.ask(place, partial(_subscribed, address=place.address))


def _met(account: exchangelib.Account) -> Met:
    found, build = right(account), account.version.build
    numbers = (build.major_version, build.minor_version, build.major_build or 0) if build else (0, 0, 0)
    return Met(numbers, str(account.protocol.auth_type).upper(), found)


def _subscribed(account: exchangelib.Account, address: str) -> str | No:
    """Subscribe, and let go of it at once; Exchange does so itself after half an hour."""
    got = subscribe(account, Affinity(address), address)
    if not isinstance(got, No):
        with suppress(EWSError):
            list(Unsubscribe(account=account).call(subscription_id=got))
    return got


def _trusted(settings: EwsSettings) -> Iterator[tuple[str, str]]:
    """Yield whom TLS trusts, with a remedy where that is weak."""
    if settings.pin:
        yield "TLS: only the pinned certificate is trusted", ""
    elif settings.ca:
        yield f"TLS: only the authorities in {settings.ca} are trusted", ""
    if settings.tls_minimum in ("1.0", "1.1"):
        weak = f"TLS {settings.tls_minimum} IS ALLOWED: it is broken, and who is on the way may read and change all"
        yield weak, "update the server until it speaks TLS 1.2, then drop tls_minimum"


def _signed_in(url: str, met: Met) -> Iterator[tuple[str, str]]:
    """Yield what the server is and how we signed in, with a remedy where anybody can listen."""
    number = ".".join(map(str, met.build))
    release = RELEASES.get(met.build[:2])
    yield f"signed in with {met.scheme}: {f'Exchange {release}' if release else 'a server'}, build {number}", ""
    if urlsplit(url).scheme == "http":
        also = " AND THE PASSWORD" if met.scheme == "BASIC" else ""
        yield f"NOTHING IS ENCRYPTED: who is on the way can read all calendars{also}", "write https:// in url"


def _throttling(settings: EwsSettings, account: Account, build: tuple[int, int, int]) -> Iterator[str]:
    """Yield what lets Exchange serve a service account of many mailboxes without pauses; 2007 knows no throttling."""
    yield f"at most {settings.connections} requests at once for this account"
    if build < (14, 0, 0):
        return
    concurrency = f"-EwsMaxConcurrency {max(27, settings.connections)} -EwsMaxSubscriptions 5000"
    budget = (
        "-EwsPercentTimeInAD $null -EwsPercentTimeInCAS $null -EwsPercentTimeInMailboxRPC $null"
        if build < (15, 0, 0)
        else "-EwsCutoffBalance Unlimited -EwsMaxBurst Unlimited -EwsRechargeRate Unlimited"
    )
    scope = "" if build < (15, 0, 0) else " -ThrottlingPolicyScope Regular"
    yield f"if Exchange asks it to rest: New-ThrottlingPolicy Ringplan{scope} {concurrency} {budget}"
    yield f'and then: Set-ThrottlingPolicyAssociation "{account.login}" -ThrottlingPolicy Ringplan'
