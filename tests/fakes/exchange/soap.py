"""SOAP 1.1 as Exchange Web Services speaks it: requests into `Call`, elements into answers, and how Exchange refuses.

Elements are named with the prefixes of Microsoft's own pages (`t:Subject`, `m:FindItem`), on the way in and out; an
element of any other namespace keeps its long name, which no grammar knows. Envelope and ServerVersionInfo as in capture
002; a refusal of one part of a request is a response message (capture 068), a refusal of the whole is a SOAP fault
with HTTP status 500 (Microsoft: "ResponseCode", "Handling EWS errors").
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

PREFIXES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
    "e": "http://schemas.microsoft.com/exchange/services/2006/errors",
}
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'


class Refusal(Exception):
    """One part of a request is refused; `values` become MessageXml (Microsoft: "MessageXml")."""

    def __init__(self, code: str, text: str = "Refused.", **values: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.values = code, text, values


class NotXml(Exception):
    """What came is no XML."""


class Fault(Exception):
    """The request as a whole is refused: a SOAP fault, HTTP 500."""

    def __init__(self, code: str, text: str = "Refused.", **values: str) -> None:
        super().__init__(f"{code}: {text}")
        self.refusal = Refusal(code, text, **values)


@dataclass(frozen=True)
class Call:
    """What is asked: `body` is the operation's element, `impersonated` an address, `zone` a Windows name; "" none."""

    operation: str
    body: Element
    version: str
    impersonated: str = ""
    zone: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


def element(name: str, *children: Element | str | None, **attributes: str | None) -> Element:
    """Return an element with what is not None of `children` (texts or elements) and `attributes`."""
    made = Element(name, {key: value for key, value in attributes.items() if value is not None})
    for child in children:
        if isinstance(child, str):
            made.text = (made.text or "") + child
        elif child is not None:
            made.append(child)
    return made


def every(part: Element, path: str) -> list[Element]:
    """Return what lies at a path of prefixed names; `*` is any."""
    parts = [part]
    for step in path.split("/"):
        parts = [child for one in parts for child in one if step in ("*", child.tag)]
    return parts


def find(part: Element, path: str) -> Element | None:
    return next(iter(every(part, path)), None)


def text(part: Element, path: str, default: str = "") -> str:
    found = find(part, path)
    return default if found is None else found.text or ""


def truth(value: bool) -> str:
    return "true" if value else "false"


def moment(text: str | None) -> datetime:
    """Read an xs:dateTime; without a zone it is UTC (Microsoft: "CalendarView")."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        raise invalid(f"The string '{text}' is not a valid dateTime value.") from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def invalid(violation: str) -> Fault:
    """Return what a request gets that is not as the schema says (Microsoft: "ResponseCode", ErrorSchemaValidation)."""
    return Fault("ErrorSchemaValidation", f"The request failed schema validation: {violation}", Violation=violation)


def parsed(body: bytes, headers: Mapping[str, str]) -> Call:
    """Read a request. Raises `Fault` and `NotXml`."""
    try:
        envelope = fromstring(body, forbid_dtd=True)
    except ET.ParseError as error:
        raise NotXml from error
    for part in envelope.iter():
        part.tag = _short(part.tag)
    inside = find(envelope, "s:Body")
    if envelope.tag != "s:Envelope" or inside is None or len(inside) != 1:
        raise invalid("A SOAP 1.1 envelope with one operation was expected.")
    operation = inside[0].tag
    if not operation.startswith("m:"):
        raise invalid(f"The element '{operation}' is not an operation of the messages namespace.")
    head = find(envelope, "s:Header")
    version, impersonated, zone = _head(head) if head is not None else ("", "", "")
    return Call(operation[2:], inside[0], version, impersonated, zone, headers)


def _short(tag: str) -> str:
    namespace, _, name = tag.rpartition("}")
    return next((f"{prefix}:{name}" for prefix, known in PREFIXES.items() if namespace == "{" + known), tag)


def _head(head: Element) -> tuple[str, str, str]:
    """Read version, whom to impersonate, and zone (Microsoft: pages of these headers); others say nothing here."""
    asked = find(head, "t:RequestServerVersion")
    sid = find(head, "t:ExchangeImpersonation/t:ConnectingSID")
    zone = find(head, "t:TimeZoneContext/t:TimeZoneDefinition")
    if sid is not None and (len(sid) != 1 or sid[0].tag not in SIDS):
        raise invalid("A ConnectingSID holds one of PrincipalName, SID, PrimarySmtpAddress, SmtpAddress.")
    return (
        asked.get("Version", "") if asked is not None else "",
        (sid[0].text or "") if sid is not None else "",
        zone.get("Id", "") if zone is not None else "",
    )


SIDS = ("t:PrincipalName", "t:SID", "t:PrimarySmtpAddress", "t:SmtpAddress")


def success(operation: str, *content: Element | None) -> Element:
    return element(
        f"m:{operation}ResponseMessage", element("m:ResponseCode", "NoError"), *content, ResponseClass="Success"
    )


def refused(operation: str, refusal: Refusal, *content: Element) -> Element:
    """Return the response message of a refusal: text, code, link key, and MessageXml if there is something to say."""
    return element(
        f"m:{operation}ResponseMessage",
        element("m:MessageText", refusal.text),
        element("m:ResponseCode", refusal.code),
        element("m:DescriptiveLinkKey", "0"),
        element("m:MessageXml", *_values(refusal)) if refusal.values else None,
        *content,
        ResponseClass="Error",
    )


def _values(refusal: Refusal) -> Iterator[Element]:
    return (element("t:Value", value, Name=name) for name, value in refusal.values.items())


def response(operation: str, *messages: Element) -> Element:
    return element(f"m:{operation}Response", element("m:ResponseMessages", *messages))


def fault(refusal: Refusal) -> Element:
    """Return the SOAP fault of a refusal (Microsoft: "ResponseCode"; "Handling EWS errors": HTTP 500)."""
    values = element("t:MessageXml", *_values(refusal)) if refusal.values else None
    return element(
        "s:Fault",
        element("faultcode", f"e:{refusal.code}"),
        element("faultstring", refusal.text),
        element(
            "detail", element("e:ResponseCode", refusal.code), element("e:Message", refusal.text), values
        ),
    )  # fmt: skip


def enveloped(content: Element, version: Element | None = None) -> bytes:
    """Return a whole answer around `content`, with the ServerVersionInfo `version`, if any, in its head."""
    envelope = element("s:Envelope", element("s:Header", version), element("s:Body", content))
    for prefix, namespace in PREFIXES.items():
        envelope.set(f"xmlns:{prefix}", namespace)
    return DECLARATION + bytes(ET.tostring(envelope))
