"""Which numbers the owner of a mailbox keeps for an address, from captured answers of a real EWS server."""

import re

import pytest
from exchangelib.errors import ErrorADUnavailable, ErrorImpersonateUserDenied

from gateway.sources.ews.contacts.numbers import numbers
from tests.unit.sources.ews.scripted import account, capture

FOUND = capture("048_contact_find_by_phone_FindItem")
NOTHING = capture("049_contact_find_by_wrong_phone_FindItem")
KEPT = capture("047_contact_get_GetItem")
DENIED = capture("079_delegate_contacts_denied_FindItem")


def test_the_numbers_of_a_contact_come_best_first_and_faxes_never():
    one, answers = account(FOUND, KEPT)
    assert numbers(one, "asa2@kund.example") == ("+46 8 123 45 67", "08-765 43 21", "070-123 45 67", "08-111 22 33")
    find, get = answers.asked
    assert find.count('<t:Contains ContainmentMode="FullString" ContainmentComparison="IgnoreCase">') == 3
    assert find.count('<t:Constant Value="asa2@kund.example"/>') == 3
    assert '<t:DistinguishedFolderId Id="contacts"><t:Mailbox><t:EmailAddress>anna@example.test<' in find
    asked = set(re.findall('FieldIndex="([^"]*)"', get))
    assert asked == {"BusinessPhone", "BusinessPhone2", "MobilePhone", "HomePhone", "HomePhone2"}


def test_an_address_is_never_more_than_an_address():
    one, answers = account(NOTHING)
    assert numbers(one, '"/><t:x>&@example.test') == ()
    assert 'Value="&quot;/&gt;&lt;t:x&gt;&amp;@example.test"' in answers.asked[0]


@pytest.mark.parametrize(
    "code",
    ["ErrorAccessDenied", "ErrorItemNotFound", "ErrorFolderNotFound", "ErrorInvalidRestriction"],
)
def test_where_contacts_are_not_shown_there_are_no_numbers(code):
    one, _ = account(DENIED.replace(b"ErrorAccessDenied", code.encode()))
    assert numbers(one, "asa@kund.example") == ()


@pytest.mark.parametrize("error", [ErrorADUnavailable, ErrorImpersonateUserDenied])
def test_what_may_be_otherwise_another_time_is_no_answer(error):
    one, _ = account(DENIED.replace(b"ErrorAccessDenied", error.__name__.encode()))
    with pytest.raises(error):
        numbers(one, "asa@kund.example")


def test_a_contact_that_was_removed_meanwhile_has_no_numbers():
    refusal = capture("032_getitem_batch_with_missing_GetItem")
    one, _ = account(FOUND, refusal)
    assert numbers(one, "asa@kund.example") == ()


def test_a_number_of_absurd_length_is_none_and_one_is_there_once():
    spoilt = KEPT.replace(b"08-765 43 21", b"8" * 10_000).replace(b"070-123 45 67", b"+46 8 123 45 67")
    one, _ = account(FOUND, spoilt)
    assert numbers(one, "asa@kund.example") == ("+46 8 123 45 67", "08-111 22 33")
