"""The scripted Exchange as a web server, asked by clients that were not written here: requests with requests_ntlm."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import trustme
from requests_ntlm import HttpNtlmAuth

from tests.fakes.exchange.http import Reply, Request, Server, page
from tests.fakes.exchange.signin import Attempt

PEOPLE = {"EXAMPLE\\anna": "secret", "bo@example.test": "word"}
EWS = "/EWS/Exchange.asmx"
LONG = b"long" * 2000


@dataclass(frozen=True)
class Trust:
    """Of this test: what the server shows, and what clients trust."""

    server: ssl.SSLContext
    shown: bytes
    ca: Path


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    ca = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    return Trust(context, ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode()), ca)


@pytest.fixture
def session(trust: Trust) -> Iterator[requests.Session]:
    with requests.Session() as one:
        one.trust_env = False
        one.verify = str(trust.ca)
        yield one


async def answer(request: Request) -> Reply:
    """Say who asks, or what the path is made for."""
    if request.place != EWS.lower():
        return page(404)
    if request.body == b"long":
        return Reply(body=LONG)
    if request.body == b"stream":
        return Reply(body=pieces())
    return Reply(headers={"Content-Type": "text/plain"}, body=request.user.encode())


async def pieces() -> AsyncIterator[bytes]:
    for piece in (b"one", b"two", b"three"):
        yield piece


async def said(ask: Callable[[], requests.Response]) -> tuple[int, bytes]:
    response = await asyncio.to_thread(ask)
    return response.status_code, response.content


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0)


async def test_basic_is_asked_for_and_counts_for_one_request(session):
    async with Server(answer, PEOPLE, schemes=("Basic",)).up() as server:
        where = server.url + EWS
        refused = await asyncio.to_thread(session.post, where, data=b"x")
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="localhost"')
        assert await said(lambda: session.post(where, auth=("example\\ANNA", "secret"))) == (200, b"EXAMPLE\\anna")
        assert (await said(lambda: session.post(where)))[0] == 401
        assert (await said(lambda: session.post(where, auth=("bo@example.test", "secret"))))[0] == 401
        assert server.signins.attempts == [Attempt("example\\ANNA", True), Attempt("bo@example.test", False)]
        assert [(seen.user, seen.status, seen.connection) for seen in server.requests] == [
            ("", 401, 1),
            ("EXAMPLE\\anna", 200, 1),
            ("", 401, 1),
            ("", 401, 1),
        ]


async def test_ntlm_takes_three_requests_on_one_connection_which_then_stays_signed_in(session):
    async with Server(answer, PEOPLE).up() as server:
        session.auth = HttpNtlmAuth("EXAMPLE\\anna", "secret")
        for _ in range(2):
            assert await said(lambda: session.post(server.url + EWS)) == (200, b"EXAMPLE\\anna")
        assert [seen.status for seen in server.requests] == [401, 401, 200, 200]
        assert {seen.connection for seen in server.requests} == {1}
        assert server.busiest == {"EXAMPLE\\anna": 1}
        server.drop()
        await until(lambda: not server.open)
        assert await said(lambda: session.post(server.url + EWS)) == (200, b"EXAMPLE\\anna")
        assert [seen.status for seen in server.requests[4:]] == [401, 401, 200]


async def test_ntlm_takes_an_address_for_a_login(session):
    async with Server(answer, PEOPLE, schemes=("Negotiate",)).up() as server:
        session.auth = HttpNtlmAuth("Bo@example.test", "word")
        assert await said(lambda: session.post(server.url + EWS)) == (200, b"bo@example.test")


async def test_a_wrong_password_is_refused_once_and_counted(session):
    async with Server(answer, PEOPLE).up() as server:
        session.auth = HttpNtlmAuth("EXAMPLE\\anna", "guess")
        assert (await said(lambda: session.post(server.url + EWS)))[0] == 401
        assert server.signins.attempts == [Attempt("EXAMPLE\\anna", False)]


async def test_over_tls_ntlm_may_have_to_be_bound_to_the_certificate(session, trust):
    async with Server(answer, PEOPLE, trust.server).up() as server:
        server.signins.bind(trust.shown)
        session.auth = HttpNtlmAuth("bo@example.test", "word", send_cbt=False)
        assert (await said(lambda: session.post(server.url + EWS)))[0] == 401
        session.auth = HttpNtlmAuth("bo@example.test", "word")
        assert await said(lambda: session.post(server.url + EWS)) == (200, b"bo@example.test")


async def test_long_answers_are_compressed_for_who_takes_that_and_streams_are_chunked(session):
    async with Server(answer, {}, schemes=()).up() as server:
        packed = await asyncio.to_thread(session.post, server.url + EWS, data=b"long")
        assert (packed.headers["Content-Encoding"], packed.headers["Transfer-Encoding"]) == ("gzip", "chunked")
        assert packed.content == LONG
        session.headers["Accept-Encoding"] = "identity"
        plain = await asyncio.to_thread(session.post, server.url + EWS, data=b"long")
        assert (plain.headers["Content-Length"], plain.content) == (str(len(LONG)), LONG)
        streamed = await asyncio.to_thread(session.post, server.url + EWS, data=b"stream")
        assert (streamed.headers["Transfer-Encoding"], streamed.content) == ("chunked", b"onetwothree")


async def test_paths_that_lead_nowhere_show_a_page_and_heads_have_no_body(session):
    async with Server(answer, PEOPLE).up() as server:
        lost = await asyncio.to_thread(session.post, server.url + "/owa/")
        assert (lost.status_code, lost.headers["Content-Type"]) == (404, "text/html")
        assert b"404 - Not Found" in lost.content
        head = await asyncio.to_thread(session.head, server.url + EWS, auth=("bo@example.test", "word"))
        assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "15", b"")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"HEAD /owa/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\n")
        writer.close()


async def test_a_client_that_expects_to_be_told_to_go_on_is_told():
    async with Server(answer, PEOPLE).up() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /owa/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"x")
        assert (await reader.readline()).startswith(b"HTTP/1.1 404 ")
        writer.close()


async def test_requests_at_once_are_counted_by_login():
    go = asyncio.Event()

    async def slow(_: Request) -> Reply:
        await go.wait()
        return Reply()

    async with Server(slow, PEOPLE).up() as server:

        def ask() -> int:
            with requests.Session() as one:
                one.trust_env = False
                return one.post(server.url + EWS, auth=("bo@example.test", "word")).status_code

        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(asyncio.to_thread(ask)) for _ in range(3)]
            await until(lambda: server.busiest["bo@example.test"] == 3)
            go.set()
        assert [task.result() for task in asked] == [200, 200, 200]
        assert (server.busiest, server.most) == ({"bo@example.test": 3}, 3)


async def test_work_ends_when_the_client_leaves():
    ended = asyncio.Event()

    async def forever() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def stream(_: Request) -> Reply:
        return Reply(body=forever())

    async with Server(stream, {}, schemes=()).up() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert (await reader.readuntil(b"one\r\n")).endswith(b"3\r\none\r\n")
        assert (server.open, server.most) == (1, 1)
        writer.close()
        async with asyncio.timeout(30):
            await ended.wait()
        await until(lambda: not server.open)


async def test_who_agrees_upon_tls_when_the_server_has_gone_down_is_left(trust, session):
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    context = ssl.create_default_context(cafile=str(trust.ca))
    async with Server(answer, PEOPLE, trust.server).up() as server:
        late = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        assert (await said(lambda: session.get(server.url)))[0] == 404  # so the other one was let in before

    def agree() -> bytes:
        with late, context.wrap_socket(late, server_hostname="localhost") as wrapped:
            return wrapped.recv(1)

    with suppress(ConnectionResetError):
        assert await asyncio.to_thread(agree) == b""
    asyncio.get_running_loop().set_exception_handler(None)
    assert complaints == []
