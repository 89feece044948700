"""Finding a person's calendars or address books: from a domain, a URL or a path to the collections that are read.

RFC 6764 (SRV, TXT, `.well-known`), RFC 5397 (current-user-principal), RFC 4791 section 6.2.1 (calendar-home-set),
RFC 6352 section 7.1.1 (addressbook-home-set), RFC 3744 section 9.4 (another person's principal, found by address).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import quote

import dns.asyncresolver
import httpx

from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.errors import GiveUp, NotOffered, RingplanError, SignInAgain
from gateway.net.services import services
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import Client, Missing, joined
from gateway.sources.caldav.settings import CalDavSettings

Whose = Mailbox | Book  # both are found by `path` or `address`


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: `noun` names it and `key` its template in the settings; `service` as in RFC 6764.

    `home_set` is the property of a principal that names its homes; `is_one` knows what is read in them. `without`:
    what else can be done where there are none, "": there have to be some.
    """

    noun: str
    key: str
    service: str
    home_set: str
    is_one: Callable[[dav.Resource], bool]
    template: Callable[[CalDavSettings], str | None]
    without: str = ""


CALENDARS = Sought(
    "calendar", "calendars", "caldav", f"{dav.C}calendar-home-set", lambda r: r.is_calendar, lambda s: s.calendars
)
ADDRESS_BOOKS = Sought(
    "address book", "contacts", "carddav", f"{dav.B}addressbook-home-set", lambda r: r.is_address_book,
    lambda s: s.contacts, "or leave them alone: ringplan users set … --no-contacts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What one PROPFIND asks: a home with its collections (`depth` 1), or one collection (`depth` 0).

    `members` are the paths of all that it lists, `collections` the URLs by path of those that are read.
    """

    at: httpx.URL
    depth: int
    members: frozenset[str]
    collections: dict[str, httpx.URL]


@dataclass(slots=True)
class Discovery:
    """Finds what is `sought` at one source for one account; keeps nothing but the account's own principal."""

    client: Client
    settings: CalDavSettings
    account: Account
    resolver: dns.asyncresolver.Resolver | None = None
    sought: Sought = CALENDARS
    _own: httpx.URL | None = None

    async def places(self, whose: Whose) -> tuple[Place, ...]:
        """Return where this mailbox's calendars, or this book's address books are."""
        return tuple([await self.place(home) for home in await self.homes(whose)])

    def forget(self) -> None:
        """Find the account's principal anew the next time."""
        self._own = None

    async def homes(self, whose: Whose) -> tuple[httpx.URL, ...]:
        """Return the homes (or the collection itself): its path, the template, a principal's home set."""
        path = whose.path or self.filled(whose)
        if path is not None:
            base = httpx.URL(self.settings.url) if self.settings.url else await self.principal(whose)
            at = joined(base, path)
            if not path.startswith("/") or at.host != base.host:
                raise GiveUp(f"{called(whose)}: the path must begin with / and stay on its server", "correct the path")
            return (at,)
        own = await self.principal(whose)
        if not self.account.service or self.account.login.lower() in _names(whose):
            return await self._home_set(own)
        return await self._searched(own, whose)

    def filled(self, whose: Whose) -> str | None:
        """Return the template's path, None without a template."""
        template = self.sought.template(self.settings)
        if template is None:
            return None
        local = whose.address.partition("@")[0]
        values = {"address": whose.address, "local": local, "login": self.account.login}
        if any(value in (".", "..") for value in values.values()):
            raise GiveUp(f"{called(whose)}: the address makes no path", "give it a path")
        return template.format_map({name: quote(value, safe="@") for name, value in values.items()})

    async def principal(self, whose: Whose) -> httpx.URL:
        """Return the account's own principal, or a collection that stands for it on a server without principals.

        Each candidate is tried; the first that answers counts. Raises what the last one raised.
        """
        if self._own is None:
            failed: RingplanError | None = None
            async for start in self.starts(whose):
                try:
                    self._own = await self._principal(start)
                    break
                except GiveUp as error:
                    failed = error
            else:
                raise failed or GiveUp("no DAV server was found", self._else("give its url in the settings"))
        return self._own

    async def starts(self, whose: Whose) -> AsyncIterator[httpx.URL]:
        """Yield URLs to begin at, the likeliest first."""
        well_known = f"/.well-known/{self.sought.service}"
        if self.settings.url:
            at = httpx.URL(self.settings.url)
            if at.path.strip("/"):
                yield at
            if led := await self.client.led(at.copy_with(raw_path=well_known.encode())):
                yield led
            if not at.path.strip("/"):
                yield at
            return
        domain = self.settings.domain or _domain(self.account.login) or _domain(whose.address)
        if not domain:
            raise GiveUp("no domain to look for a DAV server at", "give url or domain in the settings")
        for service in await services(domain, f"{self.sought.service}s", self.resolver):
            if service.host != domain and not service.host.endswith(f".{domain}"):
                raise GiveUp(
                    f"DNS leads from {domain} to another domain, {service.host}",
                    "DNS can be forged: if it is right, give https://… of that server as url",
                )
            root = httpx.URL(scheme="https", host=service.host, port=service.port, path="/")
            if service.path:
                yield root.copy_with(path=service.path)  # stays on its host, were it //elsewhere.example/
            if led := await self.client.led(root.join(well_known)):
                yield led
            yield root
        if led := await self.client.led(httpx.URL(scheme="https", host=domain, path=well_known)):
            yield led

    async def _principal(self, start: httpx.URL) -> httpx.URL:
        answer = await self.client.propfind(start, 0, dav.PRINCIPAL)
        for resource in answer.resources:
            if self.sought.is_one(resource):
                return answer.at
            if hrefs := resource.hrefs(f"{dav.D}current-user-principal"):
                return named(answer.at, hrefs[0])
            found = resource.properties.get(f"{dav.D}current-user-principal")
            if found is not None and found.find(f"{dav.D}unauthenticated") is not None:
                raise SignInAgain(f"{start.host} took us for nobody", "give it anew: ringplan accounts password")
        return answer.at

    async def _home_set(self, principal: httpx.URL) -> tuple[httpx.URL, ...]:
        answer = await self.client.propfind(principal, 0, dav.home(self.sought.home_set))
        hrefs = [href for resource in answer.resources for href in resource.hrefs(self.sought.home_set)]
        if not hrefs and self.sought.without and not await self._stands_for_itself(answer.at):
            raise self._not_offered(answer.at)
        return tuple(named(answer.at, href) for href in hrefs) or (answer.at,)

    async def _stands_for_itself(self, at: httpx.URL) -> bool:
        try:
            await self.place(at)
        except Missing:
            return False
        return True

    async def _searched(self, own: httpx.URL, whose: Whose) -> tuple[httpx.URL, ...]:
        """Return the homes of the principal whose address is the mailbox's, as RFC 3744 searches for it."""
        search = dav.search(whose.address, self.sought.home_set)
        collections = await self.client.propfind(own, 0, dav.home(self.sought.home_set))
        for resource in collections.resources:
            for href in resource.hrefs(f"{dav.D}principal-collection-set"):
                try:
                    found = await self.client.report(named(collections.at, href), 0, search)
                except GiveUp:
                    continue
                for person in found.resources:
                    addresses = {a.lower().removeprefix("mailto:") for a in _texts(person)}
                    if whose.address.lower() not in addresses:
                        continue
                    if homes := person.hrefs(self.sought.home_set):
                        return tuple(named(found.at, home) for home in homes)
                    if self.sought.without:
                        raise self._not_offered(found.at)
        raise GiveUp(
            f"{called(whose)}: the server does not tell where this person's {self.sought.noun}s are",
            self._else(f'set {self.sought.key} = "/…/{{local}}/" for the source, or give a path'),
        )

    def _not_offered(self, at: httpx.URL) -> NotOffered:
        said = f"{at.host} names no place of {self.sought.noun}s"
        return NotOffered(said, f'set {self.sought.key} = "/…/{{local}}/" for the source, {self.sought.without}')

    def _else(self, remedy: str) -> str:
        return f"{remedy}; {self.sought.without}" if self.sought.without else remedy

    async def place(self, at: httpx.URL) -> Place:
        """List a home's collections; one stands for itself. Other people's in it are left out."""
        answer = await self.client.propfind(at, 0, dav.COLLECTIONS)
        if any(self.sought.is_one(resource) for resource in answer.resources):
            return Place(answer.at, 0, frozenset({path(answer.at)}), {path(answer.at): answer.at})
        answer = await self.client.propfind(answer.at, 1, dav.COLLECTIONS)
        members = {path(joined(answer.at, resource.href)): resource for resource in answer.resources}
        home = members.get(path(answer.at))
        owner = home.hrefs(f"{dav.D}owner") if home else ()
        collections = {
            where: named(answer.at, resource.href)
            for where, resource in members.items()
            if self.sought.is_one(resource) and _owned(resource, owner)
        }
        if not collections:
            said = f"{at.host} shows no {self.sought.noun} in {at.path}"
            raise Missing(said, self._else("is it the right path, and may we read it?"))
        return Place(answer.at, 1, frozenset(members), collections)


def called(whose: Whose) -> str:
    """Return what a mailbox or book is called in messages."""
    return f"{'mailbox' if isinstance(whose, Mailbox) else 'book'} {whose.id}"


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


def _names(whose: Whose) -> tuple[str, str]:
    return whose.address.lower(), whose.address.lower().partition("@")[0]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower() if "@" in address else ""
