"""The organisation in the portal: what stands in the form is what holds, and the other way round."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from gateway.domain.contact import Form, Numbering
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Mode, Organisation
from gateway.store import audit, organisation
from tests.unit.web.visiting import ZONE, House

PLACE = "/administration/organisation"
FORM = {
    "zone": "Europe/Stockholm",
    "language": "de",
    "mon": "08:00-12:00, 13:00-17:00",
    "fri": "22:00-06:00",
    "country": "SE",
    "subdivision": "",
    "mode": "show_as",
    "marker": "//",
    "only_own": "yes",
    "permitted": "1xxx 0701234567",
    "operator": "1004",
    "through": "1004",
    "outside": "0046*",
    "grace": "5",
    "dial_in_sv": "+46 8 500 100",
    "phone-country": "SE",
    "area": "08",
    "outside-line": "0",
    "extension-length": "4",
    "shown-as": "national",
}
OURS = Organisation(
    ZONE,
    "de",
    WorkingHours({0: ((time(8), time(12)), (time(13), time(17))), 4: ((time(22), time(6)),)}, "SE"),
    Mode.SHOW_AS,
    marker="//",
    only_own=True,
    permitted=("1xxx", "0701234567"),
    operator="1004",
    through=("1004",),
    outside=("0046*",),
    grace=timedelta(minutes=5),
    dial_in={"sv": "+46 8 500 100"},
    numbering=Numbering("SE", "8", "0", 4, Form.NATIONAL),
)


async def kept(house: House) -> Organisation:
    async with house.portal.store.read() as rows:
        return await organisation.get(rows)


async def test_what_is_typed_holds_and_stands_in_the_form(house: House):
    browser = await house.browser(house.ada)
    assert (await browser.post(PLACE, FORM)).headers["location"] == f"{PLACE}?told=changed"
    assert await kept(house) == OURS
    page = (await browser.get(PLACE)).text
    assert 'value="08:00-12:00 13:00-17:00"' in page
    assert 'value="1xxx 0701234567"' in page
    assert (await browser.post(PLACE, FORM)).headers["location"] == f"{PLACE}?told=same"
    async with house.portal.store.read() as rows:
        assert [one.did for one in await audit.latest(rows, 10)] == ["organisation changed"]


async def test_the_next_holidays_are_shown_by_name(house: House):
    async with house.portal.store.write() as rows:
        await organisation.put(rows, OURS)
    page = (await (await house.browser(house.ada)).get(PLACE)).text
    assert "Christmas Day" in page
    assert "Friday 25 December 2026" in page


async def test_where_nobody_works_everything_is_empty_and_taken_away(house: House):
    async with house.portal.store.write() as rows:
        await organisation.put(rows, OURS)
    browser = await house.browser(house.ada)
    empty = dict.fromkeys(FORM, "") | {"zone": "Europe/Stockholm", "language": "sv", "mode": "codes", "grace": "15"}
    del empty["only_own"]
    assert (await browser.post(PLACE, empty | {"extension-length": "5", "shown-as": "written"})).status_code == 303
    assert await kept(house) == replace(Organisation(ZONE), hours=WorkingHours({}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zone", "Nowhere"),
        ("language", "no"),
        ("tue", "8-17"),
        ("country", "QQ"),
        ("mode", "magic"),
        ("permitted", "00*"),
        ("operator", "front desk"),
        ("through", "+46"),
        ("outside", "*"),
        ("grace", "999"),
        ("grace", "many"),
        ("dial_in_sv", "call us"),
        ("phone-country", "XX"),
        ("area", "abc"),
        ("outside-line", "9,"),
        ("extension-length", "0"),
        ("shown-as", "roman"),
    ],
)
async def test_what_cannot_be_changes_nothing_and_stays_in_the_form(house: House, name: str, value: str):
    before = await kept(house)
    answer = await (await house.browser(house.ada)).post(PLACE, FORM | {name: value})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert value in answer.text
    assert await kept(house) == before
