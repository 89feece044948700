"""Whom a connection trusts, against real TLS servers on this machine, for both libraries that connect to servers."""

import asyncio
import socket
import ssl
import threading
import warnings
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
import pytest
import requests
import trustme

from gateway.errors import Unreachable
from gateway.net.threads import started
from gateway.net.trust import distrusted, fingerprint, trust
from gateway.sources.ews.connection.adapter import Adapter
from peers import ports
from tests.fakes.exchange.http import Reply, Request, Server

OLD = ssl.TLSVersion.TLSv1_1


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def pem(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


async def by_httpx(url: str, context: ssl.SSLContext) -> str:
    async with httpx.AsyncClient(verify=context, trust_env=False) as http:
        try:
            return (await http.get(url)).text
        except httpx.TransportError as error:
            raise distrusted(error, "localhost") or AssertionError("nothing of TLS") from error


async def by_requests(url: str, context: ssl.SSLContext) -> str:
    def got() -> str:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", Adapter(context))
            return session.get(url, timeout=30).text

    return await started(got)


@pytest.fixture(params=[by_httpx, by_requests])
def ask(request):
    return request.param


@asynccontextmanager
async def server(certificate: trustme.LeafCert, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3):
    """Something that answers "hello" with that certificate, by no newer a version of TLS."""

    async def hello(request: Request) -> Reply:
        return Reply(body=b"hello")

    async with Server(hello, {}, speaking(certificate, newest)).up() as running:
        yield running


@contextmanager
def refuser(certificate: trustme.LeafCert, newest: ssl.TLSVersion):
    """Something that says why it will not speak a newer version of TLS; yields its address.

    asyncio's own TLS of Python 3.11.2 hangs up without a word (RFC 8446, 6.2: an alert should be sent), so this waits.
    """
    context, port = speaking(certificate, newest), ports.free()
    with socket.create_server(("127.0.0.1", port)) as listening:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    taken, _ = listening.accept()
                    with taken, suppress(OSError):
                        context.wrap_socket(taken, server_side=True).close()

        thread = threading.Thread(target=refuse)
        thread.start()
        yield f"https://localhost:{port}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    ports.release(port)


def speaking(certificate: trustme.LeafCert, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """A server's side of TLS, of no newer a version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if newest == OLD:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of 1.1
        context.maximum_version = newest
    return context


def print_of(certificate: trustme.LeafCert) -> str:
    return fingerprint(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode()))


async def test_an_authority_of_our_own_is_trusted(ask, authority, pem):
    async with server(authority.issue_cert("localhost")) as running:
        assert await ask(running.url, trust(pem)) == "hello"


async def test_the_public_authorities_do_not_vouch_for_our_own(ask, authority):
    async with server(authority.issue_cert("localhost")) as running:
        with pytest.raises(Unreachable, match="certificate of localhost is not trusted") as raised:
            await ask(running.url, trust())
        assert "as pin" in raised.value.remedy
        assert not running.requests


async def test_an_authority_vouches_for_a_name(ask, authority, pem):
    async with server(authority.issue_cert("mail.example.test")) as running:
        with pytest.raises(Unreachable, match=r"not trusted: .*mismatch"):
            await ask(running.url, trust(pem))


@pytest.mark.parametrize("written", [str, str.lower, lambda pin: pin.replace(":", "")])
async def test_a_pinned_certificate_is_trusted_whoever_signed_it_and_whatever_name_it_has(ask, authority, written):
    certificate = authority.issue_cert("mail.example.test")
    async with server(certificate) as running:
        assert await ask(running.url, trust(pin=written(print_of(certificate)))) == "hello"


async def test_a_pin_is_one_certificate_and_not_its_authority(ask, authority):
    shown, pinned = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    async with server(shown) as running:
        with pytest.raises(Unreachable) as raised:
            await ask(running.url, trust(pin=print_of(pinned)))
        assert str(raised.value) == (f"localhost shows another certificate than the pinned one: {print_of(shown)}")
        assert "write the new fingerprint" in raised.value.remedy
        assert not running.requests


async def test_two_servers_with_two_trusts_in_one_process(ask, authority, pem):
    other = trustme.CA().issue_cert("localhost")
    async with server(authority.issue_cert("localhost")) as first, server(other) as second:
        theirs, pinned = trust(pem), trust(pin=print_of(other))
        for _ in range(2):
            assert await ask(first.url, theirs) == await ask(second.url, pinned) == "hello"
        with pytest.raises(Unreachable):
            await ask(second.url, theirs)
        with pytest.raises(Unreachable):
            await ask(first.url, pinned)


@pytest.mark.parametrize("pinned", [True, False])
async def test_an_old_version_of_tls_is_spoken_only_where_it_was_asked_for(ask, authority, pem, pinned):
    certificate = authority.issue_cert("localhost")
    ca, pin = (None, print_of(certificate)) if pinned else (pem, None)
    with refuser(certificate, OLD) as url:
        with pytest.raises(Unreachable, match=r"only (an old|a) version") as raised:
            await ask(url, trust(ca, pin))
        assert "tls_minimum" in raised.value.remedy
    async with server(certificate, OLD) as running:
        assert await ask(running.url, trust(ca, pin, "1.0")) == "hello"


async def test_the_newest_version_can_be_demanded(ask, authority, pem):
    certificate = authority.issue_cert("localhost")
    with (
        refuser(certificate, ssl.TLSVersion.TLSv1_2) as url,
        pytest.raises(Unreachable, match=r"only (an old|a) version"),
    ):
        await ask(url, trust(pem, minimum="1.3"))
    async with server(certificate, ssl.TLSVersion.TLSv1_2) as running:
        assert await ask(running.url, trust(pem)) == "hello"


async def test_what_is_no_tls_is_said(ask):
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    port = ports.free()
    async with await asyncio.start_server(plain, "127.0.0.1", port):
        with pytest.raises(Unreachable, match="does not speak TLS"):
            await ask(f"https://localhost:{port}", trust())
    ports.release(port)
