"""What Autodiscover asks and answers, in its three forms: requests to send, and answers read into values. Pure.

SOAP: MS-OXWSADISC, "GetUserSettings operation (SOAP)", "ErrorCode (SOAP)". POX (plain old XML): MS-OXDSCLI sections
2.2.3 and 2.2.4, "POX Autodiscover response for Exchange", "ErrorCode (POX)". JSON (version 2): what Exchange 2016 and
later answer at autodiscover.json; the older path with the address in it is the one that other servers know
(gromox 3.10), with `@` as it is. Answers are hostile until read: no document types, no entities, and of what they say
only web addresses of the plainest shape are passed on.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit, urlunsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

S, A = "{http://schemas.xmlsoap.org/soap/envelope/}", "{http://schemas.microsoft.com/exchange/2010/Autodiscover}"
P = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
L = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"

Form = Literal["svc", "xml", "json"]  # how the paths of SOAP, POX and JSON end
PATHS: dict[Form, str] = {form: f"/autodiscover/autodiscover.{form}" for form in ("svc", "xml", "json")}

MOST_USERS = 100  # of one GetUserSettings
MOST_URLS = 6  # that are tried of one answer
LONGEST = 1000  # characters of a web address
MOST_MARKS = 10_000  # tags and attributes of an answer: of one hundred users it has less than half of that
NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
LITERAL = re.compile(r"\[[0-9a-f:.]+\]")  # an address of IPv6
CODE = re.compile(r"[A-Za-z0-9]{1,40}")
ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,255}")  # printable ASCII, no space, one @

# Exchange Online (Microsoft: "Office 365 URLs and IP address ranges", also of its national clouds).
CLOUD = (
    "outlook.com", "office.com", "office365.com", "onmicrosoft.com", "office365.us", "onmicrosoft.us", "outlook.cn",
    "onmschina.cn", "office.de", "onmicrosoft.de",
)  # fmt: skip
NOBODY = frozenset({"InvalidUser", "500", "501", "602", "UserNotFound"})  # the address is not known there
PASSING = frozenset({"ServerBusy", "InternalServerError", "503", "603"})  # time heals it


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a mailbox is read: `url` of Exchange Web Services.

    `group`: GroupingInformation, which mailboxes of one stream share ("" unknown). `address`: the mailbox's primary
    address where the server told one that differs ("" none).
    """

    url: str
    group: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """`urls` of Exchange Web Services, those for the outside first; `group` and `address` as in `Endpoint`."""

    urls: tuple[str, ...]
    group: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Ask at `url` instead; "" where what was named cannot be asked."""

    url: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """Ask for `address` instead, from the beginning; "" where what was named is no address."""

    address: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The server understood and has no settings; `code` is its word for why, "?" where it is not a plain word."""

    code: str


Told = Settings | Elsewhere | Renamed | Failed


class Unreadable(ValueError):
    """The body is not an answer of Autodiscover."""


def web(url: str) -> str | None:
    """Return `url` with its host in lower case, None if it is not plain: https, an ASCII host, no credentials."""
    url = url.strip()
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(c in url for c in ' \\"<>'):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.lower().rpartition(":")[0] if port is not None else parts.netloc.lower().removesuffix(":")
    if parts.scheme != "https" or not (NAME.fullmatch(host) or LITERAL.fullmatch(host)) or parts.fragment:
        return None
    at = f"https://{host}" if port is None else f"https://{host}:{port}"
    return f"{at}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def led(at: str, location: str) -> str | None:
    """Return where `Location` in an answer of `at` leads, None if not to a plain https url."""
    try:
        return web(urljoin(at, location))
    except ValueError:
        return None


def site(url: str) -> str:
    """Return host and port of a url as `web` returns it: what stands between its scheme and its path."""
    return url.partition("://")[2].partition("/")[0]


def is_cloud(host: str) -> bool:
    """Return whether a host or a domain is Microsoft's own: Exchange Online, where no password of ours is valid."""
    return any(host == one or host.endswith(f".{one}") for one in CLOUD)


def like(form: Form, url: str) -> str:
    """Return `url` with the ending of `form`: SOAP and POX stand beside each other, and a redirect may name either."""
    parts = urlsplit(url)
    stem, _, ending = parts.path.rpartition(".")
    if form == "json" or ending.lower() not in ("svc", "xml"):
        return url
    return urlunsplit(parts._replace(path=f"{stem}.{form}"))


def body(form: Form, address: str, at: str) -> bytes:
    """Return what is sent to `at` to ask for `address`; nothing is sent for JSON, whose path has it all."""
    if form == "json":
        return b""
    return soap((address,), at) if form == "svc" else pox(address)


def read(form: Form, answer: bytes) -> Told:
    """Return what the answer to one address says. Raises `Unreadable`."""
    if form == "json":
        return read_json(answer)
    return read_soap(answer)[0] if form == "svc" else read_pox(answer)


def soap(addresses: Sequence[str], at: str, *, groups: bool = False) -> bytes:
    """Return a GetUserSettings for at most 100 `addresses`, to be sent to `at`: where they are, or their `groups`.

    Groups are of Exchange 2013 and later; an older server refuses the whole request, so they are asked for alone.
    """
    version = "Exchange2013" if groups else "Exchange2010"
    names = ("GroupingInformation",) if groups else ("ExternalEwsUrl", "InternalEwsUrl", "AutoDiscoverSMTPAddress")
    users = "".join(f"<a:User><a:Mailbox>{escape(address)}</a:Mailbox></a:User>" for address in addresses)
    settings = "".join(f"<a:Setting>{name}</a:Setting>" for name in names)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{S[1:-1]}" xmlns:a="{A[1:-1]}" xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        f"<soap:Header><a:RequestedServerVersion>{version}</a:RequestedServerVersion>"
        f"<wsa:Action>{A[1:-1]}/Autodiscover/GetUserSettings</wsa:Action><wsa:To>{escape(at)}</wsa:To></soap:Header>"
        f"<soap:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users>{users}</a:Users>"
        f"<a:RequestedSettings>{settings}</a:RequestedSettings>"
        "</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>"
    ).encode()


def pox(address: str) -> bytes:
    """Return a request for the settings that Outlook asks for."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
        f"<Request><EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{L[1:-1]}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def json_paths(address: str) -> tuple[str, str]:
    """Return the paths of the JSON form, the newer first."""
    return (
        f"{PATHS['json']}?Email={quote(address, safe='')}&Protocol=EWS",
        f"{PATHS['json']}/v1.0/{quote(address, safe='@')}?Protocol=EWS",
    )


def read_soap(body: bytes) -> tuple[Told, ...]:
    """Return what a GetUserSettingsResponse says of each user, in the order of the request.

    One `Failed` where the request as a whole was refused. Raises `Unreadable`.
    """
    root = _parsed(body)
    response = root.find(f"{S}Body/{A}GetUserSettingsResponseMessage/{A}Response")
    if root.tag != f"{S}Envelope" or response is None:
        raise Unreadable("not a GetUserSettingsResponse")
    code = _text(response, f"{A}ErrorCode")
    if code not in ("", "NoError"):
        return (_failed(code),)
    users = tuple(_user(user) for user in response.iterfind(f"{A}UserResponses/{A}UserResponse"))
    if not users:
        raise Unreadable("no user in the answer")
    return users


def _user(user: Element) -> Told:
    code = _text(user, f"{A}ErrorCode")
    target = _text(user, f"{A}RedirectTarget")
    if code == "RedirectUrl":
        return Elsewhere(web(target) or "")
    if code == "RedirectAddress":
        return Renamed(_address(target))
    if code not in ("", "NoError"):
        return _failed(code)
    found = {
        _text(setting, f"{A}Name"): _text(setting, f"{A}Value")
        for setting in user.iterfind(f"{A}UserSettings/{A}UserSetting")
    }
    urls = (found.get("ExternalEwsUrl", ""), found.get("InternalEwsUrl", ""))
    return _settings(urls, found.get("GroupingInformation", ""), found.get("AutoDiscoverSMTPAddress", ""))


def read_pox(body: bytes) -> Told:
    """Return what an Autodiscover response of the outlook schema says. Raises `Unreadable`."""
    root = _parsed(body)
    if root.tag != f"{P}Autodiscover":
        raise Unreadable("not an Autodiscover response")
    for space in (P, L):
        if (error := root.find(f"{space}Response/{space}Error")) is not None:
            return _failed(_text(error, f"{space}ErrorCode"))
    response = root.find(f"{L}Response")
    account = response.find(f"{L}Account") if response is not None else None
    if response is None or account is None:
        raise Unreadable("no account in the answer")
    match _text(account, f"{L}Action").lower():
        case "redirecturl":
            return Elsewhere(web(_text(account, f"{L}RedirectUrl")) or "")
        case "redirectaddr":
            return Renamed(_address(_text(account, f"{L}RedirectAddr")))
    group = next((_text(p, f"{L}GroupingInformation") for p in _protocols(account, "EXPR")), "")
    return _settings(_pox_urls(account), group, _text(response, f"{L}User/{L}AutoDiscoverSMTPAddress"))


def _pox_urls(account: Element) -> Iterator[str]:
    """Yield the urls of a POX answer: EXPR and External are for the outside, EXCH and Internal for the inside."""
    webs = list(_protocols(account, "WEB"))
    for kind, side in (("EXPR", "External"), ("EXHTTP", ""), ("EXCH", "Internal")):
        protocols = list(_protocols(account, kind))
        protocols += [p for found in webs for p in found.iterfind(f"{L}{side}/{L}Protocol")] if side else []
        for protocol in protocols:
            yield from (_text(protocol, f"{L}EwsUrl"), _text(protocol, f"{L}ASUrl"))


def _protocols(account: Element, kind: str) -> Iterator[Element]:
    return (p for p in account.iterfind(f"{L}Protocol") if _text(p, f"{L}Type").upper() == kind)


def read_json(body: bytes) -> Told:
    """Return what a JSON answer says: `{"Protocol": "EWS", "Url": …}` or an ErrorCode. Raises `Unreadable`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("not an answer of Autodiscover")
    url, code = found.get("Url"), found.get("ErrorCode")
    if isinstance(url, str) and url and str(found.get("Protocol", "EWS")).upper() == "EWS":
        return _settings((url,), "", "")
    if isinstance(code, str):
        return _failed(code)
    raise Unreadable("neither Url nor ErrorCode in the answer")


def _settings(urls: Iterable[str], group: str, address: str) -> Settings:
    plain = dict.fromkeys(at for url in urls if (at := web(url)) and "?" not in at)
    return Settings(tuple(plain)[:MOST_URLS], group[:LONGEST] if group.isprintable() else "", _address(address))


def _failed(code: str) -> Failed:
    return Failed(code if CODE.fullmatch(code) else "?")


def _address(text: str) -> str:
    return text if ADDRESS.fullmatch(text) else ""


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _parsed(body: bytes) -> Element:
    if body.count(b"<") + body.count(b"=") > MOST_MARKS:
        raise Unreadable("too many elements")
    parser = DefusedXMLParser(forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, UnicodeError, LookupError, ValueError) as error:
        raise Unreadable("not XML") from error
    return root
