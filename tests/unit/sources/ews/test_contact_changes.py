"""What a folder of contacts says, from captured answers of a real EWS server (gromox 3.10)."""

import re

import pytest
from exchangelib.errors import ErrorADUnavailable

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.errors import Refused
from gateway.sources.ews.contacts.changes import changes, details
from tests.unit.sources.ews.scripted import account, capture

INITIAL = capture("050_contact_sync_initial_SyncFolderItems")
DELTA = capture("054_contact_sync_delta_SyncFolderItems")
KEPT = capture("047_contact_get_GetItem")
CHANGED = capture("053_contact_update_phones_GetItem")
DENIED = capture("079_delegate_contacts_denied_FindItem")
MISSING = capture("032_getitem_batch_with_missing_GetItem")
ID = "AAAAAM9GjmCGrptDpXpIa+QKOy0HAAIAAAClGHtvvNzqHtA8VlcAAAAAABMAAAIAAAClGHtvvNzqHtA8VlcAAAAIAAEAAAM="


def test_a_new_contact_is_told_by_its_id_alone():
    one, answers = account(INITIAL)
    page = changes(one, None)
    assert (page.put, page.gone, page.more) == ((ID,), (), False)
    assert page.state.startswith("AgACARdA")
    assert "AdditionalProperties" not in answers.asked[0]
    assert '<t:DistinguishedFolderId Id="contacts"><t:Mailbox><t:EmailAddress>anna@example.test<' in answers.asked[0]


def test_a_changed_and_a_removed_one_are_told_apart():
    one, _ = account(DELTA)
    assert changes(one, "before").put == (ID,)
    gone = re.sub(rb"<t:Update>.*</t:Update>", b'<t:Delete><t:ItemId Id="gone"/></t:Delete>', DELTA, flags=re.DOTALL)
    one, _ = account(gone)
    page = changes(one, "before")
    assert (page.put, page.gone) == ((), ("gone",))


def test_a_list_and_what_was_merely_read_are_no_changes():
    one, _ = account(DELTA.replace(b"t:Contact>", b"t:DistributionList>"))
    assert changes(one, "before").put == ()
    read = re.sub(
        rb"<t:Update>.*</t:Update>",
        b'<t:ReadFlagChange><t:ItemId Id="x"/><t:IsRead>true</t:IsRead></t:ReadFlagChange>',
        DELTA,
        flags=re.DOTALL,
    )
    one, _ = account(read)
    assert changes(one, "before").put == ()


@pytest.mark.parametrize("code", ["ErrorAccessDenied", "ErrorItemNotFound", "ErrorFolderNotFound"])
def test_contacts_that_are_not_shared_are_refused_with_what_would_share_them(code):
    one, _ = account(DENIED.replace(b"FindItem", b"SyncFolderItems").replace(b"ErrorAccessDenied", code.encode()))
    with pytest.raises(Refused) as raised:
        changes(one, None)
    assert "Add-MailboxFolderPermission" in raised.value.remedy


def test_what_may_be_otherwise_another_time_is_no_refusal():
    one, _ = account(
        DENIED.replace(b"FindItem", b"SyncFolderItems").replace(b"ErrorAccessDenied", b"ErrorADUnavailable")
    )
    with pytest.raises(ErrorADUnavailable):
        changes(one, None)


def test_a_contact_says_its_names_addresses_and_numbers():
    one, answers = account(KEPT)
    (found,) = details(one, [ID], private=False).contacts
    assert found == Contact(
        ID,
        "Åsa Ek",
        "Åsa",
        "Ek",
        "Växjö Bygg AB",
        "Chef",
        ("asa@kund.example", "asa2@kund.example"),
        (
            PhoneNumber(Kind.WORK, "+46 8 123 45 67"),
            PhoneNumber(Kind.WORK, "08-765 43 21"),
            PhoneNumber(Kind.MOBILE, "070-123 45 67"),
            PhoneNumber(Kind.HOME, "08-111 22 33"),
            PhoneNumber(Kind.OTHER, "1234"),
        ),
    )
    for left_out in ("Photo", "HasPicture", "Fax", "Pager", "Telex", "TtyTddPhone", "Notes", "Birthday"):
        assert left_out not in answers.asked[0]


def test_a_changed_contact_says_what_it_has_now():
    one, _ = account(CHANGED)
    (found,) = details(one, [ID], private=True).contacts
    assert [number.written for number in found.numbers] == ["+46 8 123 45 99", "070-999"]


@pytest.mark.parametrize("word", ["Private", "Personal", "Confidential"])
def test_what_is_private_is_told_only_where_that_is_asked_for(word):
    marked = f"<t:Sensitivity>{word}</t:Sensitivity><t:FileAs>".encode()
    secret = KEPT.replace(b"<t:Sensitivity>Normal</t:Sensitivity>", b"").replace(b"<t:FileAs>", marked, 1)
    one, _ = account(secret)
    assert details(one, [ID], private=True).contacts
    one, _ = account(secret)
    told = details(one, [ID], private=False)
    assert (told.contacts, told.out, told.set_aside) == ((), (ID,), 0)


def test_one_that_was_removed_meanwhile_is_out_and_a_broken_one_is_counted():
    count = MISSING.count(b"GetItemResponseMessage ")
    ids = [str(number) for number in range(count)]
    one, _ = account(MISSING)
    assert set(details(one, ids, private=True).out) == set(ids), "appointments are no contacts either"
    one, _ = account(MISSING.replace(b"ErrorItemNotFound", b"ErrorItemCorrupt"))
    assert details(one, ids, private=True).set_aside == MISSING.count(b"ErrorItemNotFound") > 0
