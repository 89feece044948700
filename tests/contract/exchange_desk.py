"""Raw requests to a scripted Exchange that is not up, and what it answers: for what no sound client sends."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from defusedxml.ElementTree import fromstring

from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.http import Reply, Request
from tests.fakes.exchange.items import Item

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ALICE, BOB, SERVICE = "alice@example.test", "bob@example.test", "service@example.test"
NAMESPACES = (
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
)
Envelopes = AsyncGenerator[bytes, None]
SHAPE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
ALL = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"


def calendar(address: str, name: str = "calendar") -> str:
    mailbox = f"<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>"
    return f'<t:DistinguishedFolderId Id="{name}">{mailbox}</t:DistinguishedFolderId>'


def impersonating(address: str) -> str:
    sid = f"<t:ConnectingSID><t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress></t:ConnectingSID>"
    return f"<t:ExchangeImpersonation>{sid}</t:ExchangeImpersonation>"


def view(address: str, start: str = "2026-11-20T00:00:00Z", end: str = "2026-12-05T00:00:00Z", most: str = "") -> str:
    limited = f'MaxEntriesReturned="{most}" ' if most else ""
    stretch = f'<m:CalendarView {limited}StartDate="{start}" EndDate="{end}"/>'
    folders = f"<m:ParentFolderIds>{calendar(address)}</m:ParentFolderIds>"
    return f'<m:FindItem Traversal="Shallow">{ALL}{stretch}{folders}</m:FindItem>'


def sync(address: str, state: str = "", most: int = 100, name: str = "calendar") -> str:
    known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
    folder = f"<m:SyncFolderId>{calendar(address, name)}</m:SyncFolderId>"
    limit = f"<m:MaxChangesReturned>{most}</m:MaxChangesReturned>"
    return f"<m:SyncFolderItems>{SHAPE}{folder}{known}{limit}</m:SyncFolderItems>"


def subscribe(*folders: str) -> str:
    events = "<t:EventTypes><t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
    inside = f"<t:FolderIds>{''.join(folders)}</t:FolderIds>{events}"
    return f"<m:Subscribe><m:StreamingSubscriptionRequest>{inside}</m:StreamingSubscriptionRequest></m:Subscribe>"


def listen(*ids: str, minutes: int = 1) -> str:
    listed = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in ids)
    timeout = f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout>"
    return f"<m:GetStreamingEvents><m:SubscriptionIds>{listed}</m:SubscriptionIds>{timeout}</m:GetStreamingEvents>"


@dataclass
class Told:
    """An answer: status, cookies, and the texts of its elements by name."""

    status: int
    cookies: dict[str, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[str]:
        return self.texts.get(name, [])

    @property
    def code(self) -> str:
        return self["ResponseCode"][0]


def told(status: int, body: bytes) -> Told:
    answer: Element = fromstring(body)
    found = Told(status)
    for part in answer.iter():
        found.texts.setdefault(part.tag.rpartition("}")[2], []).append(part.text or "")
    return found


class Desk:
    """Asks a scripted server that is not up, without a network."""

    def __init__(self, **knobs: Any) -> None:
        self.exchange = FakeExchange(Behaviour(**knobs))
        for address in (ALICE, BOB, SERVICE):
            self.exchange.person(address, "secret", aliases=(f"other.{address}",))

    async def reply(self, body: str, user: str = ALICE, header: str = "", **headers: str) -> Reply:
        envelope = f"<s:Envelope {NAMESPACES}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.exchange.answer(Request("POST", "/EWS/Exchange.asmx", named, envelope.encode(), user))

    async def ask(self, body: str, user: str = ALICE, header: str = "", **headers: str) -> Told:
        reply = await self.reply(body, user, header, **headers)
        assert isinstance(reply.body, bytes)
        found = told(reply.status, reply.body)
        found.cookies = dict(reply.cookies)
        return found

    async def stream(self, *ids: str, user: str = ALICE, header: str = "", **headers: str) -> Envelopes:
        reply = await self.reply(listen(*ids), user, header, **headers)
        assert isinstance(reply.body, AsyncGenerator)
        return reply.body

    def put(self, count: int = 1) -> None:
        start = datetime(2026, 11, 23, 10, tzinfo=STOCKHOLM)
        for number in range(count):
            self.exchange.calendar(ALICE).put(Item(subject=f"{number}", start=start, end=start + timedelta(hours=1)))
