"""One HTTP request of Autodiscover, sent from a worker thread: bounded in time and size, redirects not followed.

The password goes out only where a server on the other side of verified TLS has asked for it (401), and then once: a
refusal is `SignInAgain`, which ends the search, since each further try brings the account nearer to being locked.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from ssl import SSLContext

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests_ntlm import HttpNtlmAuth
from spnego.exceptions import SpnegoError

from gateway.domain.mailbox import Account
from gateway.errors import GiveUp, Unreachable
from gateway.net.threads import started
from gateway.sources.ews.connection.adapter import Adapter
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.connection.refusals import lost, signed_out
from gateway.sources.ews.discovery.autodiscover import site
from gateway.sources.ews.settings import EwsSettings

LARGEST = 2**20  # bytes of a decoded body
PIECE = 64 * 2**10
DEADLINES = Deadlines(connect=10.0, read=10.0, whole=30.0)  # the whole: signing in included
# What requests_ntlm makes of half a handshake
GARBLED = (SpnegoError, PermissionError, LookupError, ValueError, ArithmeticError, struct.error)


@dataclass(frozen=True, slots=True)
class Request:
    """A GET without `body`, a POST with one. `signed`: sign in where that is asked for. `anchor`: whom it is about.

    Its address is in all of them, so none is printed.
    """

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    signed: bool = False
    anchor: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `headers` with lower-case names; `body` only of a 200."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


Fetch = Callable[[Request], Awaitable[Answer]]
"""Sends one request. Raises `Unreachable`, `RetryLater`, `SignInAgain` or `GiveUp`."""


def fetcher(account: Account, settings: EwsSettings, context: SSLContext, deadlines: Deadlines = DEADLINES) -> Fetch:
    """Return what sends requests in the name of `account`, trusting by `context`."""

    async def fetch(request: Request) -> Answer:
        adapter = Adapter(context, connect=deadlines.connect)
        try:
            async with asyncio.timeout(deadlines.whole):
                return await started(partial(_sent, request, account, settings, adapter, deadlines.read))
        except TimeoutError as error:
            raise Unreachable(f"{site(request.url)} did not answer within {deadlines.whole:.0f} s") from error
        finally:
            adapter.sockets.shut()  # so that the thread ends too, whatever ended us

    return fetch


def _sent(request: Request, account: Account, settings: EwsSettings, adapter: Adapter, read: float) -> Answer:
    host = site(request.url)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            answer = _answered(session, request, read, None)
            if answer.status != 401 or not request.signed:
                return answer
            if not request.url.startswith("https://"):
                raise GiveUp(f"{host} asks for a password without TLS", "let it answer on https://")
            auth = _auth(answer, account, settings, host)
            answer = _answered(session, request, read, auth)
        except requests.RequestException as error:
            raise lost(error, host) from error
        except GARBLED as error:
            raise Unreachable(f"{host} does not speak HTTP as it should") from error
        if answer.status == 401:
            raise signed_out(host, ntlm=isinstance(auth, HttpNtlmAuth))
        return answer


def _answered(session: requests.Session, request: Request, read: float, auth: AuthBase | None) -> Answer:
    headers = {"User-Agent": "Ringplan", "Accept": "*/*", "Accept-Encoding": "gzip"}
    if request.body:
        headers["Content-Type"] = "text/xml; charset=utf-8"
    if request.anchor.isascii() and request.anchor.isprintable() and request.anchor:
        headers["X-AnchorMailbox"] = request.anchor
    with session.request(
        "POST" if request.body else "GET",
        request.url,
        headers=headers,
        data=request.body or None,
        auth=auth,
        timeout=read,
        allow_redirects=False,
        stream=not isinstance(auth, HttpNtlmAuth),  # which reads refusals whole: let the adapter bound them
    ) as response:
        body = _bounded(response) if response.status_code == 200 else b""
        return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _bounded(response: requests.Response) -> bytes:
    body = b""
    for piece in response.iter_content(PIECE):
        body += piece
        if len(body) > LARGEST:
            raise GiveUp(f"{site(response.url)} sent more than {LARGEST >> 20} MiB", "is it an Exchange server?")
    return body


def _auth(answer: Answer, account: Account, settings: EwsSettings, host: str) -> AuthBase:
    """Return how to sign in, of what the server offers and the settings allow: NTLM rather than Basic."""
    offered = answer.headers.get("www-authenticate", "").lower()
    login, password = account.login, account.password.reveal()
    if settings.sign_in in ("any", "ntlm") and ("ntlm" in offered or "negotiate" in offered):
        return HttpNtlmAuth(login, password)
    if settings.sign_in in ("any", "basic") and "basic" in offered:
        return HTTPBasicAuth(login.encode(), password.encode())
    raise GiveUp(
        f"{host} lets nobody sign in with {settings.sign_in.replace('any', 'NTLM or Basic')}",
        "allow it at the server's virtual directory Autodiscover, or give the url of Exchange Web Services",
    )
