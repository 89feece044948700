"""Codes in the portal and in the API: seen, changed, removed with what follows, and tried without a trace."""

from dataclasses import replace

import pytest

from gateway.domain.code import Availability, Behaviour, Code, Takes, Treatment
from gateway.store import audit, codes, organisation
from tests.unit.web.visiting import ZONE, House

QUIET = Treatment(announce=False, then=Behaviour.RING)
TELLS = Treatment(announce=True, then=Behaviour.TARGET)
FORM = {
    "key": "dentist",
    "name": "tand, zahn",
    "text_sv": "Hos tandläkaren",
    "text_de": "Beim Zahnarzt",
    "text_en": "At the dentist",
    "reason": "dentist",
    "internal": "ring",
    "external": "voicemail",
    "external_announce": "yes",
    "target": "1004",
    "presence": "do-not-disturb",
    "digit": "77",
    "takes": "time",
    "sensitive": "yes",
}


@pytest.fixture
async def office(house: House) -> House:
    async with house.portal.store.write() as rows:
        for one in await codes.every(rows):
            await codes.remove(rows, one.key)
        await codes.put(
            rows, Code("meeting", ("M", "MÖT"), "meeting", {"en": "In a meeting"}, TELLS, TELLS, shown=True)
        )
        await organisation.put(rows, replace(await organisation.get(rows), zone=ZONE))
    return house


async def test_a_code_is_added_as_the_form_says(office: House):
    browser = await office.browser(office.ada)
    assert (await browser.get("/administration/codes/new")).status_code == 200
    answer = await browser.post("/administration/codes/new", FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/administration/codes?told=added")
    shown = await browser.get("/administration/codes", told="added")
    assert "TAND ZAHN" in shown.text
    assert "At the dentist" in shown.text
    async with office.portal.store.read() as rows:
        code = await codes.get(rows, "dentist")
        (noted,) = await audit.latest(rows, 10)
    assert code == Code(
        "dentist",
        ("TAND", "ZAHN"),
        "dentist",
        {"sv": "Hos tandläkaren", "de": "Beim Zahnarzt", "en": "At the dentist"},
        internal=QUIET,
        external=Treatment(announce=True, then=Behaviour.VOICEMAIL),
        target="1004",
        sensitive=True,
        availability=Availability.DO_NOT_DISTURB,
        digit="77",
        takes=Takes.TIME,
    )
    assert (noted.did, noted.about) == ("code added", "code dentist")


async def test_a_code_that_is_saved_as_it_is_stays_as_it_is(office: House):
    browser = await office.browser(office.ada)
    shown = await browser.get("/administration/codes/edit/meeting")
    assert 'value="M MÖT"' in shown.text
    form = {"name": "M MÖT", "text_en": "In a meeting", "reason": "meeting", "internal": "target", "shown": "yes"}
    form |= {"external": "target", "internal_announce": "yes", "external_announce": "yes", "presence": "away"}
    answer = await browser.post("/administration/codes/edit/meeting", form | {"takes": "time"})
    assert answer.status_code == 303
    async with office.portal.store.read() as rows:
        assert await audit.latest(rows, 10) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "M2"}, "cannot be a code"),
        ({"name": "m"}, "is already a name of the code meeting"),
        ({"digit": "0"}, "cannot be dialled"),
        ({"target": "+46"}, "is no number"),
        ({"key": "meeting"}, "is a code already"),
        ({"key": "Tand"}, "cannot name a code"),
        ({"reason": "på lunch"}, "cannot name a sound"),
        ({"name": ""}, "people must be able to write it"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_stays(office: House, wrong: dict[str, str], said: str):
    browser = await office.browser(office.ada)
    answer = await browser.post("/administration/codes/new", FORM | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Hos tandläkaren" in answer.text
    async with office.portal.store.read() as rows:
        assert [one.key for one in await codes.every(rows)] == ["meeting"]


async def test_removing_a_code_says_first_what_follows(office: House):
    browser = await office.browser(office.ada)
    assert "Diversions that end" in (await browser.get("/administration/codes/remove/meeting")).text
    assert (await browser.post("/administration/codes/remove/meeting")).status_code == 303
    assert (await browser.get("/administration/codes/remove/meeting")).status_code == 404
    assert "There is no code yet" in (await browser.get("/administration/codes")).text


async def test_a_subject_is_tried_and_leaves_no_trace(office: House):
    browser = await office.browser(office.ada)
    answer = await browser.post("/administration/codes/try", {"subject": "M: Styrgrupp"})
    assert answer.status_code == 200
    assert "diverts the telephone" in answer.text
    refused = await browser.post("/administration/codes/try", {"subject": "M:>00900123 Göteborg"})
    assert "00900123 is not permitted" in refused.text
    led = await browser.post("/administration/codes/try", {"subject": "M:>1002 Göteborg"})
    assert "1002" in led.text
    assert "is not permitted" not in led.text
    assert "nothing of it is kept" in (await browser.post("/administration/codes/try", {"subject": "Mail: x"})).text
    async with office.portal.store.read() as rows:
        assert await audit.latest(rows, 10) == []
