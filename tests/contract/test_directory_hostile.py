"""What is malformed, endless, half or too much: one connection is dropped for it, and everybody else is served."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
import trustme

from gateway.directory import connection, line, server, slowing
from gateway.directory.query import Present
from gateway.directory.wire import ber
from gateway.net import certificates
from tests.contract.directories import (
    SOON,
    UNBIND,
    Client,
    Running,
    bind,
    connected,
    extended,
    issue,
    message,
    running,
    search,
)

START_TLS, WHO_AM_I = "1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.4203.1.11.3"


@pytest_asyncio.fixture(scope="module")
async def directory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("directory"), connections=10_000) as one:
        yield one


def nested(depth: int) -> bytes:
    asked = b"\x87\x02cn"
    for _ in range(depth):
        asked = ber.tlv(0xA2, asked)
    return asked


async def is_served(directory: Running) -> bool:
    async with connected(directory.ports["plain"]) as client:
        return (await client.ask(bind())).code == 0


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x30\x80\x02\x01\x01\x42\x00\x00\x00",
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x30\x89\x00\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\x30\x05\x02\x01\x00\x42\x00",
        b"\x30\x05\x02\x01\x01\x7f\x00",
        b"\x30\x0b\x02\x01\x01\x60\x7f\x02\x01\x03\x04\x00\x80",
        b"\x30\x83\x01\x00\x01",
        message(1, ber.tlv(0x63, b"\x04\x00")),
        message(1, ber.tlv(0x60, b"\x02\x09" + bytes(9))),
        message(1, b"\x42\x00", b"\x30\x00"),
    ],
    ids=bytes.hex,
)
async def test_garbage_is_told_so_and_hung_up_on(directory, sent):
    async with connected(directory.ports["plain"]) as client:
        told = await client.ask(sent)
        assert (told.number, told.tag, told.code) == (0, 0x78, 2)
        assert await client.told() is None
    assert await is_served(directory)


async def test_deep_and_long_filters_are_refused_and_nothing_else(directory):
    many = ber.tlv(0xA1, b"\x87\x02cn" * 20_000)
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert (await client.ask(search(2, nested(10_000)))).code == 11
        assert (await client.ask(search(3, many))).code == 11
        assert (await client.ask(search(4, b"\xaa\x00"))).code == 2
        assert (await client.ask(extended(5, WHO_AM_I))).code == 0


async def test_a_long_message_is_taken_only_from_who_has_bound(directory):
    long = message(2, ber.tlv(0x77, ber.tlv(0x80, b"1.2") + ber.tlv(0x81, bytes(200_000))))
    async with connected(directory.ports["plain"]) as client:
        assert (await client.ask(long)).tag == 0x78
        assert await client.told() is None
    async with connected(directory.ports["plain"]) as client:
        await client.ask(bind())
        assert (await client.ask(long)).number == 2


async def test_bytes_one_by_one_and_all_at_once_are_the_same(directory):
    whole = bind() + b"".join(extended(number, WHO_AM_I) for number in range(2, 40)) + UNBIND
    expected = list(range(1, 40))
    async with connected(directory.ports["plain"]) as client:
        await client.send(whole)
        assert [told.number for told in [await client.told() for _ in expected] if told] == expected
        assert await client.told() is None
    async with connected(directory.ports["plain"]) as client:
        for byte in whole:
            await client.send(bytes((byte,)))
            await asyncio.sleep(0)
        assert [told.number for told in [await client.told() for _ in expected] if told] == expected


async def test_nothing_sent_in_clear_behind_starttls_is_listened_to(directory, monkeypatch):
    monkeypatch.setattr(connection, "HANDSHAKE", 1000.0)  # it is not that which ends it
    async with connected(directory.ports["starttls"]) as client:
        assert (await client.ask(extended(1, START_TLS) + bind(2))).code == 0
        assert await client.told() is None


async def test_no_password_is_taken_in_clear_where_tls_is_asked_for(directory):
    async with connected(directory.ports["starttls"]) as client:
        assert (await client.ask(bind())).code == 13
        assert (await client.ask(search())).code == 13


async def test_half_a_handshake_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "HANDSHAKE", 0.5)
    async with running(tmp_path) as directory, connected(directory.ports["ldaps"]) as client:
        await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert await client.told() is None


@pytest.mark.parametrize("listener", ["ldaps", "starttls"])
async def test_half_a_handshake_keeps_nobody_from_hearing_that_the_directory_stops(tmp_path, listener):
    async with AsyncExitStack() as clients:
        async with running(tmp_path) as directory:
            half = await clients.enter_async_context(connected(directory.ports[listener]))
            if listener == "starttls":
                assert (await half.ask(extended(1, START_TLS))).code == 0
            await half.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            whole = await clients.enter_async_context(connected(directory.ports["plain"]))
            assert (await whole.ask(bind())).code == 0
        told = await whole.told()
        assert told is not None
        assert (told.number, told.code) == (0, 52)
        assert await whole.told() is None
        assert await half.told() is None


async def test_what_is_no_tls_is_hung_up_on(directory):
    async with connected(directory.ports["ldaps"]) as client:
        await client.send(bind())
        async with asyncio.timeout(SOON):
            while await client.reader.read(100):
                pass
    assert await is_served(directory)


async def test_only_tls_of_today_is_spoken(directory):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", directory.ports["ldaps"], ssl=old)


async def test_a_client_that_does_not_read_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "UNREAD", 0.5)
    async with running(tmp_path, people=400) as directory:
        async with connected(directory.ports["plain"]) as client:
            await client.ask(bind())
            flood = b"".join(search(number, Present("cn")) for number in range(2, 400))
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(floods(client, flood), SOON)
        assert await is_served(directory)


async def test_who_has_too_many_connections_gets_no_more(tmp_path):
    async with running(tmp_path, connections=3) as directory:
        port = directory.ports["plain"]
        async with connected(port) as first, connected(port), connected(port), connected(port) as fourth:
            assert await fourth.told() is None
            assert (await first.ask(bind())).code == 0
            await first.send(UNBIND)
            assert await first.told() is None
            assert await is_served(directory)


async def test_what_says_nothing_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "FIRST", 0.5)
    async with running(tmp_path) as directory, connected(directory.ports["plain"]) as client:
        assert await client.told() is None


async def test_guesses_are_answered_slower_and_the_right_password_still(directory, monkeypatch, tmp_path):
    monkeypatch.setattr(slowing, "FIRST", 0.2)
    loop = asyncio.get_running_loop()
    async with running(tmp_path) as other, connected(other.ports["plain"]) as client:
        for guess in range(4):
            assert (await client.ask(bind(password=f"guess {guess}"))).code == 49
        began = loop.time()
        neighbour = asyncio.create_task(is_served(other), name="neighbour")
        assert (await client.ask(bind())).code == 0
        assert loop.time() - began >= 0.3
        assert await neighbour


async def test_a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(certificates, "LOOK_EVERY", 0.0)
    async with running(tmp_path) as directory:
        port = directory.ports["ldaps"]
        before = await shown(port)
        issue(tmp_path, trustme.CA())
        after = await shown(port)
        assert after != before
        (tmp_path / "own.key").write_text("no key")
        with caplog.at_level(logging.WARNING):
            assert await shown(port) == after
            assert await shown(port) == after
        assert len([one for one in caplog.records if one.name == "gateway.net.certificates"]) == 1


async def test_the_log_names_addresses_and_never_people_or_filters(directory, caplog):
    with caplog.at_level(logging.DEBUG):
        async with connected(directory.ports["plain"]) as client:
            await client.ask(bind(name="anna@example.com"))
            await client.send(search(2, Present("secretAttribute")))
            await client.answers()
            await client.ask(bind(name="anna@example.com", password="hush"))
            await client.ask(b"\x31hush")
    assert not any(word in caplog.text for word in ("anna@", "secretAttribute", "hush"))


async def test_without_file_handles_the_directory_waits_and_goes_on(directory, monkeypatch, caplog):
    monkeypatch.setattr(line, "PAUSE", 0.1)
    really, left = socket.socket.accept, [OSError(errno.EMFILE, "Too many open files")]

    def accept(listening: socket.socket) -> tuple[socket.socket, object]:
        if left:
            raise left.pop()
        return really(listening)

    monkeypatch.setattr(socket.socket, "accept", accept)
    assert await is_served(directory)
    assert "no room for another connection" in caplog.text


async def test_hundreds_of_idle_connections_do_not_keep_others_out(directory):
    sockets = [socket.create_connection(("127.0.0.1", directory.ports["plain"])) for _ in range(300)]
    try:
        assert await asyncio.wait_for(is_served(directory), SOON)
    finally:
        for one in sockets:
            one.close()


async def floods(client: Client, flood: bytes) -> None:
    """Ask and ask, and never read."""
    while True:
        await client.send(flood)


async def shown(port: int) -> bytes:
    """Return the certificate that is shown to a client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert (await Client(reader, writer).ask(bind())).code == 0
    writer.close()
    await writer.wait_closed()
    return found
