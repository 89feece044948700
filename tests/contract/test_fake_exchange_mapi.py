"""What the scripted Exchange tells beside EWS's own properties: those of MAPI, items as iCalendar, folders of folders.

By raw requests; that a client understands it all is shown with DavMail, in long tests.
"""

from base64 import b64decode
from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import icalendar
import pytest

from tests.contract.exchange_desk import ALICE, BOB, Desk, calendar
from tests.fakes.exchange.items import Item
from tests.fakes.exchange.mime import written
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.series import Recurrence

HOUR = timedelta(hours=1)
SENSITIVITY = '<t:ExtendedFieldURI PropertyTag="0x0036" PropertyType="Integer"/>'
NUMBER = '<t:ExtendedFieldURI PropertyTag="0xE23" PropertyType="Integer"/>'
SUBJECT = '<t:ExtendedFieldURI PropertyTag="0x37" PropertyType="String"/>'
NOBODYS = '<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="mine" PropertyType="String"/>'
UNTOLD = '<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="34054" PropertyType="Boolean"/>'
CLASS = '<t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/>'


def shape(kind: str, *paths: str) -> str:
    named = f"<t:AdditionalProperties>{''.join(paths)}</t:AdditionalProperties>" if paths else ""
    return f"<m:{kind}Shape><t:BaseShape>IdOnly</t:BaseShape>{named}</m:{kind}Shape>"


def equal(path: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f"<m:Restriction><t:IsEqualTo>{path}{constant}</t:IsEqualTo></m:Restriction>"


def find_items(*paths: str, where: str = "", order: str = "") -> str:
    parents = f"<m:ParentFolderIds>{calendar(ALICE)}</m:ParentFolderIds>"
    return f'<m:FindItem Traversal="Shallow">{shape("Item", *paths)}{where}{order}{parents}</m:FindItem>'


def find_folders(name: str = "msgfolderroot", page: str = "", where: str = "") -> str:
    display = '<t:FieldURI FieldURI="folder:DisplayName"/>'
    parents = f"<m:ParentFolderIds>{calendar(ALICE, name)}</m:ParentFolderIds>"
    return f'<m:FindFolder Traversal="Shallow">{shape("Folder", display)}{page}{where}{parents}</m:FindFolder>'


def with_mime(identity: str) -> str:
    wanted = (
        "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>"
    )
    return f'<m:GetItem>{wanted}<m:ItemIds><t:ItemId Id="{identity}"/></m:ItemIds></m:GetItem>'


def at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


async def test_properties_of_mapi_are_told_sought_and_sorted_by_as_their_values_are():
    desk = Desk()
    desk.put(11)
    alice = desk.exchange.calendar(ALICE)
    alice.change(alice.wholes()[2].item.uid, sensitivity="Private")
    found = await desk.ask(find_items(SUBJECT, NOBODYS, where=equal(SENSITIVITY, "2")))
    assert found["Value"] == ["2"]  # the third, by its subject; what nobody has is left out
    order = f'<m:SortOrder><t:FieldOrder Order="Descending">{NUMBER}</t:FieldOrder></m:SortOrder>'
    assert (await desk.ask(find_items(NUMBER, order=order)))["Value"] == [str(n) for n in range(11, 0, -1)]


async def test_a_property_of_mapi_that_may_have_a_value_is_not_taken_for_absent():
    desk = Desk()
    desk.put()
    assert (await desk.ask(find_items(UNTOLD))).code == "ErrorInvalidRequest"
    assert (await desk.ask(find_items(where=equal(UNTOLD, "true")))).code == "ErrorInvalidRequest"


async def test_folders_are_found_by_where_they_lie_by_class_and_page_by_page():
    desk = Desk()
    inside = (await desk.ask(find_folders()))["DisplayName"]
    assert {"Calendar", "Inbox", "Sent Items", "Tasks"} < set(inside)
    assert (await desk.ask(find_folders("root")))["DisplayName"] == ["Top of Information Store"]
    assert (await desk.ask(find_folders("calendar")))["DisplayName"] == []
    found = await desk.ask(find_folders(where=equal(CLASS, "IPF.Appointment")))
    assert found["DisplayName"] == ["Calendar"]
    page = '<m:IndexedPageFolderView MaxEntriesReturned="2" Offset="1" BasePoint="Beginning"/>'
    assert (await desk.ask(find_folders(page=page)))["DisplayName"] == inside[1:3]
    assert (await desk.ask(find_folders(), user=BOB)).code == "ErrorItemNotFound"


async def test_nobody_has_settings_of_outlook_on_the_web():
    name = f'<m:UserConfigurationName Name="OWA.UserOptions">{calendar(ALICE, "root")}</m:UserConfigurationName>'
    wanted = "<m:UserConfigurationProperties>All</m:UserConfigurationProperties>"
    asked = f"<m:GetUserConfiguration>{name}{wanted}</m:GetUserConfiguration>"
    assert (await Desk().ask(asked)).code == "ErrorItemNotFound"


async def test_an_id_tells_whose_it_is():
    desk = Desk()
    identity = desk.exchange.directory.mailboxes[BOB].folder("root")
    source = f'<m:SourceIds><t:AlternateId Format="EwsId" Id="{identity}" Mailbox="a@b.test"/></m:SourceIds>'
    reply = await desk.reply(f'<m:ConvertId DestinationFormat="EwsId">{source}</m:ConvertId>')
    assert isinstance(reply.body, bytes)
    assert f'Mailbox="{BOB}"'.encode() in reply.body


async def test_an_item_comes_as_icalendar_to_who_asks_for_it_and_may_see_it():
    desk = Desk()
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    desk.exchange.share(ALICE, BOB, Right.REVIEWER)
    (item,) = alice.wholes()
    (content,) = (await desk.ask(with_mime(item.id), user=BOB))["MimeContent"]
    (event,) = icalendar.Calendar.from_ical(b64decode(content)).events
    assert (str(event["SUMMARY"]), event.start, event.end) == ("0", item.item.start, item.item.end)
    alice.change(item.item.uid, sensitivity="Private")
    assert (await desk.ask(with_mime(item.id), user=BOB))["MimeContent"] == []
    assert (await desk.ask(with_mime(item.id).replace("true<", "false<")))["MimeContent"] == []


@pytest.mark.parametrize(
    "zone", ["W. Europe Standard Time", "AUS Eastern Standard Time", "India Standard Time", "UTC", "GMT Standard Time"]
)
@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 7, 15)])
def test_times_are_those_of_their_zone_by_its_rules_alone(zone: str, day: date):
    item = Item(
        subject="Å" * 60 + "; \\ ,\n", start=at(day, 9, ZoneInfo("UTC")), end=at(day, 10, ZoneInfo("UTC")), zone=zone
    )
    alice = Desk().exchange.calendar(ALICE)
    alice.put(item)
    (whole,) = alice.wholes()
    ours = uuid4().hex  # no zone of that name is known, so that the rules have to do
    text = written(whole).decode().replace(f"TZID={zone}", f"TZID={ours}").replace(f"TZID:{zone}", f"TZID:{ours}")
    assert all(len(line) <= 75 for line in written(whole).split(b"\r\n"))
    (event,) = icalendar.Calendar.from_ical(text).events
    assert (event.start, event.end) == (item.start, item.end)
    assert str(event["SUMMARY"]) == item.subject


async def test_a_series_on_a_day_that_months_may_lack_is_not_written_as_icalendar():
    desk = Desk()
    alice, first = desk.exchange.calendar(ALICE), at(date(2026, 12, 31), 9, ZoneInfo("Europe/Berlin"))
    monthly = Recurrence(kind="AbsoluteMonthly", day=31)
    alice.put(Item(subject="Last", start=first, end=first + HOUR, recurrence=monthly))
    assert (await desk.ask(with_mime(alice.wholes()[0].id))).code == "ErrorInvalidRequest"
