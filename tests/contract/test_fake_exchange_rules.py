"""What the scripted Exchange refuses, and its limits: by raw requests, since no sound client sends some of them."""

from datetime import date, datetime, timedelta

import pytest

from tests.contract.exchange_desk import (
    ALICE,
    ALL,
    BOB,
    SERVICE,
    STOCKHOLM,
    Desk,
    calendar,
    impersonating,
    listen,
    subscribe,
    sync,
    view,
)
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.series import Recurrence


@pytest.mark.parametrize(
    "body",
    [
        "<m:GetFolder/>",
        f"<t:GetFolder>{ALL}</t:GetFolder>",
        '<m:FindItem Traversal="Shallow" Wrong="1"/>',
        view(ALICE).replace("Traversal", 'Wrong="1" Traversal'),
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


async def test_what_ends_where_a_view_begins_is_in_it_and_what_starts_where_it_ends_is_not():
    desk = Desk()
    desk.put()
    for start, end, found in (
        ("09:00", "09:30", 1),
        ("08:00", "09:00", 0),
        ("10:00", "11:00", 1),
        ("10:01", "11:00", 0),
    ):
        seen = await desk.ask(view(ALICE, f"2026-11-23T{start}:00Z", f"2026-11-23T{end}:00Z"))
        assert len(seen["Subject"]) == found, (start, end)


async def test_of_somebody_elses_private_item_little_more_than_its_time_is_told():
    desk = Desk()
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    hidden = {"location": "Town", "body": "text", "required": (Attendee(address=BOB),)}
    alice.change(alice.wholes()[0].item.uid, sensitivity="Private", **hidden)
    desk.exchange.share(ALICE, SERVICE, Right.EDITOR)
    get = f'<m:GetItem>{ALL}<m:ItemIds><t:ItemId Id="{alice.wholes()[0].id}"/></m:ItemIds></m:GetItem>'
    for body in (view(ALICE), get):
        seen = await desk.ask(body, SERVICE)
        assert (seen["Subject"], seen["Start"]) == (["Private Appointment"], ["2026-11-23T09:00:00Z"])
        for name in ("Location", "Attendee", "Organizer", "DisplayTo", "IsMeeting"):
            assert seen[name] == []
    assert (await desk.ask(get))["Location"] == ["Town"]


async def test_occurrences_are_found_by_their_number():
    desk = Desk()
    start = datetime(2026, 11, 23, 10, tzinfo=STOCKHOLM)
    daily = Recurrence(kind="Daily", number=3)
    alice = desk.exchange.calendar(ALICE)
    uid = alice.put(Item(subject="M:", start=start, end=start + timedelta(hours=1), recurrence=daily))
    alice.delete_occurrence(uid, date(2026, 11, 24))
    master = alice.whole(alice.stored(uid)).id
    for number, code in (
        (1, "NoError"),
        (2, "ErrorCalendarOccurrenceIsDeletedFromRecurrence"),
        (3, "NoError"),
        (4, "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"),
        (0, "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"),
    ):
        identity = f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="{number}"/>'
        found = await desk.ask(f"<m:GetItem>{ALL}<m:ItemIds>{identity}</m:ItemIds></m:GetItem>")
        assert found.code == code
        assert not found["Start"] or found["Start"][0] == f"2026-11-{22 + number}T09:00:00Z"
    last = alice.occurrence(alice.stored(uid), date(2026, 11, 25)).id
    identity = f'<t:RecurringMasterItemId OccurrenceId="{last}"/>'
    found = await desk.ask(f"<m:GetItem>{ALL}<m:ItemIds>{identity}</m:ItemIds></m:GetItem>")
    assert found["CalendarItemType"] == ["RecurringMaster"]


async def test_what_came_and_went_between_two_states_is_not_told():
    desk = Desk()
    desk.put()
    state = (await desk.ask(sync(ALICE)))["SyncState"][0]
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    alice.delete(alice.wholes()[1].item.uid)
    later = await desk.ask(sync(ALICE, state))
    assert (later["Changes"], later["ItemId"]) == ([""], [])
    assert later["SyncState"] != [state]


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
