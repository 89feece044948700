"""Each fault of an Exchange server, or of the way to it, in our words; never half an answer for a whole one."""

import gzip
from dataclasses import replace

import pytest

from gateway.errors import GiveUp, Refused, RetryLater, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.net.trust import trust
from gateway.sources.ews.connection.client import opened
from gateway.sources.ews.connection.protocol import Deadlines
from gateway.sources.ews.connection.refusals import StaleState
from gateway.sources.ews.requests import calendar_of
from gateway.sources.ews.settings import EwsSettings
from peers import ports
from tests.contract.exchange_asked import ANNA, IDLE, SERVICE, STATE, answering, unchanged
from tests.fakes.exchange import faults
from tests.fakes.exchange.http import Reply

BRIEF = Deadlines(connect=5.0, read=2.0, whole=6.0)  # for who does not answer
XML = {"Content-Type": "text/xml; charset=utf-8"}
assert isinstance(IDLE.body, bytes)
ENTITY = IDLE.body.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "cccc">]>', 1)
HTML = {"Content-Type": "text/html"}


def says(reply: Reply) -> faults.Fault:
    async def answer(*_: object) -> Reply:
        return reply

    return answer


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (faults.half, Unreachable, "broke the connection off"),
        (faults.half_in_chunks, Unreachable, "broke the connection off"),
        (faults.garbled, RetryLater, "not whole"),
        (says(Reply(200, XML, b"")), RetryLater, "not whole"),
        (says(Reply(200, XML, ENTITY)), RetryLater, "not whole"),
        (says(Reply(200, {"Content-Type": "Text/XML"}, IDLE.body[:900])), RetryLater, "not whole"),
        (says(Reply(200, XML, b"<a/>")), RetryLater, "MalformedResponseError"),
        (says(Reply(200, {**XML, "Content-Encoding": "gzip"}, b"not gzip")), RetryLater, "cannot be decoded"),
        (says(Reply(200, {**XML, "Content-Encoding": "gzip"}, gzip.compress(IDLE.body)[:90])), RetryLater, "not whole"),
        (says(Reply(200, XML, bytes(60 << 20))), GiveUp, "50 MiB"),  # compressed, it is 60 kB
        (faults.login_page(), GiveUp, "text/html instead of XML"),
        (faults.moved("/owa/"), GiveUp, "redirects to another place"),
        (faults.moved("https://elsewhere.example/EWS/Exchange.asmx"), GiveUp, "redirects to another place"),
        (faults.moved("/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"), RetryLater, "not able to answer"),
        (says(Reply(403)), Refused, "forbids"),
        (says(Reply(404, HTML, b"<p>")), GiveUp, "no Exchange Web Services there"),
        (says(Reply(405)), GiveUp, "no Exchange Web Services there"),
        (says(Reply(502, HTML, b"<p>")), RetryLater, "not able to answer now"),
        (faults.broken(), RetryLater, "not able to answer now"),
        (faults.down(), RetryLater, "not able to answer now"),
        (faults.down(9), Throttled, "asks the account to rest"),
        (faults.too_many(7), Throttled, "asks the account to rest"),
        (faults.busy(None), Throttled, "asks the account to rest"),
        (faults.error("ErrorServerBusy"), Throttled, "asks the account to rest"),
        (faults.error("ErrorExceededConnectionCount"), Throttled, "so many requests at once"),
        (faults.error("ErrorInvalidSyncStateData"), StaleState, "sync state"),
        (faults.error("ErrorAccessDenied"), Refused, "does not let this account read"),
        (faults.error("ErrorItemNotFound"), Refused, "shows this account no calendar"),
        (faults.error("ErrorFolderNotFound"), Refused, "shows this account no calendar"),
        (faults.error("ErrorNonExistentMailbox"), Refused, "knows no mailbox"),
        (faults.error("ErrorImpersonateUserDenied"), Refused, "act as the user"),
        (faults.error("ErrorPasswordExpired"), SignInAgain, "refused user name or password"),
        (faults.error("ErrorMailboxMoveInProgress", "Secret meeting"), RetryLater, "ErrorMailboxMoveInProgress$"),
        (faults.error("ErrorThatNobodyKnows", "Secret meeting"), RetryLater, "TransportError$"),
        (faults.unauthorized("Basic"), SignInAgain, "refused user name or password"),
    ],
)
async def test_each_fault_is_said_in_our_words(fault, error, said):
    async with answering() as exchange, exchange.client() as client:
        exchange.faults.next(fault, operation="SyncFolderItems")
        with pytest.raises(error, match=said) as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        told = f"{raised.value} {raised.value.remedy} {raised.value.__cause__}"
        assert "a secret" not in told
        assert "Secret meeting" not in told
        if not isinstance(raised.value, Throttled):
            assert await client.ask(exchange.at, ANNA, unchanged) == STATE


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "99999999999999"}, 86400.0),
    ],
)
async def test_a_server_that_asks_for_patience_is_given_it(headers, after):
    async with answering() as exchange, exchange.client() as client:
        exchange.faults.next(says(Reply(503, headers)), operation="SyncFolderItems")
        with pytest.raises(Throttled) as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        assert raised.value.after == after
        with pytest.raises(Throttled) as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        assert 0 < (raised.value.after or 0) <= min(after, 3600)


async def test_a_401_by_ntlm_is_no_throttling_and_is_not_tried_again():
    async with answering("NTLM") as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        exchange.faults.always(faults.unauthorized("NTLM"), operation="SyncFolderItems")
        before = len(exchange.server.signins.attempts)
        with pytest.raises(SignInAgain):
            await client.ask(exchange.at, ANNA, unchanged)
        assert len(exchange.server.signins.attempts) <= before + 1


async def test_an_answer_that_exchangelib_trips_over_is_no_defect_of_ours():
    async with answering() as exchange, exchange.client() as client:
        exchange.faults.next(faults.error("ErrorInternalServerError", "Secret meeting"), operation="SyncFolderItems")
        with pytest.raises(RetryLater, match="cannot be read"):
            await client.ask(exchange.at, ANNA, lambda account: list(calendar_of(account).sync_items()))


@pytest.mark.parametrize("fault", [faults.login_page(), faults.broken(), faults.down(), faults.hung, faults.half])
async def test_a_server_that_fails_while_it_is_met_is_met_again(fault):
    async with (
        answering() as exchange,
        exchange.client(deadlines=BRIEF if fault is faults.hung else Deadlines()) as client,
    ):
        exchange.faults.next(fault, operation="ConvertId")
        with pytest.raises(RingplanError):
            await client.ask(exchange.at, ANNA, unchanged)
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


async def test_what_does_not_say_that_it_is_exchange_is_taken_for_a_wrong_address():
    async with answering(guess=replace(IDLE)) as exchange, exchange.client() as client:
        with pytest.raises(GiveUp, match="which Exchange it is") as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        assert "/EWS/Exchange.asmx" in raised.value.remedy


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1", "cannot be reached"), ("nowhere.invalid", "there is no host")]
)
async def test_a_server_that_is_not_there(host, said):
    at = f"http://{host}:{ports.free()}/EWS/Exchange.asmx"
    async with opened(SERVICE, EwsSettings(url=at), trust()) as client:
        with pytest.raises(Unreachable, match=said):
            await client.ask(at, ANNA, unchanged)
