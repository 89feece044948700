"""`rooms`: whose they are, what cannot be one, and that a PIN is shown to nobody who does not ask for it."""

import json

import pytest

from tests.unit.cli.conftest import Ringplan

Rooms = list[dict[str, object]]


@pytest.fixture
def anna(ringplan: Ringplan) -> Ringplan:
    """Anna, and Bo who has no room."""
    for words in (("1001", "--name", "Anna"), ("1002", "--name", "Bo")):
        assert ringplan("users", "add", *words).exit_code == 0
    return ringplan


def listed(ringplan: Ringplan, *words: str) -> Rooms:
    found = json.loads(ringplan("rooms", "list", "--json", *words).stdout)
    assert isinstance(found, list)
    return found


def test_a_room_is_added_changed_and_removed(anna: Ringplan) -> None:
    assert "There is no room" in anna("rooms", "list").stdout
    done = anna("rooms", "add", "8001", "--owner", "1001", "--pin", "4711")
    assert (done.exit_code, "8001 is added: the room of 1001" in done.stdout) == (0, True), done.stderr
    (room,) = listed(anna)
    assert room == {
        "room": "8001", "owner": "1001", "pool": False, "pbx": "main", "has_pin": True, "recorded": False
    }  # fmt: skip
    done = anna("rooms", "set", "8001", "--record", "--pin", "", "--owner", "1002")
    assert (done.exit_code, "8001 is changed" in done.stdout) == (0, True), done.stderr
    (room,) = listed(anna)
    assert (room["owner"], room["has_pin"], room["recorded"]) == ("1002", False, True)
    assert "8001 is as before" in anna("rooms", "set", "8001", "--record").stdout
    anna("rooms", "set", "8001", "--pool", "--no-record")
    (room,) = listed(anna)
    assert (room["owner"], room["pool"], room["recorded"]) == (None, True, False)
    assert "8001 is removed" in anna("rooms", "remove", "8001").stdout
    assert listed(anna) == []


def test_a_pool_is_added_in_one_go(anna: Ringplan) -> None:
    done = anna("rooms", "add", "0098-0101", "--pool", "--record")
    assert (done.exit_code, "4 rooms are added: of the pool" in done.stdout) == (0, True), done.stderr
    assert [room["room"] for room in listed(anna)] == ["0098", "0099", "0100", "0101"]
    assert all(room["recorded"] for room in listed(anna))
    anna("rooms", "set", "0098-0099", "--no-record")
    assert [room["recorded"] for room in listed(anna)] == [False, False, True, True]
    assert "the rooms 0099-0101 are removed" in anna("rooms", "remove", "0099-0101").stdout
    assert [room["room"] for room in listed(anna)] == ["0098"]


def test_of_a_range_all_are_added_or_none(anna: Ringplan) -> None:
    anna("rooms", "add", "8093", "--pool")
    done = anna("rooms", "add", "8090-8099", "--pool")
    assert (done.exit_code, "8093 is a room already" in done.stderr) == (2, True)
    done = anna("rooms", "remove", "8092-8093")
    assert (done.exit_code, "there is no room 8092" in done.stderr) == (2, True)
    assert [room["room"] for room in listed(anna)] == ["8093"]


def test_a_pin_is_typed_or_read_and_shown_only_where_it_is_asked_for(anna: Ringplan) -> None:
    done = anna("rooms", "add", "8001", "--owner", "1001", "--pin", "-", says="90817263\n")
    assert done.exit_code == 0, done.stderr
    everything = done.output + anna("rooms", "list").output + json.dumps(listed(anna))
    assert "90817263" not in everything
    assert "90817263" in anna("rooms", "list", "--show-pin").stdout
    assert [room["pin"] for room in listed(anna, "--show-pin")] == ["90817263"]
    assert "yes" in anna("rooms", "list").stdout


def test_a_room_is_not_left_without_its_pin_because_nothing_was_typed(anna: Ringplan) -> None:
    for says in ("", "\n"):
        done = anna("rooms", "add", "8001", "--owner", "1001", "--pin", "-", says=says)
        assert (done.exit_code, "no PIN was given" in done.stderr) == (2, True)
    assert listed(anna) == []


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4", "١٢٣٤", " 1234"])
def test_what_is_no_pin_is_refused_without_being_told(anna: Ringplan, pin: str) -> None:
    for words, says in ((pin,), None), (("-",), f"{pin}\n"):
        done = anna("rooms", "add", "8001", "--owner", "1001", "--pin", *words, says=says)
        assert (done.exit_code, "4 to 12 digits" in done.stderr) == (2, True)
        assert pin not in done.output
    assert listed(anna) == []


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("add", "8001"), 2, "whose room is it?"),
        (("add", "8001", "--owner", "1001", "--pool"), 2, "whose room is it?"),
        (("add", "8001", "--owner", "1009"), 2, "nobody has the number 1009"),
        (("add", "80a1", "--pool"), 2, "1 to 15 digits"),
        (("add", "", "--pool"), 2, "1 to 15 digits"),
        (("add", "٨٠٠١", "--pool"), 2, "1 to 15 digits"),
        (("add", "1" * 16, "--pool"), 2, "1 to 15 digits"),
        (("add", "8\n1", "--pool"), 2, "1 to 15 digits"),
        (("add", "8099-8090", "--pool"), 2, "the lower number first"),
        (("add", "99-100", "--pool"), 2, "as many digits"),
        (("add", "8000-8999", "--pool"), 2, "at most 100 at once"),
        (("add", "8090-8091", "--owner", "1001"), 2, "a range is for the pool"),
        (("add", "8001", "--pool", "--pbx", "other"), 2, "one of: main"),
        (("add", "1002", "--pool"), 1, "already belongs to a user"),
        (("set", "8009", "--record"), 2, "there is no room 8009"),
        (("remove", "8009"), 2, "there is no room 8009"),
        (("set", "8000", "--owner", "1001", "--pool"), 2, "not both"),
    ],
)
def test_what_cannot_be_a_room_is_told_in_one_sentence(
    anna: Ringplan, words: tuple[str, ...], status: int, told: str
) -> None:
    done = anna("rooms", *words)
    assert (done.exit_code, told in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.output
    assert len(done.stderr) < 300
    assert listed(anna) == []


def test_a_user_has_one_room_of_their_own(anna: Ringplan) -> None:
    anna("rooms", "add", "8001", "--owner", "1001")
    done = anna("rooms", "add", "8002", "--owner", "1001")
    assert (done.exit_code, "has the room 8001 already" in done.stderr) == (1, True), done.stderr
    assert "1001 Anna" in anna("rooms", "list").stdout


def test_the_room_of_who_goes_belongs_to_the_pool(anna: Ringplan) -> None:
    anna("rooms", "add", "8001", "--owner", "1001", "--pin", "4711", "--record")
    done = anna("users", "remove", "1001")
    assert "8001, which was their room, belongs to the pool now, without a PIN" in done.stdout
    (room,) = listed(anna)
    assert (room["pool"], room["has_pin"], room["recorded"]) == (True, False, False)
    assert "pool" not in anna("users", "remove", "1002").stdout


def test_no_user_gets_the_number_of_a_room(anna: Ringplan) -> None:
    anna("rooms", "add", "8001", "--pool")
    for words in (("add", "8001"), ("set", "1001", "--extension", "8001"), ("set", "1001", "--phone", "8001")):
        done = anna("users", *words)
        assert (done.exit_code, "8001" in done.stderr) == (1, True), done.output
