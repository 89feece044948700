"""Finding an Exchange server in an internet that is a table: who is asked what, in which order, who is believed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Mailbox
from gateway.errors import RingplanError, Unreachable
from gateway.net.services import Service
from gateway.sources.ews import search
from gateway.sources.ews.autodiscover import Endpoint
from gateway.sources.ews.discovery import Discovery
from gateway.sources.ews.fetch import Answer, Request
from gateway.sources.ews.settings import EwsSettings

EWS = "https://mail.example.com/EWS/Exchange.asmx"
AUTO, BARE = "https://autodiscover.example.com", "https://example.com"
HTTP = "http://autodiscover.example.com/autodiscover/autodiscover.xml"


def mailbox(number: int = 1, address: str = "anna@example.com") -> Mailbox:
    return Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))


def json(url: str = EWS) -> Answer:
    return Answer(200, {}, f'{{"Protocol":"EWS","Url":"{url}"}}'.encode())


def pox(inner: str) -> Answer:
    return Answer(
        200,
        {},
        (
            '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response'
            ' xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
            f"{inner}</Response></Autodiscover>"
        ).encode(),
    )


def account(inner: str) -> Answer:
    return pox(f"<Account><AccountType>email</AccountType>{inner}</Account>")


def protocol(url: str = EWS) -> Answer:
    return account(f"<Action>settings</Action><Protocol><Type>EXPR</Type><EwsUrl>{url}</EwsUrl></Protocol>")


def soap(*users: str, code: str = "NoError") -> Answer:
    return Answer(
        200,
        {},
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetUserSettingsResponseMessage'
            ' xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response>'
            f"<ErrorCode>{code}</ErrorCode><UserResponses>{''.join(users)}</UserResponses>"
            "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
        ).encode(),
    )


def user(code: str = "NoError", target: str = "", **settings: str) -> str:
    told = "".join(
        f'<UserSetting xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="StringSetting">'
        f"<Name>{name}</Name><Value>{value}</Value></UserSetting>"
        for name, value in settings.items()
    )
    return (
        f"<UserResponse><ErrorCode>{code}</ErrorCode><RedirectTarget>{target}</RedirectTarget>"
        f"<UserSettings>{told}</UserSettings></UserResponse>"
    )


def moved(to: str) -> Answer:
    return Answer(302, {"location": to})


Said = Answer | RingplanError | Callable[[Request], Answer]


@dataclass(slots=True)
class Internet:
    """Answers by the beginning of the url; the longest one that fits. What nobody serves cannot be reached."""

    says: dict[str, Said] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    pause: Callable[[], Awaitable[None]] | None = None

    async def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.pause:
            await self.pause()
        fits = [url for url in self.says if request.url.startswith(url)]
        said = self.says[max(fits, key=len)] if fits else Unreachable(f"{request.url.split('/')[2]} cannot be reached")
        if isinstance(said, RingplanError):
            raise said
        return said if isinstance(said, Answer) else said(request)

    @property
    def signed(self) -> list[str]:
        """The hosts that could have had the password, in order."""
        return [request.url.split("/")[2] for request in self.asked if request.signed]


@pytest.fixture(autouse=True)
def srv(monkeypatch) -> list[Service]:
    """The SRV records of the domain: none, unless a test adds some."""
    records: list[Service] = []

    async def services(domain, name, _resolver=None):
        assert name == "autodiscover"
        return tuple(records) if domain == "example.com" else ()

    monkeypatch.setattr(search, "services", services)
    return records


def discovery(internet: Internet, **settings) -> Discovery:
    return Discovery(EwsSettings(**settings), internet.fetch, now=lambda: 0.0)


async def test_a_url_in_the_settings_needs_no_request():
    internet = Internet()
    found = discovery(internet, url="https://mail.example.com")
    assert await found.endpoint(mailbox()) == Endpoint(EWS)
    assert await found.groups([mailbox()]) == {}
    assert internet.asked == []


async def test_json_is_asked_first_and_no_password_goes_anywhere():
    internet = Internet({f"{AUTO}/autodiscover/autodiscover.json?Email=anna%40example.com": json(), EWS: Answer(401)})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)
    assert internet.signed == []


async def test_the_older_json_path_is_asked_where_the_newer_is_not_there():
    at = f"{AUTO}/autodiscover/autodiscover.json/v1.0/anna@example.com?Protocol=EWS"
    internet = Internet({AUTO: Answer(404), at: json(), EWS: Answer(401)})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


@pytest.mark.parametrize("place", [AUTO, BARE])
async def test_soap_at_either_place(place):
    told = soap(user(ExternalEwsUrl=EWS, InternalEwsUrl="https://in.example.com/EWS/Exchange.asmx"))
    internet = Internet({place: Answer(404), f"{place}/autodiscover/autodiscover.svc": told, EWS: Answer(401)})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


@pytest.mark.parametrize("place", [AUTO, BARE])
async def test_pox_at_either_place(place):
    internet = Internet({place: Answer(404), f"{place}/autodiscover/autodiscover.xml": protocol(), EWS: Answer(401)})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


async def test_nothing_anywhere():
    found = discovery(Internet())
    with pytest.raises(Unreachable, match="no Exchange server is found from") as raised:
        await found.endpoint(mailbox())
    assert "Exchange.asmx" in raised.value.remedy
    assert found.steps[0][0] == f"{AUTO}/autodiscover/autodiscover.json"
