"""The API does what its description says, whatever programs send: schemathesis, with a fixed seed.

The portal runs in a loop of its own, since what is tested here is not awaited.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.signin import Scope as TokenScope
from gateway.engine.clock import WallClock
from gateway.store import organisation, signins, tokens, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web.api import api
from gateway.web.texts import Texts
from tests.unit.web.visiting import PLACE, House, house_of, portal_of

T = TypeVar("T")

HOST = PLACE.partition("//")[2]
EXAMPLES = settings().max_examples // 2  # of each operation: 20, and 250 in soak
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


class Elsewhere:
    """An application that is run in another loop, once `put` has said which; answers come whole."""

    def put(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answering = asyncio.run_coroutine_threadsafe(self._answered(scope, body), self._loop)
        for message in await asyncio.wrap_future(answering):
            await send(message)

    async def _answered(self, scope: Scope, body: bytes) -> list[Message]:
        answers: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        await self._app(scope, receive, send)
        return answers


@dataclass(frozen=True)
class Served:
    house: House
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def token(self) -> str:
        """Make a token of an administrator: who has a telephone, until an operation on users has taken that away."""
        async with self.house.portal.store.write() as rows:
            now = self.house.portal.clock.now()
            ada = await signins.get(rows, self.house.ada.id)
            user = await users.get(rows, ada.user) if ada is not None and ada.user is not None else None
            is_whole = ada == self.house.ada and user is not None and user.enabled
            owner = self.house.ada if is_whole else self.house.root
            _, secret = await tokens.add(rows, owner.id, "schemathesis", [*TokenScope], now, None)
        return secret.reveal()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="portal")
    thread.start()
    folder = tmp_path_factory.mktemp("api")
    ending, begun = asyncio.Event(), threading.Event()
    made: list[House] = []

    async def kept() -> None:
        async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
            made.append(await furnished(store))
            begun.set()
            await ending.wait()

    keeping = asyncio.run_coroutine_threadsafe(kept(), loop)
    while not begun.wait(0.05):
        assert not keeping.done(), keeping.exception()
    elsewhere.put(made[0].app, loop)
    yield Served(made[0], loop)
    loop.call_soon_threadsafe(ending.set)
    keeping.result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def furnished(store: Store) -> House:
    house = await house_of(portal_of(store, WallClock(), Texts()))
    async with store.write() as rows:
        await organisation.put(rows, await organisation.get(rows))
    return house


@pytest.fixture
def token(served: Served) -> str:
    return served.do(served.token())


schema = schemathesis.openapi.from_dict(api.description())
schema.app = elsewhere = Elsewhere()
schema.config.phases.coverage.enabled = False


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_does_what_it_says(case: Case[Any], token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Host": HOST}
    known = {one["name"] for one in case.operation.definition.raw.get("parameters", ()) if one["in"] == "query"}
    passed_over: list[Any] = [negative_data_rejection] if set(case.query or ()) - known else []
    case.call_and_validate(base_url=f"{PLACE}/api", headers=headers, checks=CHECKS, excluded_checks=passed_over)
