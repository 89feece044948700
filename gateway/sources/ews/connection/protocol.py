"""exchangelib's side of one connection: a Protocol that is ours alone, and what it needs to know of its server.

exchangelib 5.6.0 keeps Protocols for ever, by endpoint and credentials, with whatever adapter and limits the first one
had. Credentials that equal nothing but themselves give each connection an entry of its own, which `close` removes.
Runs in worker threads, except for what says otherwise.
"""

from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Literal

import exchangelib
import exchangelib.errors as ews
import requests
from exchangelib.credentials import DELEGATE, IMPERSONATION
from exchangelib.protocol import FailFast, Protocol
from exchangelib.transport import BASIC, DEFAULT_HEADERS, NTLM
from exchangelib.version import Version

from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, Refused
from gateway.sources.ews.connection.adapter import Adapter
from gateway.sources.ews.connection.refusals import ADDRESS, host_of, refused

SignIn = Literal["any", "ntlm", "basic"]
OLDEST = "Exchange2007_SP1"  # every server since then answers it and says its build (Microsoft: "RequestServerVersion")
NEWEST = "Exchange2016"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: until connected, between two pieces of an answer, and for a call as a whole."""

    connect: float = 10.0
    read: float = 30.0
    whole: float = 60.0


DEADLINES = Deadlines()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What an endpoint told about itself: how it wants to be signed in to, and its version."""

    scheme: str
    version: Version


class Own(exchangelib.Credentials):  # type: ignore[misc]
    """A login that equals nothing but itself; the one place where the password is kept readable."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Once(FailFast):  # type: ignore[misc]
    """Never asks again by itself, and says in Ringplan's words what a status means."""

    def raise_response_errors(self, response: requests.Response) -> None:
        """Raise unless there is XML to read."""
        error = refused(response)
        if error is not None:
            raise error


class Ours(Protocol):  # type: ignore[misc]
    """A Protocol whose sessions all use one adapter."""

    USERAGENT = "Ringplan"

    def __init__(self, config: exchangelib.Configuration, adapter: Adapter, read: float) -> None:
        super().__init__(config)
        self.adapter = adapter
        self.TIMEOUT = read

    def raw_session(self, prefix: str, **_: Any) -> requests.Session:
        """Return a session without sign-in; nothing of the environment (proxies, .netrc) counts."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update(DEFAULT_HEADERS)
        session.headers["User-Agent"] = self.USERAGENT
        session.mount("https://", self.adapter)
        session.mount("http://", self.adapter)
        return session

    def create_session(self) -> requests.Session:
        """Return a session that signs in, by Basic in UTF-8 (RFC 7617): `requests` would take Latin-1."""
        session: requests.Session = super().create_session()
        if self.auth_type == BASIC:
            login, password = self.credentials.username, self.credentials.password
            session.auth = requests.auth.HTTPBasicAuth(login.encode(), password.encode())
        return session


class Wire:
    """One connection to `url` with the credentials of `account`: one socket, opened when it is needed."""

    def __init__(
        self, url: str, account: Account, context: SSLContext, deadlines: Deadlines, learnt: Learnt | None = None
    ) -> None:
        self.url, self.deadlines, self.closed = url, deadlines, False
        self.adapter = Adapter(context, connect=deadlines.connect)
        self.config = exchangelib.Configuration(
            credentials=Own(account.login, account.password.reveal()),
            service_endpoint=url,
            auth_type=learnt.scheme if learnt else None,
            version=learnt.version if learnt else None,
            retry_policy=Once(),
            max_connections=1,
        )
        self.protocol = Ours(config=self.config, adapter=self.adapter, read=deadlines.read)

    def learn(self, sign_in: SignIn) -> Learnt:
        """Ask the server how to sign in, where that is left to it, and for its version: two requests."""
        self.config.auth_type = {"ntlm": NTLM, "basic": BASIC, "any": None}[sign_in] or self._offered()
        self.config.version = self._version()
        return Learnt(self.config.auth_type, self.config.version)

    def account(self, address: str, *, impersonate: bool) -> exchangelib.Account:
        """Return the mailbox `address` on this connection. Makes no request; any thread."""
        return exchangelib.Account(
            primary_smtp_address=address,
            access_type=IMPERSONATION if impersonate else DELEGATE,
            config=self.config,
            locale="en_US",
            default_timezone=exchangelib.UTC,
        )

    def cut(self) -> None:
        """End what another thread is waiting for. Any thread."""
        self.adapter.sockets.shut()

    def close(self) -> None:
        """Close the socket, and let exchangelib forget the connection. Any thread."""
        if not self.closed:
            self.closed = True
            del Ours[self.config]
        self.protocol.close()
        self.adapter.close()

    def _offered(self) -> str:
        """Ask without signing in: the answer is a 401 that lists the ways. NTLM comes first."""
        with self.protocol.raw_session(self.url) as session:
            response = session.post(self.url, data=b"", allow_redirects=False, timeout=self.deadlines.read)
        if response.status_code != 401:
            error = refused(response)
            if error is not None:
                raise error
            return str(BASIC)
        offers = response.headers.get("www-authenticate", "").lower().split(",")
        schemes = {words[0] for words in map(str.split, offers) if words}
        if schemes & {"ntlm", "negotiate"}:
            return str(NTLM)
        if "basic" in schemes:
            return str(BASIC)
        raise Refused(
            f"{host_of(self.url)} offers neither NTLM nor Basic to sign in by",
            "let the administrator of Exchange allow one: Set-WebServicesVirtualDirectory",
        )

    def _version(self) -> Version:
        """Ask in the oldest words, which every server answers, and take the version that its build number means."""
        try:
            told = Version.guess(self.protocol, api_version_hint=OLDEST)
        except ews.TransportError as error:
            if isinstance(error.__context__, ews.ResponseMessageError):
                raise error.__context__ from error
            raise GiveUp(f"{host_of(self.url)} does not say which Exchange it is", ADDRESS) from error
        try:
            return Version(build=told.build)
        except ValueError:
            return Version(build=told.build, api_version=NEWEST)
