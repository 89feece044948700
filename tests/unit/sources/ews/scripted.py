"""An `exchangelib.Account` whose server is a list of answers: no socket is opened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests
from exchangelib import BASIC, DELEGATE, UTC, Account, Build, Configuration, Credentials, FailFast, Version
from exchangelib.protocol import Protocol
from requests.adapters import BaseAdapter

CAPTURES = Path(__file__).parents[3] / "captures" / "exchange"
URL = "https://mail.example.test/EWS/Exchange.asmx"


def capture(name: str) -> bytes:
    """Return the answer that was captured under `name`."""
    return (CAPTURES / f"{name}.response.xml").read_bytes()


@dataclass
class Answers(BaseAdapter):
    """Answers requests with `bodies`, one after the other; `asked` are the requests' bodies."""

    bodies: Sequence[bytes] = field(repr=False)
    asked: list[str] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        body = request.body
        self.asked.append(body.decode() if isinstance(body, bytes) else str(body))
        response = requests.Response()
        response.status_code = 200
        response.url = str(request.url)
        response.headers["Content-Type"] = "text/xml; charset=utf-8"
        response._content = self.bodies[len(self.asked) - 1]
        response.request = request
        return response

    def close(self) -> None:
        pass


def account(*bodies: bytes, address: str = "anna@example.test") -> tuple[Account, Answers]:
    """Return the account of `address` at a server of Exchange 2016 that answers `bodies`, and what it was asked."""
    answers = Answers(bodies)
    config = Configuration(
        service_endpoint=URL,
        credentials=Credentials("anna", "a password"),
        auth_type=BASIC,
        version=Version(build=Build(15, 1), api_version="Exchange2016"),
        retry_policy=FailFast(),
    )
    one = Account(address, config=config, access_type=DELEGATE, default_timezone=UTC)
    kind = type("Scripted", (Protocol,), {"get_adapter": staticmethod(lambda: answers)})
    one.protocol = type.__call__(kind, config=config)  # not the one that is kept for everybody
    return one, answers
