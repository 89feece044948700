"""My absences by API: as on the page."""

import pytest

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.signin import Scope
from tests.unit.web.away import at, by_hand, id_of, made_busy
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import House


@pytest.fixture
async def busy(house: House) -> House:
    return await made_busy(house)


async def test_a_program_sets_and_ends_as_a_page_does(busy: House):
    program = await busy.program(busy.anna, Scope.OWN_READ, Scope.OWN_WRITE)
    told = (await program.call("GET", "/absences")).json()
    assert (told["now"]["code"], told["now"]["until"]) == ("lunch", "2026-11-23T13:00:00+01:00")
    assert told["now"]["back"] == "2026-11-24T08:00:00+01:00"
    assert [(one["kind"], one["code"]) for one in told["beside"]] == [("information", "training")]
    assert [one["code"] for one in told["coming"]] == ["trip", "meeting", "lunch"]
    assert (told["running"], told["rings_anyway"]) == (True, [])
    body = {"code": "SJU", "until": "2026-11-23T15:00:00+00:00", "target": "1002"}
    told = (await program.call("PUT", "/absences/by-hand", body)).json()
    assert (told["now"]["code"], told["now"]["reason"], told["now"]["by_hand"]) == ("sick", "Off sick", True)
    assert (told["now"]["colleagues"], told["now"]["target"]) == ({"announce": True, "then": "target"}, "1002")
    expected = Diversion(id_of(busy.anna), BY_HAND, "sick", NOON, at(23, 16), target="1002", by_hand=True)
    assert await by_hand(busy, busy.anna) == expected
    told = (await program.call("DELETE", "/absences/now")).json()
    assert told["now"] is None
    assert sorted((one["kind"], one["code"]) for one in told["beside"]) == [
        ("dismissed", "lunch"),
        ("dismissed", "trip"),
        ("information", "training"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"code": "M"},
        {"code": "nonsense", "until": "2026-11-23T15:00:00Z"},
        {"code": "M", "until": "2026-11-23T15:00:00"},
        {"code": "M", "until": "15:00"},
        {"code": "M", "until": "2026-11-23T11:00:00Z"},
        {"code": "M", "until": "9999-12-31T23:59:59-12:00"},
        {"code": "M", "until": "2026-11-23T15:00:00Z", "target": "00900123"},
        {"code": "M", "until": "2026-11-23T15:00:00Z", "target": "1002\n"},
        {"code": "M", "until": "2026-11-23T15:00:00Z", "user": 1},
        {"until": "2026-11-23T15:00:00Z"},
    ],
)
async def test_a_program_is_told_what_cannot_be(house: House, body: dict[str, object]):
    program = await house.program(house.anna)
    assert (await program.call("PUT", "/absences/by-hand", body)).status_code == 422
    assert await by_hand(house, house.anna) is None


async def test_a_program_that_may_only_read_sets_nothing(house: House):
    program = await house.program(house.anna, Scope.OWN_READ)
    body = {"code": "M", "until": "2026-11-23T15:00:00Z"}
    assert (await program.call("PUT", "/absences/by-hand", body)).status_code == 403
    assert (await program.call("DELETE", "/absences/now")).status_code == 403
