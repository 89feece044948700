"""One search for an Exchange server, from an address: which places are asked, in which form, and whom to believe.

"Autodiscover for Exchange", "Generate a list of Autodiscover endpoints", MS-OXDISCO section 3.1.5, MS-OXDSCLI section
3.1.5. The order differs from Outlook's, because an account's password is at stake, and the account itself: after some
wrong passwords it is locked.

1. `autodiscover.<domain>` before `<domain>`: the one exists for this, the other is often a web site in other hands.
2. At both, the JSON form before any other: it needs no password, and tells which place is Exchange.
3. Then SOAP and POX, with the password if the place asks for it. The first that refuses it ends the search, although
   "Handling Autodiscover error messages" would go on: each further try is one more wrong password. (Other servers
   than Exchange want it for JSON too: that is tried last.)
4. Last, what nobody signs: the redirect of http://autodiscover.<domain>, and the SRV record _autodiscover._tcp. The
   password follows them only to the domain itself and below it; elsewhere, anybody on the way could have sent us.

What answers over verified TLS speaks for its domain: where it leads (302, RedirectUrl, another address), we go, but
never without TLS, never in a circle, and at most 10 times ("RedirectUrl (POX)").
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import dns.asyncresolver

from gateway.errors import GiveUp, RetryLater, RingplanError, SignInAgain, Unreachable
from gateway.net.services import services
from gateway.sources.ews.discovery import autodiscover
from gateway.sources.ews.discovery.autodiscover import (
    NAME,
    NOBODY,
    PASSING,
    PATHS,
    Elsewhere,
    Endpoint,
    Failed,
    Form,
    Renamed,
    Settings,
    Told,
    Unreadable,
    is_cloud,
    led,
    site,
    web,
)
from gateway.sources.ews.discovery.fetch import Answer, Fetch, Request

REDIRECTS = 10
MOVED = (301, 302, 303, 307, 308)
BY_HAND = "if it is right, give https://…/EWS/Exchange.asmx of that server as url"


class Astray(GiveUp):
    """What nobody signs leads out of the domain."""


class Nobody(GiveUp):
    """The server does not know the address."""


@dataclass(frozen=True, slots=True)
class Found:
    """`endpoint`, and the url where GetUserSettings may be asked ("" nowhere).

    `renamed`: the server led to another address, so this holds for no other.
    """

    endpoint: Endpoint
    groups_at: str = ""
    renamed: bool = False


@dataclass(slots=True)
class Search:
    """Looks for the server of one address; `steps`: what was tried and how it ended, in order."""

    fetch: Fetch
    address: str = field(repr=False)
    domain: str
    resolver: dns.asyncresolver.Resolver | None = None
    steps: list[tuple[str, str]] = field(default_factory=list)
    _failures: list[RingplanError] = field(default_factory=list)
    _asked: set[tuple[str, str, bool]] = field(default_factory=set, repr=False)  # url, address, whether signed
    _locked: set[str] = field(default_factory=set)  # hosts that want a password for what needs none
    _missed: set[tuple[str, bool]] = field(default_factory=set)  # hosts out of reach, and whether signed
    _redirects: int = 0

    async def found(self) -> Found:
        """Return what was found. Raises `SignInAgain`, `RetryLater` or `GiveUp`."""
        asked = [self.address.lower()]
        while isinstance(told := await self._round(), Renamed):
            self._count()
            if told.address.lower() in asked:
                raise GiveUp(f"Autodiscover of {self.domain} leads from address to address in a circle", BY_HAND)
            if domain_of(told.address) != domain_of(self.address):
                self.domain = domain_of(told.address)
            self.address = told.address.lower()
            asked.append(self.address)
        if told.endpoint.address.lower() == asked[0]:
            return replace(told, endpoint=replace(told.endpoint, address=""), renamed=len(asked) > 1)
        return replace(told, renamed=len(asked) > 1)

    async def _round(self) -> Found | Renamed:
        async for places in self._places():
            for ask in (self._unsigned, self._signed):
                for place in places:
                    if found := await ask(place):
                        return found
        raise self._summary()

    async def _places(self) -> AsyncIterator[tuple[str, ...]]:
        yield f"https://autodiscover.{self.domain}", f"https://{self.domain}"
        if place := await self._led():
            yield (place,)
        step = f"DNS, _autodiscover._tcp.{self.domain}"
        try:
            found = await services(self.domain, "autodiscover", self.resolver)
        except RingplanError as error:
            self._fail(step, error)
            return
        if not found:
            self._say(step, "no record")
        for service in found:
            at = web(f"https://{service.host}{'' if service.port == 443 else f':{service.port}'}/")
            if at and (place := self._own(step, at)):
                yield (place,)

    async def _led(self) -> str:
        """Return the place that http://autodiscover.<domain> leads to within the domain, "" none."""
        step = f"http://autodiscover.{self.domain}"
        try:
            answer = await self.fetch(Request(f"{step}{PATHS['xml']}"))
        except RingplanError as error:
            self._say(step, str(error))
            return ""
        if answer.status not in MOVED:
            self._say(step, f"does not redirect ({answer.status})")
            return ""
        to = led(f"{step}{PATHS['xml']}", answer.headers.get("location", ""))
        if to is None:
            self._say(step, "redirects to something that is not https")
            return ""
        return self._own(step, to)

    def _own(self, step: str, url: str) -> str:
        """Return the place of `url` if it is the domain's own; another is refused: nothing vouches for it."""
        host = urlsplit(url).hostname or ""
        if host != self.domain and not host.endswith(f".{self.domain}"):
            said = f"{step} leads to another domain, {host}, and may be forged"
            self._fail(step, Astray(said, f"{BY_HAND}, or its domain as domain"))
            return ""
        self._say(step, f"leads to {host}")
        return f"https://{site(url)}"

    async def _unsigned(self, place: str) -> Found | Renamed | None:
        for path in autodiscover.json_paths(self.address):
            if found := await self._tried(place, "json", path):
                return found
        return None

    async def _signed(self, place: str) -> Found | Renamed | None:
        forms: tuple[Form, ...] = ("svc", "xml")
        for form in forms:
            if found := await self._tried(place, form, PATHS[form], signed=True):
                return found
        if site(place) not in self._locked:
            return None
        return await self._tried(place, "json", autodiscover.json_paths(self.address)[1], signed=True)

    async def _tried(self, place: str, form: Form, path: str, *, signed: bool = False) -> Found | Renamed | None:
        """Ask one form at one place; return what it brings, None: nothing."""
        at = f"{place}{path}"
        step = f"{place}{PATHS[form]}"
        if (site(at), signed) in self._missed or (at, self.address, signed) in self._asked:
            return None
        try:
            told, at = await self._told(form, at, signed=signed)
            self._stay(told, place)
            if isinstance(told, Settings) and told.urls:
                self._say(step, f"names {' and '.join(told.urls)}")
                url = await self._answering(told.urls)
                endpoint = Endpoint(url, told.group, told.address or self.address)
                return Found(endpoint, _groups_at(form, at, signed=signed)) if url else None
            if isinstance(told, Renamed) and told.address:
                self._say(step, "names another address to ask for")
                return told
            raise _failure(told, site(at))
        except RingplanError as error:
            self._fail(step, error)
            if isinstance(error, SignInAgain):
                raise
        return None

    async def _told(self, form: Form, at: str, *, signed: bool) -> tuple[Told, str]:
        """Ask at `at`, and where that leads; return what was said, and which url said it."""
        while True:
            if (at, self.address, signed) in self._asked:
                raise GiveUp(f"{site(at)} leads in a circle", BY_HAND)
            self._asked.add((at, self.address, signed))
            body = autodiscover.body(form, self.address, at)
            try:
                answer = await self.fetch(Request(at, body, signed=signed, anchor=self.address))
            except Unreachable:
                self._missed.add((site(at), signed))
                raise
            if answer.status in MOVED:
                leads = led(at, answer.headers.get("location", ""))
            else:
                told = self._read(form, answer, site(at))
                if not isinstance(told, Elsewhere):
                    return told, at
                leads = told.url
            if not leads:
                raise GiveUp(f"{site(at)} leads to something that is not https", BY_HAND)
            self._count()
            self._stay(Elsewhere(leads), at)
            at = autodiscover.like(form, leads)

    def _read(self, form: Form, answer: Answer, host: str) -> Told:
        if answer.status == 401:
            self._locked.add(host)
            raise GiveUp(f"{host} wants a password for this")
        if busy(answer.status):
            raise RetryLater(f"{host} is not able to answer now ({answer.status})")
        if answer.status != 200:
            raise GiveUp(f"{host} does not know Autodiscover here ({answer.status})")
        try:
            return autodiscover.read(form, answer.body)
        except Unreadable as error:
            raise GiveUp(f"{host} answers with something else than Autodiscover ({error})") from error

    async def _answering(self, urls: tuple[str, ...]) -> str:
        """Return the first url that asks for a sign-in, as Exchange does of whoever brings none; "" none.

        A proxy's page or its redirect says that something is there, not that it is Exchange.
        """
        for url in urls:
            if (url, "", False) in self._asked:
                continue
            self._asked.add((url, "", False))
            try:
                answer = await self.fetch(Request(url))
            except RingplanError as error:
                self._fail(url, error)
                continue
            if answer.status == 401:
                self._say(url, "answers (401)")
                return url
            if busy(answer.status):
                self._fail(url, RetryLater(f"{site(url)} is not able to answer now ({answer.status})"))
            else:
                self._fail(url, GiveUp(f"{url} asks for no sign-in, as Exchange would ({answer.status})"))
        return ""

    def _stay(self, told: Told, at: str) -> None:
        """Raise where a server leads to Exchange Online, which would refuse the password, and so end all searches.

        In a hybrid organisation it does so for mailboxes that were moved there, and only for those.
        """
        match told:
            case Elsewhere(url):
                hosts = {urlsplit(url).hostname or ""}
            case Renamed(address):
                hosts = {address.lower().rpartition("@")[2]}
            case Settings(urls):
                hosts = {urlsplit(url).hostname or "" for url in urls}
            case _:
                hosts = set()
        if any(map(is_cloud, hosts)):
            raise Nobody(f"{site(at)} leads to Exchange Online", "what is there cannot be read: remove the user")

    def _count(self) -> None:
        self._redirects += 1
        if self._redirects > REDIRECTS:
            raise GiveUp(f"Autodiscover of {self.domain} leads on more than {REDIRECTS} times", BY_HAND)

    def _say(self, step: str, said: str) -> None:
        self.steps.append((step, said))

    def _fail(self, step: str, error: RingplanError) -> None:
        self._failures.append(error)
        self._say(step, str(error))

    def _summary(self) -> RingplanError:
        """Return what the search ends with: what somebody has to decide, else what time may heal, else the rest."""
        for kind in (Astray, Nobody, RetryLater, GiveUp):
            if failure := next((failure for failure in self._failures if isinstance(failure, kind)), None):
                said = f"no Exchange server is found from {self.domain}: {failure}"
                remedy = failure.remedy or "give https://…/EWS/Exchange.asmx of the server as url"
                return type(failure)(said, remedy)
        raise AssertionError("a search ends with what was found or why it was not")


def busy(status: int) -> bool:
    """Return whether an HTTP status says that the server cannot answer now."""
    return status in (408, 429) or status >= 500


def domain_of(address: str) -> str:
    """Return the domain of an address, lower case. Raises `GiveUp` where it is no ASCII host name."""
    _, at, domain = address.lower().rpartition("@")
    if not at or not NAME.fullmatch(domain):
        raise GiveUp("the address has no domain that Autodiscover could start at", "give url or domain in the settings")
    return domain


def _groups_at(form: Form, at: str, *, signed: bool) -> str:
    """Return where GetUserSettings may be asked: where it was, or beside a JSON form that was asked before it."""
    if form == "svc":
        return at
    return f"https://{site(at)}{PATHS['svc']}" if form == "json" and not signed else ""


def _failure(told: Told, host: str) -> RingplanError:
    if isinstance(told, Settings):
        return GiveUp(f"{host} names no url of Exchange Web Services that begins with https://")
    if not isinstance(told, Failed):
        return GiveUp(f"{host} names another address, which is none")
    if told.code in PASSING:
        return RetryLater(f"{host} is not able to answer now ({told.code})")
    if told.code in NOBODY:
        return Nobody(f"{host} does not know the address ({told.code})", "is it the address of the mailbox?")
    return GiveUp(f"{host} refuses ({told.code})")
