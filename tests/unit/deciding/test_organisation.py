"""What holds for everybody becomes what is given, and public holidays have names."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.deciding.organisation import Given, changed, coming_holidays
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Mode, Organisation
from gateway.errors import Misconfigured

OURS = Organisation(ZoneInfo("Europe/Stockholm"), hours=WorkingHours(country="DE", subdivision="BY"), marker="//")


def test_what_is_not_given_stays():
    assert changed(OURS, Given()) == OURS


def test_another_country_has_no_part_of_the_one_before():
    assert changed(OURS, Given(country="se")).hours == WorkingHours(country="SE")


def test_who_has_no_holidays_any_more_has_none_of_a_part_either():
    assert changed(OURS, Given(country="")).hours == WorkingHours()


def test_the_same_country_keeps_its_part():
    assert changed(OURS, Given(country="de")).hours == OURS.hours
    assert changed(OURS, Given(subdivision="")).hours == WorkingHours(country="DE")


def test_what_is_given_is_put_and_nothing_takes_away():
    before = replace(OURS, operator="1004", permitted=("1xxx",), dial_in={"sv": "+46 8 500 100"})
    wanted = Given(mode="show-as", marker="", operator="", permitted=("",), dial_in=("", "de=+49 30 12"), grace=5)
    after = changed(before, wanted)
    assert (after.mode, after.marker, after.operator, after.permitted) == (Mode.SHOW_AS, "", None, ())
    assert (after.dial_in, after.grace) == ({"de": "+49 30 12"}, timedelta(minutes=5))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Given(zone="Nowhere"), "zone"),
        (Given(hours="weekdays"), "hours"),
        (Given(country="QQ"), "country"),
        (Given(mode="magic"), "mode"),
        (Given(permitted=("00*",)), "permitted"),
        (Given(operator="front desk"), "operator"),
        (Given(through=("+46",)), "through"),
        (Given(outside=("*",)), "outside"),
        (Given(grace=999), "grace"),
        (Given(dial_in=("fi=+358",)), "dial_in"),
        (Given(area="x"), "area"),
        (Given(shown_as="roman"), "shown-as"),
    ],
)
def test_what_cannot_be_is_named_by_its_field(wanted: Given, field: str):
    with pytest.raises(Misconfigured) as found:
        changed(OURS, wanted)
    assert found.value.values["field"] == field


@pytest.mark.parametrize(
    ("language", "name"), [("de", "Erster Weihnachtstag"), ("en", "Christmas Day"), ("sv", "Erster Weihnachtstag")]
)
def test_the_next_holidays_are_named_in_a_language_that_is_known(language: str, name: str):
    found = coming_holidays(OURS.hours, date(2026, 12, 25), language, 3)
    assert found[0] == (date(2026, 12, 25), name)
    assert [day for day, _ in found] == [date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)]


@pytest.mark.parametrize(("language", "name"), [("sv", "Juldagen"), ("de", "Juldagen"), ("en", "Christmas Day")])
def test_holidays_whose_names_are_not_known_in_a_language_have_those_of_their_country(language: str, name: str):
    assert coming_holidays(WorkingHours(country="SE"), date(2026, 12, 25), language, 1) == [(date(2026, 12, 25), name)]


def test_without_a_country_no_day_is_a_holiday():
    assert coming_holidays(WorkingHours(), date(2026, 12, 25), "sv", 3) == []
