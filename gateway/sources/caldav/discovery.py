"""Finding a person's calendars: from a domain, a URL or a path to the collections that are read.

RFC 6764 (SRV, TXT, `.well-known/caldav`), RFC 5397 (current-user-principal), RFC 4791 section 6.2.1
(calendar-home-set), RFC 3744 section 9.4 (another person's principal, found by address).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

import dns.asyncresolver
import httpx

from gateway.domain.mailbox import Account, Mailbox
from gateway.errors import GiveUp, RingplanError, SignInAgain
from gateway.net.services import services
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import Client, Missing, joined
from gateway.sources.caldav.settings import CalDavSettings

WELL_KNOWN = "/.well-known/caldav"


@dataclass(frozen=True, slots=True)
class Place:
    """What one PROPFIND asks: a home with its collections (`depth` 1), or one calendar (`depth` 0).

    `members` are the paths of all that it lists, `calendars` the URLs by path of those that are read.
    """

    at: httpx.URL
    depth: int
    members: frozenset[str]
    calendars: dict[str, httpx.URL]


@dataclass(slots=True)
class Discovery:
    """Finds calendars at one source for one account; keeps nothing but the account's own principal."""

    client: Client
    settings: CalDavSettings
    account: Account
    resolver: dns.asyncresolver.Resolver | None = None
    _own: httpx.URL | None = None

    async def places(self, mailbox: Mailbox) -> tuple[Place, ...]:
        """Return where this mailbox's calendars are."""
        return tuple([await self.place(home) for home in await self.homes(mailbox)])

    def forget(self) -> None:
        """Find the account's principal anew the next time."""
        self._own = None

    async def homes(self, mailbox: Mailbox) -> tuple[httpx.URL, ...]:
        """Return the homes (or the calendar) of a mailbox: its path, the template, a principal's home set."""
        path = mailbox.path or self.filled(mailbox)
        if path is not None:
            base = httpx.URL(self.settings.url) if self.settings.url else await self.principal(mailbox)
            at = joined(base, path)
            if not path.startswith("/") or at.host != base.host:
                raise GiveUp("a calendar's path must begin with / and stay on its server", "correct the path")
            return (at,)
        own = await self.principal(mailbox)
        if not self.account.service or self.account.login.lower() in _names(mailbox):
            return await self._home_set(own)
        return await self._searched(own, mailbox)

    def filled(self, mailbox: Mailbox) -> str | None:
        """Return the template's path for a mailbox, None without a template."""
        if self.settings.calendars is None:
            return None
        local = mailbox.address.partition("@")[0]
        values = {"address": mailbox.address, "local": local, "login": self.account.login}
        if any(value in (".", "..") for value in values.values()):
            raise GiveUp(f"mailbox {mailbox.id}: the address makes no path", "give the mailbox a path")
        return self.settings.calendars.format_map({name: quote(value, safe="@") for name, value in values.items()})

    async def principal(self, mailbox: Mailbox) -> httpx.URL:
        """Return the account's own principal, or a collection that stands for it on a server without principals.

        Each candidate is tried; the first that answers counts. Raises what the last one raised.
        """
        if self._own is None:
            failed: RingplanError | None = None
            async for start in self.starts(mailbox):
                try:
                    self._own = await self._principal(start)
                    break
                except GiveUp as error:
                    failed = error
            else:
                raise failed or GiveUp("no CalDAV server was found", "give its url in the settings")
        return self._own

    async def starts(self, mailbox: Mailbox) -> AsyncIterator[httpx.URL]:
        """Yield URLs to begin at, the likeliest first."""
        if self.settings.url:
            at = httpx.URL(self.settings.url)
            if at.path.strip("/"):
                yield at
            if led := await self.client.led(at.copy_with(raw_path=WELL_KNOWN.encode())):
                yield led
            if not at.path.strip("/"):
                yield at
            return
        domain = self.settings.domain or _domain(self.account.login) or _domain(mailbox.address)
        if not domain:
            raise GiveUp("no domain to look for a CalDAV server at", "give url or domain in the settings")
        for service in await services(domain, "caldavs", self.resolver):
            if service.host != domain and not service.host.endswith(f".{domain}"):
                raise GiveUp(
                    f"DNS leads from {domain} to another domain, {service.host}",
                    "DNS can be forged: if it is right, give https://… of that server as url",
                )
            root = httpx.URL(scheme="https", host=service.host, port=service.port, path="/")
            if service.path:
                yield root.copy_with(path=service.path)  # stays on its host, were it //elsewhere.example/
            if led := await self.client.led(root.join(WELL_KNOWN)):
                yield led
            yield root
        if led := await self.client.led(httpx.URL(scheme="https", host=domain, path=WELL_KNOWN)):
            yield led

    async def _principal(self, start: httpx.URL) -> httpx.URL:
        answer = await self.client.propfind(start, 0, dav.PRINCIPAL)
        for resource in answer.resources:
            if resource.is_calendar:
                return answer.at
            if hrefs := resource.hrefs(f"{dav.D}current-user-principal"):
                return named(answer.at, hrefs[0])
            found = resource.properties.get(f"{dav.D}current-user-principal")
            if found is not None and found.find(f"{dav.D}unauthenticated") is not None:
                raise SignInAgain(f"{start.host} took us for nobody", "give it anew: ringplan accounts password")
        return answer.at

    async def _home_set(self, principal: httpx.URL) -> tuple[httpx.URL, ...]:
        answer = await self.client.propfind(principal, 0, dav.HOME)
        hrefs = [href for resource in answer.resources for href in resource.hrefs(f"{dav.C}calendar-home-set")]
        return tuple(named(answer.at, href) for href in hrefs) or (answer.at,)

    async def _searched(self, own: httpx.URL, mailbox: Mailbox) -> tuple[httpx.URL, ...]:
        """Return the homes of the principal whose address is the mailbox's, as RFC 3744 searches for it."""
        collections = await self.client.propfind(own, 0, dav.HOME)
        for resource in collections.resources:
            for href in resource.hrefs(f"{dav.D}principal-collection-set"):
                try:
                    found = await self.client.report(named(collections.at, href), 0, dav.search(mailbox.address))
                except GiveUp:
                    continue
                for person in found.resources:
                    addresses = {a.lower().removeprefix("mailto:") for a in _texts(person)}
                    if mailbox.address.lower() in addresses and (homes := person.hrefs(f"{dav.C}calendar-home-set")):
                        return tuple(named(found.at, home) for home in homes)
        raise GiveUp(
            f"mailbox {mailbox.id}: the server does not tell where this person's calendars are",
            'set calendars = "/…/{local}/" for the source, or a path for the mailbox',
        )

    async def place(self, at: httpx.URL) -> Place:
        """List a home's calendars; a calendar stands for itself. Other people's calendars in it are left out."""
        answer = await self.client.propfind(at, 0, dav.COLLECTIONS)
        if any(resource.is_calendar for resource in answer.resources):
            return Place(answer.at, 0, frozenset({path(answer.at)}), {path(answer.at): answer.at})
        answer = await self.client.propfind(answer.at, 1, dav.COLLECTIONS)
        members = {path(joined(answer.at, resource.href)): resource for resource in answer.resources}
        home = members.get(path(answer.at))
        owner = home.hrefs(f"{dav.D}owner") if home else ()
        calendars = {
            where: named(answer.at, resource.href)
            for where, resource in members.items()
            if resource.is_calendar and _owned(resource, owner)
        }
        if not calendars:
            raise Missing(f"{at.host} shows no calendar in {at.path}", "is it the right path, and may we read it?")
        return Place(answer.at, 1, frozenset(members), calendars)


def named(at: httpx.URL, href: str) -> httpx.URL:
    """Return the URL that a server names in an answer; one on another host only from https to https.

    A server behind a proxy may name itself by another scheme or port: on the same host ours are kept.
    """
    to = joined(at, href)
    if to.host == at.host:
        return to.copy_with(scheme=at.scheme, port=at.port)
    if at.scheme == to.scheme == "https":
        return to
    raise GiveUp(f"{at.host} leads to another host, {to.host}, without TLS", "if it is right, give its url")


def path(url: httpx.URL) -> str:
    """Return the decoded path without a final slash: collections are named with and without it."""
    return url.path.rstrip("/")


def _owned(resource: dav.Resource, owner: tuple[str, ...]) -> bool:
    theirs = resource.hrefs(f"{dav.D}owner")
    return not owner or not theirs or theirs[0].rstrip("/") == owner[0].rstrip("/")


def _texts(resource: dav.Resource) -> tuple[str, ...]:
    return resource.hrefs(f"{dav.C}calendar-user-address-set")


def _names(mailbox: Mailbox) -> tuple[str, str]:
    return mailbox.address.lower(), mailbox.address.lower().partition("@")[0]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower() if "@" in address else ""
