"""The faults of the scripted Exchange, as requests and exchangelib meet them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
import requests
from exchangelib import BASIC, Configuration, Credentials, FailFast, Version
from exchangelib.errors import ErrorMailboxMoveInProgress, ErrorServerBusy
from exchangelib.protocol import CachingProtocol, Protocol
from exchangelib.version import EXCHANGE_2016
from requests_ntlm import HttpNtlmAuth

from tests.fakes.exchange import faults as kinds
from tests.fakes.exchange.faults import Fault, Faults
from tests.fakes.exchange.http import Reply, Request, Server

LOGIN = ("EXAMPLE\\svc", "secret")
WHOLE = b"<whole><one/><two/></whole>"
EWS = "/EWS/Exchange.asmx"


def question(operation: str, mailbox: str = "anna@example.test") -> bytes:
    inside = f"<m:{operation}><t:EmailAddress>{mailbox}</t:EmailAddress></m:{operation}>"
    return f"<s:Envelope><s:Header/><s:Body>{inside}</s:Body></s:Envelope>".encode()


async def sound(_: Request) -> Reply:
    return Reply(headers=kinds.XML, body=WHOLE)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest_asyncio.fixture
async def server(faults: Faults) -> AsyncIterator[Server]:
    async with Server(faults.around(sound), dict([LOGIN]), in_front=faults.in_front).up() as running:
        yield running


@pytest.fixture
def ask(server: Server) -> Iterator[Callable[..., object]]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = LOGIN

        async def ask(body: bytes = question("FindItem"), **more: Any) -> requests.Response:
            arguments = {"data": body, "allow_redirects": False, "timeout": 20, **more}
            return await asyncio.to_thread(session.post, server.url + EWS, **arguments)

        yield ask


@pytest.fixture
def expand(server: Server) -> Iterator[Callable[[], Awaitable[list[Any]]]]:
    """Ask by exchangelib."""
    protocol = Protocol(
        config=Configuration(
            service_endpoint=server.url + EWS,
            credentials=Credentials(*LOGIN),
            auth_type=BASIC,
            version=Version(EXCHANGE_2016),
            retry_policy=FailFast(),
        )
    )
    yield lambda: asyncio.to_thread(lambda: list(protocol.expand_dl("all@example.test")))
    protocol.close()
    CachingProtocol.clear_cache()


async def test_a_fault_strikes_what_it_is_meant_for_and_as_often(faults, ask):
    planned = faults.next(kinds.broken(), 2, operation="SyncFolderItems", mailbox="Anna@example.test")
    bo = {"X-AnchorMailbox": "bo@example.test"}
    assert (await ask(question("SyncFolderItems", "bo@example.test"), headers=bo)).status_code == 200
    assert (await ask(question("FindItem"))).status_code == 200
    assert planned.left == 2
    assert (await ask(question("SyncFolderItems"))).status_code == 500
    by_header = {"X-AnchorMailbox": "ANNA@example.test"}
    assert (await ask(question("SyncFolderItems", "other"), headers=by_header)).status_code == 500
    assert (await ask(question("SyncFolderItems"))).status_code == 200


async def test_a_fault_stays_until_it_is_removed(faults, ask):
    planned = faults.always(kinds.down())
    assert [(await ask()).status_code for _ in range(3)] == [503, 503, 503]
    faults.remove(planned)
    assert (await ask()).content == WHOLE
    faults.always(kinds.down())
    faults.clear()
    assert (await ask()).content == WHOLE


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        (kinds.unauthorized("NTLM"), 401, ("WWW-Authenticate", "NTLM")),
        (kinds.too_many(7), 429, ("Retry-After", "7")),
        (kinds.broken(), 500, ("Content-Type", "text/html")),
        (kinds.down(), 503, ("Content-Type", "text/html")),
        (kinds.down(9), 503, ("Retry-After", "9")),
        (kinds.moved("/owa/"), 302, ("Location", "/owa/")),
        (kinds.login_page(), 200, ("Content-Type", "text/html")),
    ],
)
async def test_a_fault_with_a_status_of_its_own(faults, ask, fault: Fault, status, header):
    faults.next(fault)
    response = await ask()
    assert (response.status_code, response.headers[header[0]]) == (status, header[1])


async def test_exchangelib_reads_how_long_a_busy_server_wants_rest(faults, expand):
    faults.next(kinds.busy(12_000))
    with pytest.raises(ErrorServerBusy) as refused:
        await expand()
    assert refused.value.back_off == 12
    faults.next(kinds.busy(None))
    with pytest.raises(ErrorServerBusy) as refused:
        await expand()
    assert refused.value.back_off == 10  # a guess of its own


async def test_exchangelib_reads_what_failed_inside_an_answer(faults, expand):
    faults.next(kinds.error("ErrorMailboxMoveInProgress", "Mailbox move in progress."))
    with pytest.raises(ErrorMailboxMoveInProgress, match="Mailbox move in progress"):
        await expand()
    faults.next(kinds.error("ErrorServerBusy", "Try again later.", BackOffMilliseconds="3000"))
    with pytest.raises(ErrorServerBusy):
        await expand()


@pytest.mark.parametrize("fault", [kinds.half, kinds.half_in_chunks, kinds.cut])
async def test_what_is_not_whole_ends_the_connection(faults, ask, server, fault: Fault):
    faults.next(fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        await ask()
    assert (await ask()).content == WHOLE
    assert [seen.connection for seen in server.requests] == [1, 2]


async def test_half_of_the_xml_may_have_its_true_length(faults, ask):
    faults.next(kinds.garbled)
    response = await ask()
    assert response.content == WHOLE[: len(WHOLE) // 2]
    assert response.headers["Content-Length"] == str(len(response.content))


async def test_nothing_may_ever_be_answered(faults, ask, server):
    faults.next(kinds.hung)
    with pytest.raises(requests.ReadTimeout):
        await ask(timeout=(20, 0.2))
    (seen,) = server.requests
    assert (seen.operation, seen.status) == ("FindItem", None)


async def test_an_answer_may_be_held_up(faults, ask):
    faults.next(kinds.late(0.1))
    begun = asyncio.get_running_loop().time()
    assert (await ask()).content == WHOLE
    assert asyncio.get_running_loop().time() - begun >= 0.1


async def test_a_body_may_trickle(faults, ask, server):
    faults.next(kinds.trickling(0.001))
    response = await ask(stream=True)
    assert response.headers["Content-Length"] == str(len(WHOLE))
    assert await asyncio.to_thread(lambda: response.content) == WHOLE


async def test_in_front_of_the_server_faults_strike_before_anybody_has_signed_in(faults, server):
    faults.next(kinds.down(), in_front=True)
    faults.next(kinds.broken())
    with requests.Session() as session:
        session.trust_env = False
        session.auth = HttpNtlmAuth(*LOGIN)
        assert (await asyncio.to_thread(session.post, server.url + EWS)).status_code == 503
        assert (await asyncio.to_thread(session.post, server.url + EWS)).status_code == 500
    assert [(seen.user, seen.status) for seen in server.requests] == [("", 503), ("", 401), ("", 401), (LOGIN[0], 500)]
