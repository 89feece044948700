"""What dataclasses of the domain do by themselves: keep what is private out of sight, name all of a user's numbers."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.appointment import Appointment
from gateway.domain.book import ContactChanges
from gateway.domain.code import Availability, Behaviour
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.diversion import Diversion
from gateway.domain.held import Asked
from gateway.domain.mailbox import Account, Cursor
from gateway.domain.secret import Secret
from gateway.domain.user import User

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PLANTED = "planted7364"


@pytest.mark.parametrize(
    "thing",
    [
        Secret(PLANTED),
        Account(1, "office", "service", Secret(PLANTED)),
        Appointment(PLANTED, PLANTED, PLANTED, NOW, NOW),
        Diversion(1, "key", "meeting", NOW, NOW, text=PLANTED),
        Cursor(PLANTED, NOW.date()),
        PhoneNumber(Kind.WORK, PLANTED, PLANTED),
        Contact(PLANTED, PLANTED, PLANTED, PLANTED, PLANTED, PLANTED, (PLANTED,), (PhoneNumber(Kind.WORK, PLANTED),)),
        ContactChanges((Contact(PLANTED, PLANTED),), (PLANTED,), PLANTED),
        Asked("PJSIP/trunk-1", "1001", PLANTED, NOW, PLANTED),
    ],
)
def test_what_is_private_is_not_printed(thing: object):
    assert PLANTED not in f"{thing} {thing!r} {[thing]}"


def test_a_secret_can_be_revealed_and_compared():
    assert Secret("a").reveal() == "a"
    assert Secret("a") == Secret("a") != Secret("b")


def test_all_numbers_of_a_user_follow():
    assert User(1, "1001", (), ZoneInfo("UTC"), phones=("1011", "1012")).places == ("1001", "1011", "1012")


def test_letters_of_the_schedule_tell_behaviours_apart():
    assert sorted(behaviour.value for behaviour in Behaviour) == sorted("tvobr")


def test_presence_states_are_those_of_asterisk():
    assert {state.value for state in Availability} == {"available", "away", "xa", "chat", "dnd"}
