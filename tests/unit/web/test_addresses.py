"""My e-mail addresses: nobody may simply say that an address is theirs."""

from datetime import timedelta

import pytest

from gateway.deciding import addresses, passwords
from gateway.domain.secret import Secret
from gateway.domain.signin import SignIn
from gateway.errors import Refused
from gateway.store import audit, claims, signins, users
from gateway.store.store import Store
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.texts import Texts
from tests.fakes.clock import HandClock
from tests.fakes.mail import FakePost
from tests.unit.web.visiting import PLACE, Browser, House, portal_of

PATH = "/account/addresses"
GOOD = "four words in a row"


@pytest.fixture
def post() -> FakePost:
    return FakePost()


@pytest.fixture
def portal(store: Store, clock: HandClock, texts: Texts, post: FakePost) -> Portal:
    return portal_of(store, clock, texts, post=post)


async def of(house: House, one: SignIn) -> Browser:
    browser = await house.browser(one)
    browser.client.cookies.set("language", "en")
    async with house.portal.store.write() as rows:
        await signins.put_hash(rows, one.id, passwords.kept(Secret(GOOD)))
    return browser


async def emails(house: House, one: SignIn) -> tuple[str, ...]:
    assert one.user is not None
    async with house.portal.store.read() as rows:
        user = await users.get(rows, one.user)
    assert user is not None
    return user.emails


async def notes(house: House) -> list[str]:
    async with house.portal.store.read() as rows:
        return [one.did for one in reversed(await audit.latest(rows, 50))]


def link(post: FakePost) -> str:
    found = next(line for line in post.sent[-1].body.splitlines() if line.startswith(PLACE))
    return found.removeprefix(PLACE)


async def test_an_address_is_mine_once_i_have_confirmed_it(house: House, post: FakePost) -> None:
    browser = await of(house, house.anna)
    answer = await browser.post(PATH, {"email": " Anna.Berg@Example.org ", "present": GOOD})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?told=sent")
    assert post.sent[0].to == "anna.berg@example.org"
    assert "Anna Berg" in post.sent[0].body
    assert "waits for the link" in (await browser.get(PATH)).text
    asked = await browser.get(link(post))
    assert "anna.berg@example.org" in asked.text
    assert await emails(house, house.anna) == ("anna@example.org",)  # a link alone confirms nothing
    assert (await browser.post(link(post))).headers["location"] == f"{PATH}?told=added"
    assert await emails(house, house.anna) == ("anna@example.org", "anna.berg@example.org")
    assert (await browser.get(link(post))).status_code == 410
    assert (await browser.post(link(post))).status_code == 410
    assert await notes(house) == ["address added"]


@pytest.mark.parametrize("present", ["", "not that one"])
async def test_a_browser_that_was_left_alone_adds_none(house: House, post: FakePost, present: str) -> None:
    browser = await of(house, house.anna)
    answer = await browser.post(PATH, {"email": "thief@example.org", "present": present})
    assert (answer.status_code, "not your present password" in answer.text) == (422, True)
    async with house.portal.store.read() as rows:
        assert house.anna.user is not None
        assert await claims.of(rows, house.anna.user, house.portal.clock.now()) == ()
    assert post.sent == []


async def test_nobody_confirms_for_another(house: House, post: FakePost) -> None:
    browser, otto = await of(house, house.anna), await of(house, house.otto)
    await browser.post(PATH, {"email": "anna.berg@example.org", "present": GOOD})
    assert (await otto.get(link(post))).status_code == 410
    assert (await otto.post(link(post))).status_code == 410
    assert "anna.berg" not in (await otto.get(PATH)).text
    async with house.portal.store.read() as rows:
        assert house.anna.user is not None
        (claim,) = await claims.of(rows, house.anna.user, house.portal.clock.now())
    assert (await otto.post(f"{PATH}/claims/{claim.id}/remove")).status_code == 404
    assert (await browser.post(f"{PATH}/claims/{claim.id}/remove")).status_code == 303
    assert (await browser.get(link(post))).status_code == 410


async def test_a_letter_is_good_for_a_day(house: House, post: FakePost, clock: HandClock) -> None:
    browser = await of(house, house.anna)
    await browser.post(PATH, {"email": "anna.berg@example.org", "present": GOOD})
    clock.turn(timedelta(hours=11))
    assert (await browser.get(link(post))).status_code == 200
    clock.turn(timedelta(hours=11))
    assert (await browser.get(link(post))).status_code == 200
    clock.turn(timedelta(hours=2))
    assert (await browser.get(link(post))).status_code == 410


async def test_whose_an_address_is_nobody_learns_and_it_stays_theirs(house: House, post: FakePost) -> None:
    browser = await of(house, house.anna)
    answers = [
        await browser.post(PATH, {"email": email, "present": GOOD})
        for email in ("otto@example.org", "free@example.org")
    ]
    assert len({(answer.status_code, answer.headers["location"], answer.text) for answer in answers}) == 1
    assert [letter.to for letter in post.sent] == ["otto@example.org", "free@example.org"]
    post.sent.pop()
    answer = await browser.post(link(post))  # as if Otto had given her the letter
    assert (answer.status_code, "belongs to somebody else" in answer.text) == (422, True)
    assert await emails(house, house.otto) == ("otto@example.org",)
    assert await emails(house, house.anna) == ("anna@example.org",)


@pytest.mark.parametrize(
    "email", ["", "anna", "a@b@c", "anna@example.org", f"{'x' * 250}@example.org", "a b@example.org"]
)
async def test_what_is_no_address_or_mine_already_is_said_to_be(house: House, post: FakePost, email: str) -> None:
    browser = await of(house, house.anna)
    answer = await browser.post(PATH, {"email": email, "present": GOOD})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert post.sent == []


async def test_nobody_is_flooded_with_letters(house: House, post: FakePost) -> None:
    browser = await of(house, house.anna)
    fields = [{"email": f"a{number}@example.org", "present": GOOD} for number in range(5)]
    answers = [(await browser.post(PATH, one)).status_code for one in fields]
    assert answers == [303, 303, 303, 429, 429]
    assert len(post.sent) == 3


async def test_the_main_one_is_chosen_and_the_last_one_stays(house: House) -> None:
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        claimed, _ = await addresses.claim(rows, anna, "b@example.org", house.portal.clock.now(), by_letter=False)
        (claim,) = await claims.waiting(rows, house.portal.clock.now())
        await addresses.confirm(rows, claim, house.portal.clock.now(), "signin 3")
        assert claimed == "b@example.org"
    browser = await of(house, house.anna)
    assert (await browser.post(f"{PATH}/main", {"email": "otto@example.org"})).status_code == 404
    assert (await browser.post(f"{PATH}/main", {"email": "b@example.org"})).status_code == 303
    assert await emails(house, house.anna) == ("b@example.org", "anna@example.org")
    assert (await browser.post(f"{PATH}/remove", {"email": "otto@example.org"})).status_code == 404
    assert (await browser.post(f"{PATH}/remove", {"email": "b@example.org"})).status_code == 303
    answer = await browser.post(f"{PATH}/remove", {"email": "anna@example.org"})
    assert (answer.status_code, "your only address" in answer.text) == (422, True)
    assert await emails(house, house.anna) == ("anna@example.org",)
    assert await notes(house) == ["address added", "main address changed", "address removed"]


async def test_without_mail_an_administrator_decides(
    house: House, store: Store, clock: HandClock, texts: Texts
) -> None:
    silent = portal_of(store, clock, texts)
    quiet = House(silent, application(silent), house.anna, house.otto, house.ada, house.root)
    browser = await of(quiet, quiet.anna)
    for email in ("b@example.org", "c@example.org", "otto@example.org"):
        assert (await browser.post(PATH, {"email": email, "present": GOOD})).headers["location"] == f"{PATH}?told=waits"
    assert (await browser.get(PATH)).text.count("waits for an administrator") == 3
    async with store.write() as rows:
        b, c, ottos = await claims.waiting(rows, clock.now())
        await addresses.confirm(rows, b, clock.now(), "signin 3")
        await addresses.refuse(rows, c, clock.now(), "signin 3")
        with pytest.raises(Refused):
            await addresses.confirm(rows, ottos, clock.now(), "signin 3")
    assert await emails(house, house.anna) == ("anna@example.org", "b@example.org")
    assert await notes(house) == ["address added", "address refused"]


async def test_somebody_has_only_so_many(house: House, store: Store) -> None:
    async with store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        now = house.portal.clock.now()
        for number in range(addresses.MOST_CLAIMED):
            await addresses.claim(rows, anna, f"a{number}@example.org", now, by_letter=True)
        await addresses.claim(rows, anna, "a0@example.org", now, by_letter=True)  # the same once more
        with pytest.raises(Refused):
            await addresses.claim(rows, anna, "another@example.org", now, by_letter=True)


async def test_who_has_no_telephone_here_has_no_addresses(house: House) -> None:
    browser = await of(house, house.root)
    assert (await browser.get(PATH)).status_code == 404
    assert (await browser.post(PATH, {"email": "a@example.org", "present": GOOD})).status_code == 404


@pytest.mark.parametrize(("language", "said"), [("sv", "Mina e-postadresser"), ("de", "Meine E-Mail-Adressen")])
async def test_the_page_is_in_the_chosen_language(house: House, language: str, said: str) -> None:
    browser = await house.browser(house.anna)
    browser.client.cookies.set("language", language)
    assert f"<h1>{said}</h1>" in (await browser.get(PATH)).text
