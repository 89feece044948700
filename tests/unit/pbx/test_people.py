"""Who has which extension, out of the lists of an Asterisk."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.pbx.asterisk import people
from gateway.pbx.asterisk.codec import Message
from gateway.vcard.property import cleaned
from tests.unit.pbx.captures import captured


def contact(number: str, name: str, *emails: str) -> Contact:
    return Contact(number, name, emails=emails, numbers=(PhoneNumber(Kind.WORK, number),))


def box(number: str, name: str, email: str = "(null)", context: str = "default") -> Message:
    return Message({"VMContext": context, "VoiceMailbox": number, "Fullname": name, "Email": email})


def freepbx(number: str, name: str) -> Message:
    return Message({"Key": f"/AMPUSER/{number}/cidname", "Val": name})


@pytest.mark.parametrize("version", ["22", "16"])
def test_what_a_real_asterisk_lists(version):
    said = captured(f"people_{version}.txt")
    named = [message for message in said if message.get("Event") == "DBGetTreeResponse"]
    boxes = [message for message in said if message.get("Event") == "VoicemailUserEntry"]
    caller_ids = {message.get("Variable")[15:19]: message.get("Value") for message in said if message.get("Variable")}
    assert people.people(named, caller_ids, boxes) == (
        contact("1001", "Änna Öberg", "anna@example.test"),
        contact("1002", "Somebody Else"),
        contact("1003", "Bodil Ek", "bodil@example.test", "ek@example.test"),
        contact("1004", "Dora Ek"),
    )


@pytest.mark.parametrize(
    ("caller_id", "name"),
    [
        ('"Anna Ek" <1001>', "Anna Ek"),
        ("Anna Ek <1001>", "Anna Ek"),
        ("Anna Ek", "Anna Ek"),
        ('"Ek, Anna" <+46812345>', "Ek, Anna"),
        ("Anna\x07 \t Ek<1001>", "Anna Ek"),
        ('"A\u030anna\u202e \u00a0Ek" <1001>', "Ånna Ek"),
        ('"' + "x" * 2000 + '" <1001>', "x" * people.LONGEST_NAME),
        ("1001", None),
        ("+46 (0)8-123", None),
        ('"1001" <1001>', None),
        ('"" <1001>', None),
        ("<1001>", None),
        ("<unknown>", None),
        ("", None),
    ],
)
def test_the_name_is_what_stands_before_the_number(caller_id, name):
    expected = (contact("1001", name),) if name is not None else ()
    assert people.people([], {"1001": caller_id}, []) == expected


def test_a_name_of_freepbx_counts_before_a_caller_id_and_that_before_a_mailbox():
    boxes = [box("1001", "Box"), box("1002", "Box"), box("1003", "Box")]
    found = people.people([freepbx("1001", "Anna")], {"1001": "Desk <1>", "1002": "Desk <1>"}, boxes)
    assert [one.name for one in found] == ["Anna", "Desk", "Box"]


def test_a_name_that_is_none_leaves_the_other_one():
    assert people.people([freepbx("1001", "1001")], {"1001": ""}, [box("1001", "Anna")]) == (contact("1001", "Anna"),)


def test_of_mailboxes_with_one_number_that_of_the_usual_context_counts():
    boxes = [
        box("1001", "Other", "other@example.test", "zz"),
        box("1001", "Anna", "anna@example.test"),
        box("1", "X", context="a"),
    ]
    assert people.people([], {}, boxes) == (contact("1", "X"), contact("1001", "Anna", "anna@example.test"))


def test_what_is_no_extension_is_nobody():
    assert people.people([freepbx("1" * 16, "Anna")], {}, [box("anna", "Anna"), box("", "Anna")]) == ()


@given(st.text(max_size=300), st.text(max_size=300))
@example("0", "0@\x1b")
def test_names_and_addresses_are_short_and_can_be_shown(name, email):
    for one in people.people([freepbx("1", name)], {"2": name}, [box("3", name, email)]):
        assert one.name == cleaned(one.name)
        assert len(one.name) <= people.LONGEST_NAME
        assert len(one.emails) <= people.MOST_EMAILS
        assert all(email.isprintable() for email in one.emails)
