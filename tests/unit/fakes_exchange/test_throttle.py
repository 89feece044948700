"""The budgets of the scripted Exchange."""

import asyncio

from tests.fakes.exchange.http import Reply, Request
from tests.fakes.exchange.throttle import Throttle


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


async def test_what_is_done_in_somebodys_name_is_charged_to_a_copy_of_their_budget():
    throttle, go = Throttle(concurrency=1), asyncio.Event()

    async def slow(_: Request) -> Reply:
        await go.wait()
        return Reply()

    ask = throttle.around(slow)
    working = asyncio.gather(ask(by("svc")), ask(by("svc", "anna@example.test")), ask(by("anna@example.test")))
    await asyncio.sleep(0)
    assert (await ask(by("svc", "Anna@example.test"))).status == 500
    go.set()
    assert [reply.status for reply in await working] == [200, 200, 200]
