"""Who comes in, under which names, and how guesses are slowed."""

import hashlib
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.slowing import FREE, LONGEST, Slowing
from gateway.directory.visitors import Visitors
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User

ANNA = User(1, "1001", ("anna@example.com", "a@example.com"), ZoneInfo("UTC"), phones=("2001",))
BO = User(2, "1002", ("bo@example.com",), ZoneInfo("UTC"))
DESK, CAR, BOS = (
    Device(1, 1, "desk", "yealink"),
    Device(2, 1, "car", "snom", Form.NATIONAL),
    Device(3, 2, "x", "poly"),
)


def verified(*devices: Device) -> list[tuple[Device, bytes]]:
    return [(device, hashlib.sha256(b"password %d" % device.id).digest()) for device in devices]


def visitors() -> Visitors:
    made = Visitors("dc=contacts")
    made.replace((ANNA, BO), verified(DESK, CAR, BOS), Form.E164)
    return made


@pytest.mark.parametrize(
    "name", ["uid=1,ou=people,dc=contacts", "UID = 1 , OU=People,dc=CONTACTS ", "1001", "2001", "Anna@example.com"]
)
def test_all_names_of_a_user_let_all_devices_in(name):
    for device, form in ((DESK, Form.E164), (CAR, Form.NATIONAL)):
        visitor = visitors().admit(name.encode(), b"password %d" % device.id, "10.0.0.1", 0.0).visitor
        assert visitor is not None
        assert (visitor.device, visitor.viewer.owner, visitor.viewer.form) == (device.id, 1, form)


@pytest.mark.parametrize("name", ["1002", "9999", "", "uid=1", "uid=1,ou=people", "\udcff"])
def test_a_password_is_of_nobody_elses(name):
    assert visitors().admit(name.encode("utf-8", "surrogateescape"), b"password 1", "10.0.0.1", 0.0).visitor is None


def test_a_revoked_device_is_nobodys():
    made = visitors()
    made.replace((ANNA, BO), verified(CAR, BOS), Form.E164)
    assert made.here(DESK.id) is None
    assert made.here(CAR.id) is not None
    assert made.admit(b"1001", b"password 1", "10.0.0.1", 0.0).visitor is None


def test_who_takes_no_part_does_not_come_in():
    made = visitors()
    made.replace((replace(ANNA, enabled=False), BO), verified(DESK, BOS), Form.E164)
    assert made.admit(b"1001", b"password 1", "10.0.0.1", 0.0).visitor is None
    assert made.here(DESK.id) is None


def test_guesses_slow_the_address_and_the_name_and_nobody_else():
    made = visitors()
    for guess in range(FREE + 3):
        made.admit(b"1001", b"guess %d" % guess, "10.0.0.1", 0.0)
    assert made.admit(b"1001", b"password 1", "10.9.9.9", 0.0).wait > 0
    assert made.admit(b"1002", b"password 3", "10.0.0.1", 0.0).wait > 0
    right = made.admit(b"1001", b"password 1", "10.0.0.1", 0.0)
    assert right.wait > 0
    assert right.visitor is not None
    assert made.admit(b"1002", b"password 3", "10.9.9.9", 0.0).wait == 0


def test_names_that_nobody_has_are_slowed_alike():
    made = visitors()
    known = [made.admit(b"1001", b"guess %d" % guess, f"10.0.0.{guess}", 0.0).wait for guess in range(9)]
    nobodys = [made.admit(b"7777", b"guess %d" % guess, f"10.0.1.{guess}", 0.0).wait for guess in range(9)]
    assert known == nobodys
    assert known[-1] > known[0]


def test_a_telephone_with_an_old_password_slows_nobody():
    made = visitors()
    for second in range(500):
        assert made.admit(b"1001", b"old password", "10.0.0.1", float(second)).wait == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100)), max_size=60))
def test_nobody_waits_for_long_and_everything_is_forgotten(guesses):
    slowing, now = Slowing(), 0.0
    for number, (who, later) in enumerate(guesses):
        now += later / 10
        assert 0 <= slowing.wait((who,), now) <= LONGEST
        slowing.wrong((who,), number, now)
    assert slowing.wait(("a", "b", "c"), now + 60 * 60 + 1) == 0


def test_so_many_are_remembered_and_no_more():
    slowing = Slowing(most=10)
    for number in range(1000):
        slowing.wrong((f"10.0.{number}", number), number, 0.0)
    assert len(slowing._wrong) <= 10
    assert len(slowing._refused) <= 10
