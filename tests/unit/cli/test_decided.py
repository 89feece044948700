"""`organisation` and `codes`: what the organisation decides."""

import json

import pytest

from tests.unit.cli.conftest import Ringplan


def organisation(ringplan: Ringplan) -> dict[str, object]:
    found = json.loads(ringplan("organisation", "show", "--json").stdout)
    assert isinstance(found, dict)
    return found


def test_the_organisation_is_changed_as_far_as_something_is_said(ringplan: Ringplan) -> None:
    done = ringplan(
        "organisation", "set", "--hours", "mon-thu 08:00-12:00 13:00-17:00; fri 08:00-14:00", "--marker", "//"
    )
    assert done.exit_code == 0, done.stderr
    assert ringplan("organisation", "set", "--permit", "1xxx", "--permit", "0701234567", "--only-own").exit_code == 0
    found = organisation(ringplan)
    assert found["hours"] == "mon-thu 08:00-12:00 13:00-17:00; fri 08:00-14:00"
    assert (found["marker"], found["permitted"], found["only_own"]) == ("//", ["1xxx", "0701234567"], True)
    assert (found["zone"], found["country"]) == ("Europe/Stockholm", "SE")
    assert "as it was" in ringplan("organisation", "set", "--marker", "//").stdout
    ringplan("organisation", "set", "--permit", "", "--country", "de", "--subdivision", "by", "--mode", "show-as")
    found = organisation(ringplan)
    assert (found["permitted"], found["country"], found["subdivision"]) == ([], "DE", "BY")
    assert found["mode"] == "show_as"
    assert ringplan("organisation", "set", "--through", "1004", "--through", "0701234567").exit_code == 0
    assert organisation(ringplan)["through"] == ["1004", "0701234567"]
    assert "1004 0701234567" in ringplan("organisation", "show").stdout
    ringplan("organisation", "set", "--through", "")
    assert organisation(ringplan)["through"] == []


def test_what_holds_for_conferences_is_kept_as_far_as_something_is_said(ringplan: Ringplan) -> None:
    found = organisation(ringplan)
    assert (found["outside"], found["grace"], found["dial_in"]) == ([], 15, {})
    assert "none: conferences call nobody outside" in ringplan("organisation", "show").stdout
    words = ("--outside", "0046*", "--outside", "07XXXXXXXX", "--grace", "5", "--dial-in", "sv=+46 8 500 100")
    assert ringplan("organisation", "set", *words).exit_code == 0
    ringplan("organisation", "set", "--dial-in", "de = +49 30 1234-0")
    found = organisation(ringplan)
    assert (found["outside"], found["grace"]) == (["0046*", "07xxxxxxxx"], 5)
    assert found["dial_in"] == {"sv": "+46 8 500 100", "de": "+49 30 1234-0"}
    assert "sv +46 8 500 100, de +49 30 1234-0" in ringplan("organisation", "show").stdout
    ringplan("organisation", "set", "--dial-in", "sv=", "--outside", "")
    found = organisation(ringplan)
    assert (found["outside"], found["dial_in"]) == ([], {"de": "+49 30 1234-0"})
    ringplan("organisation", "set", "--dial-in", "")
    assert organisation(ringplan)["dial_in"] == {}


@pytest.mark.parametrize(
    "words",
    [
        ("--zone", "Nowhere"),
        ("--language", "no"),
        ("--hours", "weekdays 8-17"),
        ("--country", "QQ"),
        ("--mode", "magic"),
        ("--permit", "00*"),
        ("--operator", "front desk"),
        ("--through", "+46"),
        ("--outside", "+46*"),
        ("--outside", "*"),
        ("--grace", "999"),
        ("--dial-in", "+46850010"),
        ("--dial-in", "fi=+358 9 1"),
        ("--dial-in", "sv=call us"),
    ],
)
def test_what_an_organisation_cannot_be_is_told(ringplan: Ringplan, words: tuple[str, ...]) -> None:
    before = organisation(ringplan)
    done = ringplan("organisation", "set", *words)
    assert done.exit_code == 2
    assert words[1] in done.stderr
    assert organisation(ringplan) == before


def code(ringplan: Ringplan, key: str) -> dict[str, object]:
    (found,) = [one for one in json.loads(ringplan("codes", "list", "--json").stdout) if one["key"] == key]
    assert isinstance(found, dict)
    return found


def test_a_code_is_changed_added_and_removed(ringplan: Ringplan) -> None:
    words = ("--target", "1004", "--internal", "quiet,ring", "--external", "announce,voicemail", "--sensitive")
    done = ringplan("codes", "set", "meeting", *words)
    assert done.exit_code == 0, done.stderr
    found = code(ringplan, "meeting")
    assert (found["target"], found["internal"], found["external"]) == ("1004", "quiet,ring", "announce,voicemail")
    assert (found["names"], found["sensitive"]) == (["M", "MÖT"], True)
    done = ringplan("codes", "set", "dentist", "--name", "tand", "--text-sv", "Hos tandläkaren", "--digit", "77")
    assert done.exit_code == 0, done.stderr
    found = code(ringplan, "dentist")
    assert (found["names"], found["digit"]) == (["TAND"], "77")
    assert "Hos tandläkaren" in ringplan("codes", "list").stdout
    ringplan("codes", "set", "dentist", "--takes", "date")
    assert "77     date" in ringplan("codes", "list").stdout
    assert ringplan("codes", "remove", "dentist").exit_code == 0
    assert ringplan("codes", "remove", "dentist").exit_code == 2


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("lunch", "--name", "m"), 1),
        (("lunch", "--digit", "1"), 1),
        (("lunch", "--digit", "0"), 2),
        (("lunch", "--name", "M2"), 2),
        (("lunch", "--internal", "announce"), 2),
        (("lunch", "--external", "shout,target"), 2),
        (("lunch", "--target", "+46"), 2),
        (("lunch", "--presence", "gone"), 2),
        (("lunch", "--takes", "all"), 2),
        (("lunch", "--reason", "på lunch"), 2),
        (("new",), 2),
        (("a b", "--name", "Q"), 2),
    ],
)
def test_what_a_code_cannot_be_is_told(ringplan: Ringplan, words: tuple[str, ...], status: int) -> None:
    before = ringplan("codes", "list").stdout
    done = ringplan("codes", "set", *words)
    assert done.exit_code == status
    assert done.stderr.startswith("ringplan: ")
    assert ringplan("codes", "list").stdout == before


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("m : kort avstämning", ["meeting", "diverts", "operators see it"]),
        ("M;", ["meeting", "informs only"]),
        ("Mail: lunch?", ["no known code"]),
        ("vab: hemma med Alva", ["sick_child", "is not kept"]),
        ("TJR:>1001 Göteborg", ["trip", "1001"]),
        ("TJR:>00900123 Göteborg", ["trip", "00900123 is not permitted"]),
    ],
)
def test_a_subject_is_tried_out(ringplan: Ringplan, subject: str, told: list[str]) -> None:
    ringplan("users", "add", "1001")
    done = ringplan("codes", "test", subject)
    assert done.exit_code == 0, done.stderr
    for one in told:
        assert one in done.stdout
    assert "Alva" not in done.stdout
