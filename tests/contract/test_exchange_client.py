"""Asking an Exchange server: signing in, learning about it once, its own connections, and what is left behind."""

import asyncio
import gc
import logging
import threading
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from exchangelib.protocol import CachingProtocol

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Refused, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.connection.client import Shared
from gateway.sources.ews.connection.kept import Kept
from gateway.sources.ews.connection.protocol import Deadlines
from tests.contract.exchange_asked import ANNA, BO, GUESS, SERVICE, STATE, answering, unchanged
from tests.fakes.exchange import faults

POLL = 0.01
SOON = 60.0  # seconds, for what takes some milliseconds on an idle machine
BRIEF = Deadlines(connect=5.0, read=3.0, whole=3.0)


def threads() -> int:
    return sum(thread.name == "blocking" for thread in threading.enumerate())


def remembered(url: str) -> int:
    """How many connections to `url` exchangelib keeps for ever."""
    return sum(at == url for at, _ in CachingProtocol._protocol_cache)


async def until(condition) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(POLL)


@pytest.mark.parametrize("schemes", [("Basic",), ("NTLM",), ("Negotiate",), ("Negotiate", "NTLM", "Basic")])
@pytest.mark.parametrize("tls", [True, False])
async def test_it_signs_in_as_the_server_wants_and_learns_about_it_once(schemes, tls):
    async with answering(*schemes, tls=tls) as exchange, exchange.client() as client:
        for address in (ANNA, BO, ANNA):
            assert await client.ask(exchange.at, address, unchanged) == STATE
        answered = [seen.operation for seen in exchange.server.requests if seen.status == 200]
        assert answered == ["ConvertId", *["SyncFolderItems"] * 3]
        assert len(exchange.server.signins.attempts) == (4 if schemes == ("Basic",) else 1)
        assert exchange.server.open == 1


async def test_ntlm_comes_before_basic():
    async with answering("Basic", "NTLM") as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert len(exchange.server.signins.attempts) == 1


@pytest.mark.parametrize(("sign_in", "attempts"), [("ntlm", 1), ("basic", 2)])
async def test_a_way_to_sign_in_that_was_set_is_not_asked_for(sign_in, attempts):
    async with answering("NTLM", "Basic") as exchange, exchange.client(sign_in=sign_in) as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert exchange.operations[0] == "ConvertId"
        assert len(exchange.server.signins.attempts) == attempts


async def test_a_server_that_offers_no_way_that_we_know():
    async with answering("Bearer") as exchange, exchange.client() as client:
        with pytest.raises(Refused, match="neither NTLM nor Basic"):
            await client.ask(exchange.at, ANNA, unchanged)


@pytest.mark.parametrize("login", ["svc@example.test", "EXAMPLE\\svc", "svc"])
@pytest.mark.parametrize("scheme", ["Basic", "NTLM"])
async def test_logins_and_passwords_of_any_letters(login, scheme):
    account = replace(SERVICE, login=login, password=Secret("lösen¤ж"))
    async with answering(scheme, tls=True) as exchange, exchange.client(account) as client:
        exchange.people[login] = "lösen¤ж"
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


@pytest.mark.parametrize("scheme", ["Basic", "NTLM"])
async def test_a_wrong_password_is_offered_once_however_many_wait(scheme):
    async with answering(scheme) as exchange, exchange.client() as client:
        exchange.people[SERVICE.login] = "another"
        asked = [client.ask(exchange.at, f"user{number}@example.test", unchanged) for number in range(20)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(error) for error in ended} == {SignInAgain}
        remedies = [error.remedy for error in ended if isinstance(error, SignInAgain)]
        assert {"Kerberos alone" in remedy for remedy in remedies} == {scheme == "NTLM"}
        assert len(exchange.server.signins.attempts) == 1
        exchange.people[SERVICE.login] = SERVICE.password.reveal()
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


async def test_exchange_2007_is_asked_in_its_own_words_at_once():
    assert isinstance(GUESS.body, bytes)
    body = GUESS.body.replace(b'MajorVersion="15" MinorVersion="0"', b'MajorVersion="8" MinorVersion="1"')
    async with answering(guess=replace(GUESS, body=body)) as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert exchange.operations == ["", "ConvertId", "SyncFolderItems"]
        assert all('Version="Exchange2007_SP1"' in body for body in exchange.bodies)


async def test_a_newer_server_is_asked_in_the_newest_words_that_it_knows():
    async with answering() as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert 'Version="Exchange2007_SP1"' in exchange.bodies[0]
        assert 'Version="Exchange2013_SP1"' in exchange.bodies[1]


async def test_what_one_account_has_learnt_serves_all_of_the_source():
    shared = Shared()
    async with answering() as exchange:
        async with exchange.client(shared=shared) as client:
            await client.ask(exchange.at, ANNA, unchanged)
        async with exchange.client(shared=shared) as client:
            await client.ask(exchange.at, ANNA, unchanged)
        assert exchange.operations == ["", "ConvertId", "SyncFolderItems", "SyncFolderItems"]


@pytest.mark.parametrize(
    ("service", "access", "acts"),
    [(True, "impersonation", True), (True, "delegation", False), (False, "impersonation", False)],
)
async def test_only_a_service_account_acts_as_somebody_else(service, access, acts):
    account = replace(SERVICE, service=service)
    async with answering() as exchange, exchange.client(account, access=access) as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert ("ExchangeImpersonation" in exchange.bodies[-1]) is acts


async def test_an_address_that_is_none_is_said():
    async with answering() as exchange, exchange.client() as client:
        with pytest.raises(GiveUp, match="has no @"):
            await client.ask(exchange.at, "anna", unchanged)


async def test_no_more_at_once_than_is_set():
    async with answering() as exchange, exchange.client(connections=3) as client:
        asked = [client.ask(exchange.at, f"user{number}@example.test", unchanged) for number in range(30)]
        assert set(await asyncio.gather(*asked)) == {STATE}
        assert 1 < exchange.server.most <= 3
    await until(lambda: exchange.server.open == 0)


@pytest.mark.parametrize("scheme", ["Basic", "NTLM"])
async def test_a_connection_that_the_server_has_closed_meanwhile_is_no_fault(scheme):
    async with answering(scheme, tls=True) as exchange, exchange.client() as client:
        for _ in range(5):
            assert await client.ask(exchange.at, ANNA, unchanged) == STATE
            exchange.server.drop()
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE
        exchange.faults.next(faults.cut, operation="SyncFolderItems")
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


async def test_a_call_that_is_given_up_returns_at_once_and_leaves_nothing_behind():
    async with answering() as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        exchange.faults.next(faults.hung, operation="SyncFolderItems")
        call = asyncio.create_task(client.ask(exchange.at, ANNA, unchanged))
        await until(lambda: exchange.waiting == 1)
        call.cancel()
        async with asyncio.timeout(SOON):
            with pytest.raises(asyncio.CancelledError):
                await call
        await until(lambda: threads() == 0 and exchange.server.open == 0)
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


@pytest.mark.parametrize("fault", [faults.hung, faults.trickling(0.05)])
async def test_a_call_ends_in_time_and_delays_nobody(fault):
    async with answering() as exchange, exchange.client(deadlines=BRIEF) as client:
        await client.ask(exchange.at, ANNA, unchanged)
        exchange.faults.always(fault, mailbox=ANNA)
        sick = [asyncio.create_task(client.ask(exchange.at, ANNA, unchanged)) for _ in range(2)]
        await until(lambda: exchange.waiting == 2 or fault is not faults.hung)
        assert await client.ask(exchange.at, BO, unchanged) == STATE
        async with asyncio.timeout(SOON):
            for call in sick:
                with pytest.raises(Unreachable, match=r"did not answer within|does not answer"):
                    await call
        await until(lambda: threads() == 0)


async def test_while_the_account_has_to_rest_nothing_is_sent_for_any_mailbox():
    async with answering() as exchange, exchange.client() as client:
        await client.ask(exchange.at, ANNA, unchanged)
        exchange.faults.next(faults.busy(30_000), mailbox=ANNA)
        with pytest.raises(Throttled) as raised:
            await client.ask(exchange.at, ANNA, unchanged)
        assert raised.value.after == 30
        before = len(exchange.server.requests)
        for address in (ANNA, BO):
            with pytest.raises(Throttled) as raised:
                await client.ask(exchange.at, address, unchanged)
            assert 25 < (raised.value.after or 0) <= 30
        assert len(exchange.server.requests) == before


async def test_when_the_rest_is_over_it_is_asked_again():
    async with answering() as exchange, exchange.client() as client:
        exchange.faults.next(faults.busy(50), operation="SyncFolderItems")
        with pytest.raises(Throttled):
            await client.ask(exchange.at, ANNA, unchanged)
        async with asyncio.timeout(SOON):
            while True:
                try:
                    assert await client.ask(exchange.at, ANNA, unchanged) == STATE
                except Throttled as error:
                    await asyncio.sleep(error.after or 0)
                else:
                    break


async def test_thousands_of_accounts_of_their_own_keep_few_connections_and_no_threads():
    shared = Shared(kept=Kept(most=20))
    async with answering() as exchange:
        people = [Account(n, "exchange", f"user{n}@example.test", Secret("own")) for n in range(200)]
        exchange.people.update({account.login: "own" for account in people})
        async with AsyncExitStack() as stack:
            for account in people:
                client = await stack.enter_async_context(exchange.client(account, shared))
                assert await client.ask(exchange.at, account.login, unchanged) == STATE
            await until(lambda: exchange.server.open == 20)
            assert len(shared.kept) == remembered(exchange.at) == 20
            assert threads() == 0
        await until(lambda: exchange.server.open == 0)
        assert remembered(exchange.at) == 0


async def test_a_connection_that_is_not_used_is_closed():
    async with answering() as exchange, exchange.client(shared=Shared(kept=Kept(seconds=0.1))) as client:
        await client.ask(exchange.at, ANNA, unchanged)
        assert exchange.server.open == 1
        await until(lambda: exchange.server.open == 0)
        assert await client.ask(exchange.at, ANNA, unchanged) == STATE


async def test_a_stream_has_a_connection_of_its_own_and_leaving_it_ends_who_listens():
    async with answering() as exchange, exchange.client(connections=1) as client:
        async with client.stream(exchange.at, ANNA) as account:
            exchange.faults.next(faults.hung, operation="SyncFolderItems")
            listening = asyncio.create_task(client.listen(account, unchanged))
            await until(lambda: exchange.waiting == 1)
            assert await client.ask(exchange.at, BO, unchanged) == STATE
        with pytest.raises(Unreachable):
            await listening
        await until(lambda: threads() == 0 and exchange.server.open == 1)


async def test_whoever_listens_may_be_cancelled():
    async with answering() as exchange, exchange.client() as client, client.stream(exchange.at, ANNA) as account:
        exchange.faults.next(faults.hung, operation="SyncFolderItems")
        listening = asyncio.create_task(client.listen(account, unchanged))
        await until(lambda: exchange.waiting == 1)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        await until(lambda: threads() == 0)


async def test_passwords_and_contents_reach_no_log_and_no_repr(caplog):
    caplog.set_level(logging.DEBUG)
    async with answering("NTLM") as exchange, exchange.client() as client:
        shown: list[str] = []

        def work(account):
            protocol = account.protocol
            shown.extend(map(repr, (account, protocol, protocol.config, protocol.credentials, protocol.adapter)))
            return unchanged(account)

        await client.ask(exchange.at, ANNA, work)
        exchange.faults.next(faults.error("ErrorInternalServerError", "Secret meeting"), operation="SyncFolderItems")
        with pytest.raises(Exception, match="ErrorInternalServerError") as raised:
            await client.ask(exchange.at, ANNA, work)
        shown += [repr(client), str(vars(client)), repr(raised.value), str(raised.value.__cause__)]
        for text in (*shown, caplog.text):
            assert "a secret" not in text
            assert "Secret meeting" not in text
            assert "SyncState" not in text


async def test_a_defect_of_ours_is_not_taken_for_a_fault_of_the_server():
    async with answering() as exchange, exchange.client() as client:

        def broken(account):
            return account.protocol.adapter.nothing.of_the_kind

        with pytest.raises(AttributeError):
            await client.ask(exchange.at, ANNA, broken)
        with pytest.raises(RuntimeError):
            await client.ask(exchange.at, ANNA, lambda _: next(iter(())))


@pytest.mark.soak
async def test_ten_thousand_rounds_leave_nothing_behind():
    async with answering("NTLM", tls=True) as exchange, exchange.client() as client:

        def open_files() -> int:
            return len(list(Path("/proc/self/fd").iterdir()))

        async def rounds(count):
            for number in range(count):
                assert await client.ask(exchange.at, f"user{number % 500}@example.test", unchanged) == STATE
                if number % 1000 == 0:
                    exchange.server.drop()
                exchange.server.requests.clear()
                exchange.bodies.clear()
            gc.collect()
            return open_files(), threads(), remembered(exchange.at), len(gc.get_objects())

        before = await rounds(1000)
        after = await rounds(10_000)
        assert after[:3] == before[:3] == (before[0], 0, 1)
        assert after[3] < before[3] * 1.01
