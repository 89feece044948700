"""What the scripted Exchange refuses, and its limits: by raw requests, since no sound client sends some of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import pytest
from defusedxml.ElementTree import fromstring

from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.http import Reply, Request
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.rights import Right

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


@pytest.mark.parametrize(
    "body",
    [
        "<m:GetFolder/>",
        f"<t:GetFolder>{SHAPE}</t:GetFolder>",
        '<m:FindItem Traversal="Shallow" Wrong="1"/>',
        view(ALICE, most="0"),
        view(ALICE, start="yesterday"),
        sync(ALICE, most=513),
        sync(ALICE).replace("m:SyncFolderId", "t:SyncFolderId"),
        sync(ALICE).replace("IdOnly", "Everything"),
        view(ALICE).replace(ALL, "") .replace("</m:FindItem>", f"{ALL}</m:FindItem>"),
        listen("x", minutes=31),
        subscribe(calendar(ALICE)).replace("CreatedEvent", "BornEvent"),
    ],
)  # fmt: skip
async def test_what_is_not_as_the_schema_says_is_refused(body):
    answer = await Desk().ask(body)
    assert (answer.status, answer.code) == (500, "ErrorSchemaValidation")


async def test_what_is_not_xml_is_a_bad_request():
    reply = await Desk().reply("<unclosed>")
    assert reply.status == 400


async def test_an_old_server_knows_no_streams_and_no_later_version():
    desk = Desk(version="Exchange2007_SP1")
    assert (await desk.ask(subscribe(calendar(ALICE)))).code == "ErrorSchemaValidation"
    later = '<t:RequestServerVersion Version="Exchange2016"/>'
    assert (await desk.ask(view(ALICE), header=later)).code == "ErrorInvalidServerVersion"
    desk.put()
    own = await desk.ask(view(ALICE), header='<t:RequestServerVersion Version="Exchange2007_SP1"/>')
    assert (own.code, own["MeetingTimeZone"], own["StartTimeZone"]) == ("NoError", [""], [])


async def test_finding_leaves_out_what_only_getting_gives():
    desk = Desk()
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    alice.change(alice.wholes()[0].item.uid, required=(Attendee(address=BOB),))
    found = await desk.ask(view(ALICE))
    assert (found["Subject"], found["DisplayTo"]) == (["0"], [BOB])
    assert (found["Attendee"], found["EmailAddress"], found["Name"]) == ([], [], ["Alice"])
    got = await desk.ask(f'<m:GetItem>{ALL}<m:ItemIds><t:ItemId Id="{alice.wholes()[0].id}"/></m:ItemIds></m:GetItem>')
    assert (got["EmailAddress"], len(got["Attendee"])) == ([ALICE, BOB], 1)


async def test_a_view_is_limited():
    desk = Desk(find_limit=3)
    desk.put(4)
    assert (await desk.ask(view(ALICE))).code == "ErrorExceededFindCountLimit"
    assert (await desk.ask(view(ALICE, most="2")))["Subject"] == ["0", "1"]
    assert (await desk.ask(view(ALICE, most="9")))["Subject"] == ["0", "1", "2"]
    assert (await desk.ask(view(ALICE, end="2028-12-01T00:00:00Z"))).code == "ErrorCalendarViewRangeTooBig"
    backwards = view(ALICE, start="2026-12-06T00:00:00Z")
    assert (await desk.ask(backwards)).code == "ErrorCalendarEndDateIsEarlierThanStartDate"


async def test_changes_come_in_pages_and_a_state_belongs_to_its_folder():
    desk = Desk()
    desk.put(5)
    seen, state, last = 0, "", "false"
    while last == "false":
        page = await desk.ask(sync(ALICE, state, most=2))
        (state,), (last,) = page["SyncState"], page["IncludesLastItemInRange"]
        seen += len(page["Create"])
    assert seen == 5
    assert (await desk.ask(sync(ALICE, "AAAA"))).code == "ErrorInvalidSyncStateData"
    assert (await desk.ask(sync(ALICE, state, name="inbox"))).code == "ErrorInvalidSyncStateData"
    assert (await desk.ask(sync(BOB, state), BOB)).code == "ErrorInvalidSyncStateData"


async def test_an_alias_is_answered_with_the_primary_address():
    desk = Desk()
    desk.exchange.impersonator(SERVICE)
    fault = await desk.ask(sync(ALICE), SERVICE, impersonating(f"other.{ALICE}"))
    assert (fault.status, fault.code, fault["Value"]) == (500, "ErrorNonPrimarySmtpAddress", [ALICE])
    refused = await desk.ask(sync(f"other.{ALICE}"))
    assert (refused.status, refused.code, refused["Value"]) == (200, "ErrorNonPrimarySmtpAddress", [ALICE])


async def test_an_item_is_found_by_those_who_may_read_it():
    desk = Desk()
    desk.put()
    stored = desk.exchange.calendar(ALICE).wholes()[0]
    body = f'<m:GetItem>{ALL}<m:ItemIds><t:ItemId Id="{stored.id}"/></m:ItemIds></m:GetItem>'
    assert (await desk.ask(body))["Subject"] == ["0"]
    assert (await desk.ask(body, BOB)).code == "ErrorItemNotFound"
    desk.exchange.calendar(ALICE).delete(stored.item.uid)
    assert (await desk.ask(body)).code == "ErrorItemNotFound"
    assert (await desk.ask(body.replace(stored.id, "AAAA"))).code == "ErrorInvalidIdMalformed"


async def test_a_login_has_three_streams_and_its_copies_have_their_own():
    desk = Desk(minute=60)
    desk.exchange.impersonator(ALICE)
    ids = [(await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"][0] for _ in range(5)]
    streams = [await desk.stream(one) for one in ids[:3]]
    for stream in streams:
        assert b">OK<" in await anext(stream)
    fourth = await desk.ask(listen(ids[3]))
    assert (fourth.code, fourth["ConnectionStatus"]) == ("ErrorExceededConnectionCount", ["Closed"])
    copy = await desk.stream(ids[4], header=impersonating(ALICE.upper()))
    assert b">OK<" in await anext(copy)
    for stream in (*streams, copy):
        await stream.aclose()
    async with aclosing(await desk.stream(ids[3])) as stream:
        assert b">OK<" in await anext(stream)


async def test_a_stream_shows_signs_of_life_and_says_when_its_time_is_over():
    desk = Desk(minute=0.3, heartbeat=0.1)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    said = [told(200, piece) async for piece in await desk.stream(identity)]
    assert [one["ConnectionStatus"] for one in said[-2:]] == [["OK"], ["Closed"]]
    assert len(said) >= 3


async def test_subscriptions_are_for_their_maker_and_end():
    desk = Desk(minute=60)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    assert (await desk.ask(listen(identity), BOB)).code == "ErrorSubscriptionAccessDenied"
    unknown = await desk.ask(listen("AAAA", identity))
    assert (unknown.code, unknown["SubscriptionId"]) == ("ErrorInvalidSubscription", ["AAAA"])
    stream = await desk.stream(identity)
    await anext(stream)
    newer = await desk.stream(identity)
    await anext(newer)
    assert b"ErrorNewEventStreamConnectionOpened" in await anext(stream)
    desk.exchange.subscriptions.expire()
    assert b"ErrorInvalidSubscription" in await anext(newer)
    assert (await desk.ask(listen(identity))).code == "ErrorInvalidSubscription"
    for left in (stream, newer):
        await left.aclose()


async def test_a_subscription_without_a_stream_expires():
    desk = Desk(minute=0.001)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    await asyncio.sleep(0.05)
    assert (await desk.ask(listen(identity))).code == "ErrorInvalidSubscription"


async def test_only_owners_subscribe_and_a_subscription_is_for_one_mailbox():
    desk = Desk()
    desk.exchange.share(ALICE, SERVICE, Right.EDITOR)
    refused = await desk.ask(subscribe(calendar(ALICE)), SERVICE)
    assert refused.code == "ErrorSubscriptionDelegateAccessNotSupported"
    desk.exchange.impersonator(SERVICE)
    assert (await desk.ask(subscribe(calendar(ALICE)), SERVICE, impersonating(ALICE))).code == "NoError"
    desk.exchange.share(ALICE, SERVICE, Right.FULL)
    assert (await desk.ask(subscribe(calendar(ALICE)), SERVICE)).code == "NoError"
    both = subscribe(calendar(ALICE), calendar(SERVICE))
    assert (await desk.ask(both, SERVICE)).code == "ErrorInvalidSubscriptionRequest"


async def test_mailboxes_of_two_groups_do_not_share_a_stream():
    desk = Desk(minute=60)
    exchange = desk.exchange
    exchange.impersonator(SERVICE)
    for address, group in ((ALICE, "one"), (BOB, "two")):
        exchange.directory.mailboxes[address].group = group
    ids = []
    for address in (ALICE, BOB):
        made = await desk.ask(
            subscribe(calendar(address)), SERVICE, impersonating(address),
            x_anchormailbox=address, x_preferserveraffinity="true",
        )  # fmt: skip
        ids += made["SubscriptionId"]
        assert list(made.cookies) == ["X-BackEndOverrideCookie"]
    mixed = await desk.ask(listen(*ids), SERVICE, impersonating(ALICE), x_anchormailbox=ALICE)
    assert (mixed.code, mixed["SubscriptionId"]) == ("ErrorSubscriptionNotFound", [ids[1]])
    alone = await desk.stream(ids[1], user=SERVICE, header=impersonating(BOB), x_anchormailbox=BOB)
    async with aclosing(alone) as stream:
        assert b">OK<" in await anext(stream)


AVAILABILITY = f"""<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>-60</t:Bias>
<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month>
<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>
<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month>
<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>
<m:MailboxDataArray><t:MailboxData><t:Email><t:Address>{ALICE}</t:Address></t:Email>
<t:AttendeeType>Required</t:AttendeeType></t:MailboxData></m:MailboxDataArray>
<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>2026-11-23T08:00:00Z</t:StartTime>
<t:EndTime>2026-11-23T11:00:00Z</t:EndTime></t:TimeWindow>
<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>
<t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"""


@pytest.mark.parametrize(
    ("right", "code", "subjects", "kind"),
    [
        (Right.NONE, "ErrorNoFreeBusyAccess", [], []),
        (Right.FREE_BUSY, "NoError", [], ["FreeBusyMerged"]),
        (Right.SUBJECT, "NoError", ["0"], ["DetailedMerged"]),
    ],
)
async def test_free_busy_times_say_as_much_as_the_right_allows(right, code, subjects, kind):
    desk = Desk()
    desk.put()
    desk.exchange.share(ALICE, BOB, right)
    answer = await desk.ask(AVAILABILITY, BOB)
    assert (answer.code, answer["Subject"], answer["FreeBusyViewType"]) == (code, subjects, kind)
    if kind:
        assert (answer["MergedFreeBusy"], answer["BusyType"]) == (["020"], ["Busy"])
        assert answer["StartTime"] == ["2026-11-23T10:00:00"]


async def test_times_are_utc_or_of_the_zone_that_is_asked_in():
    desk = Desk()
    desk.put()
    assert (await desk.ask(view(ALICE)))["Start"] == ["2026-11-23T09:00:00Z"]
    zone = '<t:TimeZoneContext><t:TimeZoneDefinition Id="W. Europe Standard Time"/></t:TimeZoneContext>'
    assert (await desk.ask(view(ALICE), header=zone))["Start"] == ["2026-11-23T10:00:00+01:00"]
    desk.exchange.behaviour.fraction = 9
    assert (await desk.ask(view(ALICE)))["Start"] == ["2026-11-23T09:00:00.000000000Z"]


async def test_a_cancelled_item_says_so():
    desk = Desk()
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    alice.cancel(alice.wholes()[0].item.uid)
    found = await desk.ask(view(ALICE))
    assert (found["Subject"], found["IsCancelled"]) == (["Canceled: 0"], ["true"])
    assert (found["LegacyFreeBusyStatus"], found["AppointmentState"]) == (["Free"], ["4"])
