"""Conferences by program: as on the pages, with what each may see."""

import pytest

from gateway.domain.conference import CallState, Result
from gateway.domain.signin import Scope
from gateway.planning.conference.calling import who_of
from tests.unit.web.conferring import OUTSIDE, Held, hold
from tests.unit.web.visiting import House


@pytest.fixture
async def held(house: House) -> Held:
    return await hold(house)


async def test_the_organiser_is_told_all_of_it(held: Held):
    program = await held.house.program(held.house.anna)
    await held.put(held.attempt(held.otto, 1, CallState.OVER, Result.BUSY))
    await held.comes(f"user:{held.house.anna.user}")
    (short,) = (await program.call("GET", "/conferences")).json()
    assert (short["name"], short["room"], short["pin"], short["state"]) == (held.one.name, "8001", "471199", "running")
    assert (short["subject"], short["asked"], short["inside"], short["left_out"]) == ("Budget", 3, 1, 1)
    found = (await program.call("GET", held.path)).json()
    assert found["conference"] == short
    anna, otto, eva = found["people"]
    assert (anna["extension"], anna["stays"][0]["left"], anna["calls"]) == ("1001", None, [])
    assert (otto["name"], otto["address"], otto["calls"][0]["result"]) == ("Otto Ek", "otto@example.org", "busy")
    assert (eva["extension"], eva["number"], eva["who"]) == (None, OUTSIDE, who_of(held.one, held.eva))
    assert found["left_out"] == [{"address": "zoe@example.org", "why": "unknown"}]


async def test_who_is_asked_is_told_who_is_asked_and_in(held: Held):
    program = await held.house.program(held.house.otto)
    await held.put(held.attempt(held.otto, 1, CallState.OVER, Result.DND))
    answer = await program.call("GET", held.path)
    assert [one["extension"] for one in answer.json()["people"]] == ["1001", "1002", None]
    for hidden in (OUTSIDE, "example", "dnd", who_of(held.one, held.otto)):
        assert hidden not in answer.text
    assert (await program.call("GET", "/conferences")).json()[0]["left_out"] == 0
    assert (await program.call("POST", f"{held.path}/calls", {"extension": "1001"})).status_code == 403


async def test_who_is_not_asked_is_told_nothing(held: Held):
    program = await held.house.program(held.house.ada)
    assert (await program.call("GET", "/conferences")).json() == []
    assert (await program.call("GET", held.path)).status_code == 404
    assert (await program.call("POST", f"{held.path}/calls", {"extension": "1003"})).status_code == 404
    assert (await (await held.house.program(held.house.root)).call("GET", "/conferences")).status_code == 404


async def test_sent_twice_there_is_one_call(held: Held):
    program = await held.house.program(held.house.anna)
    for is_new in (True, False):
        answer = await program.call("POST", f"{held.path}/calls", {"who": who_of(held.one, held.otto)})
        assert (answer.status_code, answer.json()) == (201, {"new": is_new})
    assert len(await held.attempts()) == 1


async def test_who_cannot_be_called(held: Held):
    program = await held.house.program(held.house.anna)
    for status, body in (
        (422, {}),
        (422, {"who": "0" * 32, "extension": "1002"}),
        (422, {"extension": "1999"}),
        (422, {"extension": "*1"}),
        (409, {"who": "0" * 32}),
    ):
        assert (await program.call("POST", f"{held.path}/calls", body)).status_code == status, body
    reads = await held.house.program(held.house.anna, Scope.OWN_READ)
    assert (await reads.call("POST", f"{held.path}/calls", {"extension": "1002"})).status_code == 403
    assert await held.attempts() == ()
