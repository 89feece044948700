"""What `ringplan check` finds of a portal that listens, of one that does not, and of somebody else in its place."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from gateway.cli.portal_check import of_portal
from gateway.engine.clock import WallClock
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web.portal import Portal
from gateway.web.server import listening
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from peers import ports
from tests.unit.web.visiting import portal_of

HERE = "127.0.0.1"
HOST = "portal.example.org"


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
def portal(store: Store, port: int) -> Portal:
    return portal_of(store, WallClock(), Texts(), settings=WebSettings(port=port))


def secured(folder: Path, port: int, *, days: int = 300, name: str = HOST) -> WebSettings:
    made = trustme.CA().issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=days))
    made.private_key_pem.write_to_path(folder / "web.key")
    made.cert_chain_pems[0].write_to_path(folder / "web.pem")
    (folder / "web.key").chmod(0o600)
    return WebSettings(port=port, url=f"https://{HOST}", certificate=folder / "web.pem", key=folder / "web.key")


async def told(settings: WebSettings) -> list[tuple[bool, str]]:
    return [(one.ok, one.said) for one in await of_portal(settings, datetime.now(UTC))]


@asynccontextmanager
async def somebody_else(port: int, says: bytes) -> AsyncIterator[None]:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        writer.close()

    async with await asyncio.start_server(answer, HERE, port):
        yield


async def test_one_that_listens_is_asked_for_a_page(portal: Portal, port: int) -> None:
    assert await told(portal.settings) == [(True, f"{HERE}:{port} is free, and nobody answers yet")]
    async with listening(portal):
        assert await told(portal.settings) == [(True, f"{HERE}:{port} serves http://{HERE}:{port}")]


async def test_with_tls_its_certificate_is_compared(portal: Portal, port: int, tmp_path: Path) -> None:
    settings = secured(tmp_path, port)
    async with listening(replace(portal, settings=settings)):
        assert await told(settings) == [(True, f"{HERE}:{port} serves https://{HOST}")]
        other = secured(tmp_path, port)
        assert await told(other) == [(False, f"{HERE}:{port}: somebody answers with another certificate")]


@pytest.mark.parametrize(
    ("days", "name", "said"),
    [
        (-1, HOST, (False, "the certificate ended on")),
        (9, HOST, (True, "the certificate ends on")),
        (300, "other.example.org", (True, f"the certificate is not for {HOST}")),
    ],
)
async def test_a_certificate_that_is_wrong_is_told(
    port: int, tmp_path: Path, days: int, name: str, said: tuple[bool, str]
) -> None:
    (ok, first), _ = await told(secured(tmp_path, port, days=days, name=name))
    assert (ok, first[: len(said[1])]) == said


async def test_somebody_else_is_told(port: int) -> None:
    for says in (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0\r\n", b""):
        async with somebody_else(port, says):
            assert await told(WebSettings(port=port)) == [(False, f"{HERE}:{port}: somebody else answers")]


async def test_one_that_was_started_with_another_address_is_told(portal: Portal, port: int) -> None:
    async with listening(portal):
        changed = WebSettings(port=port, url=f"http://localhost:{port + 1}")
        assert await told(changed) == [(False, f"{HERE}:{port} does not serve http://localhost:{port + 1}")]


async def test_passwords_that_can_be_read_on_their_way_are_told(port: int) -> None:
    settings = WebSettings(port=port, url=f"http://{HOST}", proxies=("127.0.0.1/32",))
    assert (await told(settings))[0] == (False, f"passwords sent to http://{HOST} can be read on their way")
