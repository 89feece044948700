"""The portal on a real socket: TLS and its renewal, proxies, clients that do not move, too many of them, its end."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from gateway.domain.signin import Role, SignIn
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured, Unreachable
from gateway.net import certificates
from gateway.store import sessions, signins
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web import connection, server
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.server import listening
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from gateway.web.visit import cookie_name
from peers import ports
from peers.process import POLL, SOON
from tests.unit.web.visiting import portal_of

HERE = "127.0.0.1"
HOST = "portal.example.org"
BRIEF = connection.ARRIVING - 5  # seconds: less than it would be waited for otherwise


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(StoreSettings(path=tmp_path / "ringplan.db")) as opened:
        yield opened


@pytest.fixture
def port() -> Iterator[int]:
    found = ports.free()
    yield found
    ports.release(found)


@pytest.fixture
def plain(store: Store, texts: Texts, port: int) -> Portal:
    return portal_of(store, WallClock(), texts, settings=WebSettings(port=port))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def issued(authority: trustme.CA, folder: Path) -> trustme.LeafCert:
    made = authority.issue_cert(HOST)
    made.private_key_pem.write_to_path(folder / "web.key.new")
    made.cert_chain_pems[0].write_to_path(folder / "web.pem.new")
    (folder / "web.key.new").replace(folder / "web.key")
    (folder / "web.pem.new").replace(folder / "web.pem")
    return made


def with_tls(portal: Portal, folder: Path) -> Portal:
    settings = WebSettings(
        port=portal.settings.port, url=f"https://{HOST}", certificate=folder / "web.pem", key=folder / "web.key"
    )
    return replace(portal, settings=settings)


async def shown(port: int, authority: trustme.CA, **changed: Any) -> tuple[bytes, str]:
    """Connect by TLS; return which certificate is shown, and which version is spoken."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for name, value in changed.items():
        setattr(context, name, value)
    _, writer = await asyncio.open_connection(HERE, port, ssl=context, server_hostname=HOST)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    told = found.getpeercert(binary_form=True) or b"", found.version() or ""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return told


async def test_a_renewed_certificate_counts_from_the_next_connection_on(
    plain: Portal, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "LOOK_EVERY", 0.0)
    issued(authority, tmp_path)
    async with listening(with_tls(plain, tmp_path)) as (_, port):
        first, version = await shown(port, authority)
        assert version == "TLSv1.3"
        assert (await shown(port, authority, maximum_version=ssl.TLSVersion.TLSv1_2))[1] == "TLSv1.2"
        issued(authority, tmp_path)
        second, _ = await shown(port, authority)
        assert second != first
        (tmp_path / "web.key").write_text("nothing")
        assert (await shown(port, authority))[0] == second


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_and_no_tls_are_not_spoken(plain: Portal, authority: trustme.CA, tmp_path: Path) -> None:
    issued(authority, tmp_path)
    async with listening(with_tls(plain, tmp_path)) as (_, port):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError, match=r".*"):  # ssl.SSLError, or the connection is reset
            await asyncio.open_connection(HERE, port, ssl=context, server_hostname=HOST)
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://{HERE}:{port}/sign-in")
        assert await shown(port, authority)


async def test_a_certificate_that_cannot_be_used_is_told(plain: Portal, tmp_path: Path) -> None:
    (tmp_path / "web.key").write_text("nothing")
    (tmp_path / "web.pem").write_text("nothing")
    with pytest.raises(Misconfigured, match="cannot be used"):
        async with listening(with_tls(plain, tmp_path)):
            pass


async def test_a_port_that_is_taken_is_tried_again(plain: Portal) -> None:
    with socket.socket() as somebody:
        somebody.bind((HERE, plain.settings.port))
        somebody.listen()
        with pytest.raises(Unreachable, match="cannot listen"):
            async with listening(plain):
                pass
    async with listening(plain) as (_, port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://{HERE}:{port}/sign-in")).status_code == 200


@asynccontextmanager
async def echoing(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Serve, besides the portal, a page that says where a request comes from."""

    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.client.host if request.client else ''} {request.url.scheme}")

    app = application(portal)
    app.add_api_route("/echo", echo)
    monkeypatch.setattr(server, "application", lambda _: app)
    place = f"http://{HERE}:{portal.settings.port}"
    async with listening(portal), httpx.AsyncClient(base_url=place, headers={"Host": HOST}) as client:
        yield client


@pytest.mark.parametrize(
    ("network", "forwarded", "told"),
    [
        ("127.0.0.0/8", "192.0.2.7", "192.0.2.7 https"),
        ("127.0.0.0/8", "203.0.113.9, 192.0.2.7", "192.0.2.7 https"),  # what stands before was said by the client
        ("127.0.0.0/8", "192.0.2.7, 127.0.0.5", "192.0.2.7 https"),  # two proxies of ours
        ("10.0.0.0/8", "192.0.2.7", "127.0.0.1 http"),
    ],
)
async def test_only_proxies_of_ours_say_where_a_request_comes_from(
    plain: Portal, monkeypatch: pytest.MonkeyPatch, network: str, forwarded: str, told: str
) -> None:
    settings = WebSettings(port=plain.settings.port, url=f"https://{HOST}", proxies=(network,))
    async with echoing(replace(plain, settings=settings), monkeypatch) as client:
        headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
        assert (await client.get("/echo", headers=headers)).text == told


async def test_without_proxies_nobody_is_believed(plain: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with echoing(plain, monkeypatch) as client:
        headers = {
            "Host": f"{HERE}:{plain.settings.port}",
            "X-Forwarded-For": "192.0.2.7",
            "X-Forwarded-Proto": "https",
        }
        assert (await client.get("/echo", headers=headers)).text == "127.0.0.1 http"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /sign-in HTTP/1.1\r\nHost: HOST\r\nContent-Length: 100\r\n\r\nname=",
        b"GET /static/ringplan.svg HTTP/1.1\r\nHost: HOST\r\n\r\nGET / HT",
    ],
)
async def test_who_does_not_go_on_is_hung_up_on(plain: Portal, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(connection, "ARRIVING", 0.3)
    async with listening(plain) as (_, port):
        reader, writer = await asyncio.open_connection(HERE, port)
        writer.write(begun.replace(b"HOST", f"{HERE}:{port}".encode()))
        asked = time.monotonic()
        with suppress(ConnectionError):
            await reader.read()
        assert time.monotonic() - asked < BRIEF
        writer.close()


async def test_a_drip_of_headers_does_not_keep_a_connection(plain: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ARRIVING", 0.5)
    async with listening(plain) as (_, port):
        with socket.create_connection((HERE, port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            client.setblocking(False)
            begun = time.monotonic()
            with suppress(ConnectionError):
                while time.monotonic() < begun + BRIEF:
                    client.send(b"X-Slow: x\r\n")
                    await asyncio.sleep(POLL)
            assert 0.3 < time.monotonic() - begun < BRIEF


async def test_one_address_has_only_so_many_connections(plain: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_OF_ONE", 5)
    async with listening(plain) as (_, port), httpx.AsyncClient() as client:
        kept = [await asyncio.open_connection(HERE, port) for _ in range(5)]
        reader, writer = await asyncio.open_connection(HERE, port)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), SOON) == b""
        writer.close()
        for _, one in kept:
            one.close()
        async with asyncio.timeout(SOON):
            while True:
                with suppress(httpx.TransportError):
                    assert (await client.get(f"http://{HERE}:{port}/sign-in")).status_code == 200
                    break


async def test_what_one_customer_has_is_one_address(plain: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_OF_ONE", 2)
    monkeypatch.setattr(server, "place_of", lambda _: "one network")
    async with listening(plain) as (_, port):
        kept = [await asyncio.open_connection(HERE, port, local_addr=(f"127.0.0.{n}", 0)) for n in (2, 3)]
        reader, writer = await asyncio.open_connection(HERE, port, local_addr=("127.0.0.4", 0))
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), SOON) == b""
        for _, one in [*kept, (reader, writer)]:
            one.close()


async def test_what_is_hidden_in_a_request_is_no_second_one(plain: Portal) -> None:
    async with listening(plain) as (_, port):
        host = f"Host: {HERE}:{port}\r\n"
        hidden = f"0\r\n\r\nGET /sign-in HTTP/1.1\r\n{host}\r\n"
        length = f"Content-Length: {len(hidden)}\r\nTransfer-Encoding: chunked\r\n"
        reader, writer = await asyncio.open_connection(HERE, port)
        writer.write(f"POST /sign-in HTTP/1.1\r\n{host}{length}\r\n{hidden}".encode())
        answer = await asyncio.wait_for(reader.read(), SOON)
        assert (answer[:12], answer.count(b"HTTP/1.1")) == (b"HTTP/1.1 400", 1)
        writer.close()


async def test_without_file_handles_it_waits_for_some(plain: Portal) -> None:
    async with listening(plain) as (_, port), httpx.AsyncClient() as client:
        taken: list[int] = []
        waiting = socket.socket()
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect((HERE, port))
            for _ in range(10):  # turns in which it is told of a connection that it cannot take
                await asyncio.sleep(POLL)
        finally:
            for one in taken:
                os.close(one)
            waiting.close()
        assert (await client.get(f"http://{HERE}:{port}/sign-in")).status_code == 200


async def administrator(portal: Portal) -> tuple[SignIn, str]:
    async with portal.store.write() as rows:
        root = await signins.add(rows, None, "root@example.org", Role.ADMINISTRATOR)
        now = datetime.now(UTC)
        return root, (await sessions.begin(rows, root.id, now, now + timedelta(days=1), "")).reveal()


async def test_it_ends_at_once_while_somebody_watches(plain: Portal) -> None:
    _, cookie = await administrator(plain)
    async with httpx.AsyncClient(cookies={cookie_name(plain): cookie}, timeout=SOON) as client:
        async with listening(plain) as (_, port):
            streams = [
                await client.send(client.build_request("GET", f"http://{HERE}:{port}/live/status"), stream=True)
                for _ in range(3)
            ]
            assert [one.headers["content-type"].partition(";")[0] for one in streams] == ["text/event-stream"] * 3
            idle = await asyncio.open_connection(HERE, port)
            ending = time.monotonic()
        assert time.monotonic() - ending < SOON  # else it waits for a stream to end, minutes
        idle[1].close()
        for one in streams:
            await one.aclose()


async def test_what_strangers_send_is_neither_answered_at_length_nor_logged(
    plain: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(plain) as (_, port):
        for sent in (b"\x16\x03\x01\x02\x00", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n", b"nothing\r\n\r\n"):
            reader, writer = await asyncio.open_connection(HERE, port)
            writer.write(sent + b"\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), SOON)
            assert answer.startswith(b"HTTP/1.1 400")
            writer.close()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{HERE}:{port}/welcome/a-secret")).status_code in (200, 404, 410)
    assert "a-secret" not in caplog.text
    assert not [one for one in caplog.records if one.name.startswith("uvicorn")]
