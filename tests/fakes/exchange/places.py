"""An internet without sockets: answers of Autodiscover by the url that is asked, and who was asked what.

The forms of the answers are those of `tests.fakes.exchange.autodiscover`, as short as they may be.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import RingplanError, Unreachable
from gateway.sources.ews.discovery.fetch import Answer, Request

POX = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
SOAP = "http://schemas.microsoft.com/exchange/2010/Autodiscover"

Said = Answer | RingplanError | Callable[[Request], Answer]


@dataclass(slots=True)
class Internet:
    """Says what stands under the longest beginning of the url; what nobody serves cannot be reached."""

    says: dict[str, Said] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    pause: Callable[[], Awaitable[None]] | None = None

    async def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.pause:
            await self.pause()
        fits = [url for url in self.says if request.url.startswith(url)]
        said = self.says[max(fits, key=len)] if fits else Unreachable(f"{host(request)} cannot be reached")
        if isinstance(said, RingplanError):
            raise said
        return said if isinstance(said, Answer) else said(request)

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.asked]

    @property
    def signed(self) -> list[str]:
        """The hosts that could have had the password, in order."""
        return [host(request) for request in self.asked if request.signed]


def host(request: Request) -> str:
    return request.url.split("/")[2]


def moved(to: str) -> Answer:
    return Answer(302, {"location": to})


def json(url: str) -> Answer:
    return Answer(200, {}, f'{{"Protocol":"EWS","Url":"{url}"}}'.encode())


def pox(response: str, namespace: str = OUTLOOK) -> Answer:
    return Answer(
        200,
        {},
        f'<Autodiscover xmlns="{POX}"><Response xmlns="{namespace}">{response}</Response></Autodiscover>'.encode(),
    )


def action(action: str, inside: str = "") -> Answer:
    return pox(f"<Account><AccountType>email</AccountType><Action>{action}</Action>{inside}</Account>")


def protocol(url: str, kind: str = "EXPR", inside: str = "") -> str:
    return f"<Protocol><Type>{kind}</Type><EwsUrl>{url}</EwsUrl>{inside}</Protocol>"


def pox_error(code: int) -> Answer:
    return pox(f"<Error><ErrorCode>{code}</ErrorCode><Message>no</Message></Error>", POX)


def soap(*users: str, code: str = "NoError") -> Answer:
    return Answer(
        200,
        {},
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<GetUserSettingsResponseMessage xmlns="{SOAP}"><Response><ErrorCode>{code}</ErrorCode>'
            f"<UserResponses>{''.join(users)}</UserResponses></Response></GetUserSettingsResponseMessage>"
            "</s:Body></s:Envelope>"
        ).encode(),
    )


def user(code: str = "NoError", target: str = "", **settings: str) -> str:
    told = "".join(
        f"<UserSetting><Name>{name}</Name><Value>{value}</Value></UserSetting>" for name, value in settings.items()
    )
    return (
        f"<UserResponse><ErrorCode>{code}</ErrorCode><RedirectTarget>{target}</RedirectTarget>"
        f"<UserSettings>{told}</UserSettings></UserResponse>"
    )
