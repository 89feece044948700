"""Autodiscover in its three forms, as Exchange answers it at /autodiscover/: SOAP, POX (plain old XML) and JSON.

SOAP: "GetUserSettings operation (SOAP)", "Get user settings from Exchange by using Autodiscover", "ErrorCode (SOAP)",
[MS-OXWSADISC]. POX: "POX Autodiscover response for Exchange", "GroupingInformation (POX)", "Handling Autodiscover error
messages", [MS-OXDSCLI]; codes of errors: [MS-ASCMD] 2.2.3.64. JSON is Autodiscover version 2, in Exchange since 2016,
answered to everybody; Microsoft documents no errors of it: those here were seen at Exchange Online.
Exchange 2007 has POX alone, 2010 and 2013 SOAP and POX.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from tests.fakes.exchange.http import Handler, Reply, Request, page

Form = Literal["soap", "pox", "json"]
XML = {"Content-Type": "text/xml; charset=utf-8"}
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
SETTINGS = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
ACTION = f"{SETTINGS}/Autodiscover/GetUserSettings"
ASKED = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
ANSWERED = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
KNOWN = {"ExternalEwsUrl", "InternalEwsUrl", "GroupingInformation", "AutoDiscoverSMTPAddress", "UserDisplayName"}
MOST = 100  # users in one GetUserSettings


@dataclass(frozen=True, slots=True)
class User:
    """Settings of a mailbox: EWS for the outside and, where it differs, for the inside; "" is not set."""

    external: str
    internal: str = ""
    group: str = ""
    address: str = ""

    def settings(self) -> dict[str, str]:
        found = {
            "ExternalEwsUrl": self.external,
            "InternalEwsUrl": self.internal or self.external,
            "GroupingInformation": self.group,
            "AutoDiscoverSMTPAddress": self.address,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class ToAddress:
    """Ask for this address instead: of a mailbox that has moved to another organisation."""

    address: str


@dataclass(frozen=True, slots=True)
class ToUrl:
    """Ask there instead. SOAP and POX say it in their answer, JSON by a 302."""

    url: str


Told = User | ToAddress | ToUrl


class Autodiscover:
    """A handler for the paths below /autodiscover/. `users`: by address, in lower case; may change while it runs.

    `forms`: those that there are; the others are pages that say 404.
    """

    def __init__(self, users: Mapping[str, Told], forms: tuple[Form, ...] = ("soap", "pox", "json")) -> None:
        self.users = users
        self.forms = forms

    async def __call__(self, request: Request) -> Reply:
        if "soap" in self.forms and request.place == "/autodiscover/autodiscover.svc":
            return self._by_soap(request)
        if "pox" in self.forms and request.place == "/autodiscover/autodiscover.xml":
            return self._by_pox(request)
        if "json" in self.forms and request.place.startswith("/autodiscover/autodiscover.json"):
            return self._by_json(request)
        return page(404)

    def _found(self, address: str) -> Told | None:
        return self.users.get(address.strip().lower())

    def _by_soap(self, request: Request) -> Reply:
        envelope = _parsed(request.body)
        path = f"{{{SOAP}}}Body/{{{SETTINGS}}}GetUserSettingsRequestMessage/{{{SETTINGS}}}Request"
        asked = envelope.find(path) if envelope is not None else None
        action = envelope.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}Action") if envelope is not None else None
        if envelope is None or asked is None or action != ACTION:
            return _fault("a:ActionNotSupported", "The message cannot be processed at the receiver.")
        version = envelope.findtext(f"{{{SOAP}}}Header/{{{SETTINGS}}}RequestedServerVersion", "")
        addresses = [found.text or "" for found in asked.iterfind(f".//{{{SETTINGS}}}Mailbox")]
        names = [found.text or "" for found in asked.iterfind(f".//{{{SETTINGS}}}Setting")]
        if not version.startswith("Exchange20") or not names or not 1 <= len(addresses) <= MOST:
            return _told("InvalidRequest", "")
        return _told("NoError", "".join(self._user(address, names) for address in addresses))

    def _user(self, address: str, names: list[str]) -> str:
        match self._found(address):
            case ToAddress(target):
                return _response("RedirectAddress", "Redirection address.", target)
            case ToUrl(target):
                return _response("RedirectUrl", "Redirection URL.", target)
            case User() as user:
                return _response("NoError", "No error.", "", user.settings(), names)
        return _response("InvalidUser", f"Invalid user: '{address}'")

    def _by_pox(self, request: Request) -> Reply:
        asked = _parsed(request.body)
        if asked is None or asked.tag != f"{{{ASKED}}}Autodiscover":
            return _pox_error(600, "Invalid Request")
        if asked.findtext(f"{{{ASKED}}}Request/{{{ASKED}}}AcceptableResponseSchema") != OUTLOOK:
            return _pox_error(601, "Provider is not available")
        match self._found(asked.findtext(f"{{{ASKED}}}Request/{{{ASKED}}}EMailAddress", "")):
            case ToAddress(target):
                return _pox_answer(f"<Action>redirectAddr</Action><RedirectAddr>{escape(target)}</RedirectAddr>")
            case ToUrl(target):
                return _pox_answer(f"<Action>redirectUrl</Action><RedirectUrl>{escape(target)}</RedirectUrl>")
            case User() as user:
                return _pox_answer(_account(user), user.address)
        return _pox_error(500, "The email address can't be found.")

    def _by_json(self, request: Request) -> Reply:
        query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        in_path = urlsplit(request.path).path.partition("/v1.0/")[2]
        address, protocol = unquote(in_path) or query.get("email", ""), query.get("protocol", "")
        if not address or not protocol:
            missing = "Protocol" if address else "Email"
            return _json_error(400, "MandatoryParameterMissing", f"A valid value must be provided for '{missing}'")
        if protocol.lower() not in ("ews", "autodiscoverv1"):
            return _json_error(400, "ProtocolNotSupported", f"The given protocol value '{protocol}' is not supported.")
        match self._found(address):
            case ToUrl(target):
                return Reply(302, {"Location": target})
            case User() as user:
                return _json(200, {"Protocol": protocol, "Url": user.external})
        return _json_error(404, "UserNotFound", "The given user is not found.")


def elsewhere(url: str) -> Handler:
    """Return a handler that sends everybody to `url`: what listens at http://autodiscover.<domain>/ does."""

    async def answer(_: Request) -> Reply:
        return Reply(302, {"Location": url})

    return answer


def _parsed(body: bytes) -> Element | None:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except ParseError:
        return None
    return root


def _told(code: str, users: str) -> Reply:
    """A GetUserSettingsResponse."""
    return _enveloped(
        200,
        f'<GetUserSettingsResponseMessage xmlns="{SETTINGS}"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f"<ErrorCode>{code}</ErrorCode><ErrorMessage/><UserResponses>{users}</UserResponses>"
        "</Response></GetUserSettingsResponseMessage>",
    )


def _response(code: str, said: str, target: str = "", found: Mapping[str, str] = {}, names: Sequence[str] = ()) -> str:
    """A UserResponse: of the settings that were asked for those that there are, and what is wrong with the others."""
    values = "".join(
        f'<UserSetting i:type="StringSetting"><Name>{name}</Name><Value>{escape(found[name])}</Value></UserSetting>'
        for name in names
        if name in found
    )
    errors = "".join(
        f"<UserSettingError><ErrorCode>{'SettingIsNotAvailable' if name in KNOWN else 'InvalidSetting'}</ErrorCode>"
        f"<ErrorMessage/><SettingName>{escape(name)}</SettingName></UserSettingError>"
        for name in names
        if name not in found
    )
    redirect = f"<RedirectTarget>{escape(target)}</RedirectTarget>" if target else '<RedirectTarget i:nil="true"/>'
    return (
        f"<UserResponse><ErrorCode>{code}</ErrorCode><ErrorMessage>{escape(said)}</ErrorMessage>{redirect}"
        f"<UserSettingErrors>{errors}</UserSettingErrors><UserSettings>{values}</UserSettings></UserResponse>"
    )


def _fault(code: str, said: str) -> Reply:
    inside = f'<faultcode xmlns:a="{ADDRESSING}/fault">{code}</faultcode><faultstring>{said}</faultstring>'
    return _enveloped(500, f"<s:Fault>{inside}</s:Fault>")


def _enveloped(status: int, body: str) -> Reply:
    version = "".join(
        f"<h:{name}>{value}</h:{name}>"
        for name, value in (
            ("MajorVersion", 15),
            ("MinorVersion", 1),
            ("MajorBuildNumber", 2507),
            ("Version", "Exchange2016"),
        )
    )
    return Reply(
        status,
        XML,
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{ACTION}Response</a:Action>'
        f'<h:ServerVersionInfo xmlns:h="{SETTINGS}">{version}</h:ServerVersionInfo></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>".encode(),
    )


def _account(user: User) -> str:
    """What Outlook gets: EXCH for the inside, EXPR for the outside, which alone has the GroupingInformation."""
    inside = escape(user.internal or user.external)
    group = f"<GroupingInformation>{escape(user.group)}</GroupingInformation>" if user.group else ""
    return (
        "<AccountType>email</AccountType><Action>settings</Action>"
        f"<Protocol><Type>EXCH</Type><Server>mail</Server><ASUrl>{inside}</ASUrl><EwsUrl>{inside}</EwsUrl></Protocol>"
        f"<Protocol><Type>EXPR</Type><Server>mail</Server><SSL>On</SSL><ASUrl>{escape(user.external)}</ASUrl>"
        f"<EwsUrl>{escape(user.external)}</EwsUrl>{group}</Protocol>"
    )


def _pox_answer(account: str, address: str = "") -> Reply:
    primary = f"<AutoDiscoverSMTPAddress>{escape(address)}</AutoDiscoverSMTPAddress>" if address else ""
    return _pox(f'<Response xmlns="{OUTLOOK}"><User>{primary}</User><Account>{account}</Account></Response>')


def _pox_error(code: int, said: str) -> Reply:
    inside = f"<ErrorCode>{code}</ErrorCode><Message>{said}</Message><DebugData/>"
    return _pox(f'<Response><Error Time="12:00:00.0000000" Id="1054084152">{inside}</Error></Response>')


def _pox(response: str) -> Reply:
    whole = f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{ANSWERED}">{response}</Autodiscover>'
    return Reply(200, XML, whole.encode())


def _json_error(status: int, code: str, said: str) -> Reply:
    return _json(status, {"ErrorCode": code, "ErrorMessage": said})


def _json(status: int, said: Mapping[str, str]) -> Reply:
    return Reply(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(said).encode())
