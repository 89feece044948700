"""What is asked of a mailbox, and what is made of the answers of a real EWS server (tests/captures/exchange)."""

import re
from datetime import UTC, datetime

import pytest
from exchangelib import Build, Version
from exchangelib.errors import ErrorAccessDenied, ErrorImpersonateUserDenied, EWSError

from gateway.errors import RetryLater
from gateway.sources.ews import requests
from gateway.sources.ews.requests import Mixed, View, changes, details, masters, primary, view
from tests.unit.sources.ews.scripted import account, capture

START, END = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
FIELDS = ("subject", "start", "end", "type", "uid", "organizer")
FOUND = "020_calendarview_location_two_requests_FindItem"
GOT = "021_calendarview_location_two_requests_GetItem"


def test_nothing_has_changed_since_a_state():
    one, answers = account(capture("034_sync_nochange_SyncFolderItems"))
    page = changes(one, "a state")
    assert (page.some, page.more) == (False, False)
    assert page.state.startswith("AgACARdA")
    assert "<m:SyncState>a state</m:SyncState>" in answers.asked[0]
    assert "<m:MaxChangesReturned>100</m:MaxChangesReturned>" in answers.asked[0]
    assert "<t:EmailAddress>anna@example.test</t:EmailAddress>" in answers.asked[0], "of a mailbox that is shared"


def test_changes_come_in_pages():
    one, answers = account(capture("040_sync_paged_max3_SyncFolderItems"))
    page = changes(one, None)
    assert (page.some, page.more) == (True, True)
    assert "SyncState" not in answers.asked[0]


def test_changes_name_the_series_among_them_and_what_is_gone():
    one, answers = account(capture("039_sync_delta_SyncFolderItems"))
    page = changes(one, "a state")
    assert len(page.gone) == 1
    assert page.series == frozenset()
    assert 'FieldURI="calendar:CalendarItemType"' in answers.asked[0]
    one, _ = account(capture("044_sync_with_recurrence_and_attendees_SyncFolderItems"))
    page = changes(one, None)
    assert len(page.series) == 2
    assert page.gone == frozenset()


def test_changes_of_a_folder_with_other_items_are_asked_for_without_their_kinds():
    refusal = capture("068_delegate_no_permission_sync_SyncFolderItems").decode()
    one, answers = account(
        refusal.replace("ErrorAccessDenied", "ErrorInvalidPropertyRequest").encode(),
        capture("034_sync_nochange_SyncFolderItems"),
    )
    with pytest.raises(Mixed):
        changes(one, "a state")
    assert not changes(one, "a state", kinds=False).some
    assert "CalendarItemType" in answers.asked[0]
    assert "AdditionalProperties" not in answers.asked[1]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("068_delegate_no_permission_sync_SyncFolderItems", ErrorAccessDenied),
        ("093_impersonation_denied_SyncFolderItems", ErrorImpersonateUserDenied),
    ],
)
def test_a_refusal_without_a_state_is_the_refusal_that_it_is(name, error):
    one, _ = account(capture(name))
    with pytest.raises(error):
        changes(one, None)


def test_a_view_has_what_only_the_items_themselves_tell():
    one, answers = account(capture(FOUND), capture(GOT))
    found = view(one, START, END, FIELDS)
    assert (len(found.items), found.unreadable, found.full) == (7, 0, False)
    assert 'StartDate="2026-11-22T00:00:00Z" EndDate="2026-12-20T00:00:00Z"' in answers.asked[0]
    assert 'MaxEntriesReturned="100"' in answers.asked[0]
    assert 'FieldURI="calendar:UID"' not in answers.asked[0]
    assert 'FieldURI="calendar:StartTimeZone"' in answers.asked[0]
    assert re.findall('FieldURI="([^"]*)"', answers.asked[1]) == ["calendar:Organizer", "calendar:UID"]
    assert "ChangeKey" not in answers.asked[1], "an item that is changed in between comes as it is now"


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        (Version(Build(15, 1), "Exchange2016"), {"calendar:OriginalStart"}),
        (Version(Build(8, 3), "Exchange2007_SP1"), {"calendar:OriginalStart", "calendar:MeetingTimeZone"}),
    ],
)
def test_a_view_is_not_asked_for_what_exchange_refuses_there(version, refused):
    one, answers = account(capture(FOUND), capture(GOT))
    one.version = version
    view(one, START, END, ("start", "original_start"))
    asked_of_find, asked_of_get = (set(re.findall('FieldURI="([^"]*)"', asked)) for asked in answers.asked)
    assert asked_of_get == refused
    assert not asked_of_find & refused


def spoilt(code: str, count: int = 0) -> bytes:
    """Return the answer of GetItem in which the first `count` items (0: all) are refused."""
    message = re.compile("<m:GetItemResponseMessage.*?</m:GetItemResponseMessage>", re.DOTALL)
    refusal = (
        f'<m:GetItemResponseMessage ResponseClass="Error"><m:MessageText>no</m:MessageText><m:ResponseCode>{code}'
        "</m:ResponseCode><m:Items/></m:GetItemResponseMessage>"
    )
    return message.sub(refusal, capture(GOT).decode(), count=count).encode()


BROKEN = [
    "ErrorContentConversionFailed",
    "ErrorCorruptData",
    "ErrorInternalServerError",
    "ErrorItemCorrupt",
    "ErrorItemPropertyRequestFailed",
]


@pytest.mark.parametrize(("code", "left"), [("ErrorItemNotFound", 6), ("ErrorAccessDenied", 7)])
def test_an_item_that_is_gone_meanwhile_is_left_out_and_one_that_is_hidden_stays_as_it_is(code, left):
    one, _ = account(capture(FOUND), spoilt(code, 1))
    found = view(one, START, END, ("type", "location"))
    assert len(found.items) == left
    assert found.unreadable == 0


@pytest.mark.parametrize("code", BROKEN)
def test_an_item_that_the_server_cannot_give_is_set_aside_and_counted(code):
    one, _ = account(capture(FOUND), spoilt(code, 2))
    found = view(one, START, END, ("type", "location"))
    assert (len(found.items), found.unreadable) == (5, 2)


@pytest.mark.parametrize("code", BROKEN)
def test_where_the_server_can_give_no_item_it_is_the_server_that_fails(code):
    one, _ = account(capture(FOUND), spoilt(code))
    with pytest.raises(EWSError):
        view(one, START, END, ("type", "location"))


def test_a_broken_item_that_is_left_over_for_a_batch_of_its_own_is_set_aside_too(monkeypatch):
    monkeypatch.setattr(requests, "PAGE", 6)
    body, closing = capture(GOT).decode(), "</m:GetItemResponseMessage>"
    *six, _, end = body.split(closing)
    begin = body[: body.index("<m:GetItemResponseMessage")]
    refused = spoilt("ErrorItemCorrupt").decode().removeprefix(begin).split(closing)[0]
    first, last = closing.join([*six, end]), begin + refused + closing + end
    one, _ = account(capture(FOUND), first.encode(), last.encode())
    found = view(one, START, END, ("type", "location"), most=100)
    assert (len(found.items), found.unreadable) == (6, 1)


@pytest.mark.parametrize(("sensitivity", "left"), [("Normal", 6), ("Private", 7)])
def test_a_private_item_that_is_not_found_may_be_hidden_and_stays(sensitivity, left):
    received = "<t:DateTimeReceived>"
    found = capture(FOUND).decode().replace(received, f"<t:Sensitivity>{sensitivity}</t:Sensitivity>{received}")
    one, _ = account(found.encode(), spoilt("ErrorItemNotFound", 1))
    assert len(view(one, START, END, ("type", "sensitivity", "location")).items) == left


@pytest.mark.parametrize(("version", "has"), [(Version(Build(14, 0)), True), (Version(Build(8, 3)), False)])
def test_a_header_that_the_first_exchange_2007_does_not_know_is_not_sent_to_it(version, has):
    one, answers = account(capture(FOUND), capture(GOT))
    one.version = version
    view(one, START, END, FIELDS)  # the answer is of a newer one, which is believed from then on
    assert ("TimeZoneContext" in answers.asked[0]) == has


def test_a_full_stretch_is_not_taken_for_the_whole():
    one, answers = account(capture(FOUND))
    found = view(one, START, END, FIELDS, most=7)
    assert found.full
    assert found.items == ()
    assert len(answers.asked) == 1


PART = ('IncludesLastItemInRange="true"', 'IncludesLastItemInRange="false"')


def test_a_part_of_a_stretch_is_not_taken_for_the_whole_and_not_asked_for_again():
    one, answers = account(capture(FOUND).decode().replace(*PART).encode())
    assert view(one, START, END, FIELDS) == View(full=True)
    assert len(answers.asked) == 1


def test_a_part_of_the_smallest_stretch_is_nothing_to_divide():
    one, answers = account(capture(FOUND).decode().replace(*PART).encode())
    with pytest.raises(RetryLater):
        view(one, START, END, FIELDS, most=requests.MOST)
    assert len(answers.asked) == 1


def test_a_page_of_a_folder_that_is_shorter_than_asked_is_followed_by_what_comes_after_it():
    one, answers = account(capture("018_calendarview_4weeks_FindItem").decode().replace(*PART).encode())
    found = masters(one, 200)
    assert (len(found.ids), found.following) == (2, 200 + 7)
    assert len(answers.asked) == 1


def test_an_item_that_cannot_be_read_is_counted_and_what_is_no_appointment_is_not():
    absurd = "<t:End>0001-01-01T00:00:00Z</t:End><t:IsAllDayEvent>true</t:IsAllDayEvent>"
    body = capture("018_calendarview_4weeks_FindItem").decode()
    body = body.replace("<t:End>2026-11-23T09:00:00Z</t:End>", absurd)
    head, _, tail = body.rpartition("<t:CalendarItem>")
    body = head + "<t:Message>" + tail.replace("</t:CalendarItem>", "</t:Message>")
    one, _ = account(body.encode())
    found = view(one, START, END, ("subject", "start", "end", "type", "is_all_day"))
    assert (len(found.items), found.unreadable) == (5, 1)


def test_series_are_found_page_by_page():
    one, answers = account(capture("018_calendarview_4weeks_FindItem"))
    found = masters(one, 200)
    assert (len(found.ids), found.following) == (2, None)
    assert 'MaxEntriesReturned="100" Offset="200"' in answers.asked[0]


def test_items_that_are_gone_are_left_out():
    one, answers = account(capture("032_getitem_batch_with_missing_GetItem"))
    found = details(one, ["a", "b"], ("subject",))
    assert found
    assert all(item.id for item in found)
    assert '<t:ItemId Id="a"/>' in answers.asked[0]


def test_an_alias_leads_to_the_primary_address():
    one, answers = account(capture("056_resolve_smtp_full_ResolveNames"))
    assert primary(one, "alias@example.test") == "bo@example.test"
    assert "smtp:alias@example.test" in answers.asked[0]
    one, _ = account(capture("055_resolve_partial_ResolveNames"))
    assert primary(one, "nobody@example.test") == ""
