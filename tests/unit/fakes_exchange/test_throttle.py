"""The budgets of the scripted Exchange."""

import asyncio

import pytest

from tests.fakes.exchange.http import Reply, Request
from tests.fakes.exchange.throttle import OverBudget, Throttle, charged


def by(user: str, impersonated: str = "") -> Request:
    sid = f"<t:ConnectingSID><t:SmtpAddress>{impersonated}</t:SmtpAddress></t:ConnectingSID>" if impersonated else ""
    return Request("POST", "/EWS/Exchange.asmx", {}, f"<s:Envelope>{sid}</s:Envelope>".encode(), user)


async def sound(_: Request) -> Reply:
    return Reply()


async def test_one_request_too_many_at_once_is_refused_and_only_that():
    throttle, go = Throttle(concurrency=2), asyncio.Event()

    async def slow(_: Request) -> Reply:
        await go.wait()
        return Reply()

    ask = throttle.around(slow)
    working = asyncio.gather(ask(by("svc")), ask(by("svc")), ask(by("anna")))
    await asyncio.sleep(0)
    refused = await ask(by("svc"))
    go.set()
    assert refused.status == 500
    assert isinstance(refused.body, bytes)
    assert b"ErrorExceededConnectionCount" in refused.body
    assert b'<t:Value Name="MaxConcurrencyLimit">2</t:Value>' in refused.body
    assert [reply.status for reply in await working] == [200, 200, 200]
    assert (await ask(by("svc"))).status == 200
    assert throttle.most == {"svc": 2, "anna": 1}


def test_streams_have_a_budget_of_their_own_and_that_of_who_is_impersonated():
    throttle = Throttle(concurrency=0, streams=1)
    with throttle.stream(by("svc")):
        with throttle.stream(by("svc", "Anna@example.test")):
            pass
        with pytest.raises(OverBudget), throttle.stream(by("svc")):
            raise AssertionError
    with throttle.stream(by("svc")):
        pass
    assert charged(by("svc", "Anna@example.test")) == "svc as anna@example.test"


async def test_an_account_that_has_to_rest_is_told_for_how_long_and_counted_if_it_does_not():
    throttle = Throttle()
    ask = throttle.around(sound)
    throttle.rest("svc", 60)
    first = await ask(by("svc"))
    assert first.status == 500
    assert isinstance(first.body, bytes)
    left = int(first.body.partition(b'"BackOffMilliseconds">')[2].partition(b"<")[0])
    assert 50_000 < left <= 60_000
    assert throttle.impatient == 0
    assert (await ask(by("anna"))).status == 200
    assert (await ask(by("svc"))).status == 500
    assert throttle.impatient == 1
    throttle.rest("svc", 0)
    assert (await ask(by("svc"))).status == 200
