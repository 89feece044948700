"""Everybody who has no password yet is invited by letter, on a page and by the API."""

from dataclasses import replace

import pytest

from gateway.domain.signin import Scope
from gateway.store import letters, signins, users
from gateway.web.portal import Portal
from tests.fakes.mail import FakePost
from tests.unit.web.visiting import INSTALLATION, House, a_user

PLACE = "/administration/users"


@pytest.fixture
def sends() -> bool:
    return True


@pytest.fixture
def portal(portal: Portal, sends: bool) -> Portal:
    post = FakePost() if sends else None
    return replace(portal, installation=replace(INSTALLATION, sends_mail=sends), post=post)


@pytest.fixture
async def house(house: House) -> House:
    """Ada has a password, Anna and Otto have none; Eva has no address."""
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, house.ada.id, "a hash")
        await users.add(rows, replace(a_user("1011", "Eva Malm", ""), emails=()))
    return house


async def waiting(house: House) -> tuple[int, ...]:
    async with house.portal.store.read() as rows:
        return tuple(await letters.waiting(rows))


async def refuse(house: House) -> None:
    async with house.portal.store.write() as rows:
        await letters.refuse(rows, house.otto.id, house.portal.clock.now())


async def test_everybody_is_invited_after_it_is_said_how_many(house: House):
    browser = await house.browser(house.ada)
    assert f"{PLACE}/invitations" in (await browser.get(PLACE)).text
    asked = (await browser.get(f"{PLACE}/invitations")).text
    for told in (
        "2 users get a letter",
        "1 user without a password has no e-mail address.",
        "Send 2 letters",
        "lead to http://portal.example.org,",
    ):
        assert told in asked
    assert await waiting(house) == ()
    done = await browser.post(f"{PLACE}/invitations")
    assert done.headers["location"] == f"{PLACE}?told=invited"
    assert await waiting(house) == (house.anna.id, house.otto.id)
    again = (await browser.get(f"{PLACE}/invitations")).text
    assert "Nobody is left to invite" in again
    assert "2 letters wait already." in again
    assert "Send" not in again


async def test_who_waits_is_refused_or_has_no_address_is_found(house: House):
    browser = await house.browser(house.ada)
    await browser.post(f"{PLACE}/invitations")
    await refuse(house)
    every = (await browser.get(PLACE)).text
    assert "1 letter with an invitation waits to be sent." in every
    names = {"waiting": "Anna Berg", "refused": "Otto Ek", "unaddressed": "Eva Malm"}
    for only, name in names.items():
        found = (await browser.get(PLACE, only=only)).text
        assert [one for one in (*names.values(), "Ada Fors") if one in found] == [name]
    assert "letter waiting" in (await browser.get(f"{PLACE}/{house.anna.user}")).text
    assert "is the address right?" in (await browser.get(f"{PLACE}/{house.otto.user}")).text
    assert "letter waiting" not in (await browser.get(f"{PLACE}/{house.ada.user}")).text


async def test_one_letter_waits_as_all_do_and_a_link_takes_its_place(house: House):
    browser = await house.browser(house.ada)
    page = f"{PLACE}/{house.anna.user}"
    done = await browser.post(f"{page}/invitation", {"letter": "yes", "role": "operator"})
    assert done.headers["location"] == f"{page}?told=invited"
    assert await waiting(house) == (house.anna.id,)
    shown = await browser.post(f"{page}/invitation")
    assert "/welcome/" in shown.text
    assert await waiting(house) == ()


@pytest.mark.parametrize("sends", [False])
async def test_without_mail_there_is_no_button_and_nothing_waits(house: House):
    browser, program = await house.browser(house.ada), await house.program(house.ada)
    assert f"{PLACE}/invitations" not in (await browser.get(PLACE)).text
    assert "No mail is sent from here" in (await browser.get(f"{PLACE}/invitations")).text
    refused = await browser.post(f"{PLACE}/invitations")
    assert 400 <= refused.status_code < 500
    assert (await program.call("POST", "/users/invitations")).status_code == 422
    assert await waiting(house) == ()


async def test_a_program_invites_everybody(house: House):
    program = await house.program(house.ada, Scope.ADMINISTRATION_WRITE, Scope.ADMINISTRATION_READ)
    done = await program.call("POST", "/users/invitations")
    assert (done.status_code, done.json()) == (200, {"invited": 2, "waiting": 2, "unaddressed": 1})
    assert (await program.call("POST", "/users/invitations")).json() == {"invited": 0, "waiting": 2, "unaddressed": 1}
    await refuse(house)
    for only, extension in (("waiting", "1001"), ("refused", "1002"), ("unaddressed", "1011")):
        found = (await program.call("GET", "/users", only=only)).json()["users"]
        assert [one["extension"] for one in found] == [extension]
    assert (await program.call("GET", "/users/1001")).json()["letter"] == "waits"
    assert (await program.call("GET", "/users/1002")).json()["letter"] == "refused"
    assert (await program.call("GET", "/users/1003")).json()["letter"] is None


async def test_by_the_api_a_letter_to_one_waits_for_the_mail_server_too(house: House):
    program = await house.program(house.ada)
    answer = await program.call("POST", "/users/1001/invitation", {"by_letter": True, "role": "operator"})
    assert (answer.status_code, answer.json()) == (201, {"link": None, "until": None})
    assert await waiting(house) == (house.anna.id,)
    told = (await program.call("GET", "/users/1001")).json()
    assert (told["role"], told["letter"]) == ("operator", "waits")
    assert (await program.call("POST", "/users/1011/invitation", {"by_letter": True})).status_code == 422
    assert isinstance(house.portal.post, FakePost)
    assert not house.portal.post.sent, "the running gateway sends them, one after the other"
