"""Users: found, added, changed, switched off and removed by an administrator, and by nobody else."""

from datetime import timedelta

import pytest

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.store import accounts, audit, claims, devices, mailboxes, signins, users
from tests.unit.web.visiting import House

PLACE = "/administration/users"
CARL = {
    "extension": "1010", "name": "Carl Öman", "email": "Carl@Example.org c.oman@example.org", "language": "de",
    "zone": "Europe/Berlin", "phones": "2010 3010", "pbx": "main", "operator": "1002",
    "hours": "mon-thu 09:00-16:00", "through": "1003", "source": "-", "path": "",
}  # fmt: skip


async def user_at(house: House, extension: str) -> User | None:
    async with house.portal.store.read() as rows:
        return await users.by_extension(rows, extension)


async def done(house: House) -> list[tuple[str, str]]:
    async with house.portal.store.read() as rows:
        return [(one.did, one.about) for one in await audit.latest(rows, 10)]


async def test_everybody_is_listed_and_found_by_name_number_and_address(house: House):
    browser = await house.browser(house.ada)
    every = (await browser.get(PLACE)).text
    assert "3 of them take part." in every
    assert all(name in every for name in ("Anna Berg", "Otto Ek", "Ada Fors", "anna@example.org"))
    for search in ("anna", "BERG an", "1001", "anna@ex"):
        found = (await browser.get(PLACE, search=search)).text
        assert "Anna Berg" in found, search
        assert "Otto Ek" not in found, search
    assert "There is no such user." in (await browser.get(PLACE, search="%")).text
    staff = (await browser.get(PLACE, only="staff")).text
    assert "Otto Ek" in staff
    assert "Anna Berg" not in staff


async def test_a_user_is_added_with_everything_and_changed(house: House):
    browser = await house.browser(house.ada)
    assert (await browser.get(f"{PLACE}/add")).status_code == 200
    added = await browser.post(f"{PLACE}/add", CARL)
    carl = await user_at(house, "1010")
    assert carl is not None
    assert added.headers["location"] == f"{PLACE}/{carl.id}?told=added"
    assert (carl.name, carl.emails) == ("Carl Öman", ("carl@example.org", "c.oman@example.org"))
    assert (carl.phones, carl.through, carl.operator) == (("2010", "3010"), ("1003",), "1002")
    shown = await browser.get(f"{PLACE}/{carl.id}", told="added")
    assert "mon-thu 09:00-16:00" in shown.text
    assert "The user is added." in shown.text
    emptied = CARL | {"name": "", "email": "carl@example.org", "hours": "", "operator": "", "through": ""}
    changed = await browser.post(f"{PLACE}/{carl.id}/change", emptied)
    assert changed.status_code == 303
    after = await user_at(house, "1010")
    assert after is not None
    assert (after.name, after.emails, after.hours, after.operator, after.through) == (
        "", ("carl@example.org",), None, None, (),
    )  # fmt: skip
    assert (await done(house))[:2] == [("user changed", f"user {carl.id}"), ("user added", f"user {carl.id}")]


async def test_everything_that_is_wrong_is_told_in_the_form(house: House):
    browser = await house.browser(house.ada)
    answer = await browser.post(f"{PLACE}/add", CARL | {"extension": "10a", "zone": "", "email": "carl"})
    assert answer.status_code == 422
    for said in ("extension: &#39;10a&#39; is no number", "zone: is missing", "email: &#39;carl&#39; is no e-mail"):
        assert said in answer.text, said
    assert 'value="Carl Öman"' in answer.text
    taken = await browser.post(f"{PLACE}/add", CARL | {"phones": "1001"})
    assert taken.status_code == 422
    assert "the number 1001 already belongs to a user" in taken.text
    assert await user_at(house, "1010") is None


async def test_what_is_wrong_is_told_in_the_readers_language(house: House):
    browser = await house.browser(house.ada)
    browser.client.cookies.set("language", "sv")
    answer = await browser.post(f"{PLACE}/add", CARL | {"extension": "10a"})
    assert "anknytning: ”10a” är inget nummer" in answer.text


async def test_a_service_account_reads_whose_calendar_it_is_told_to(house: House):
    async with house.portal.store.write() as rows:
        await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))
    browser = await house.browser(house.ada)
    assert '<option value="office" selected>' in (await browser.get(f"{PLACE}/add")).text
    await browser.post(f"{PLACE}/add", CARL)
    fields = CARL | {"extension": "1011", "phones": "", "email": "d@example.org"}
    await browser.post(f"{PLACE}/add", fields | {"source": "office", "path": "/d/"})
    dora = await user_at(house, "1011")
    assert dora is not None
    fields |= {"source": "", "refresh": "2h", "calendar": "yes"}
    changed = await browser.post(f"{PLACE}/{dora.id}/change", fields)
    assert changed.status_code == 303
    async with house.portal.store.read() as rows:
        (box,) = await mailboxes.every(rows)
    assert (box.user, box.path, box.refresh, box.calendar) == (dora.id, "/d/", 7200, True)
    assert "reader at office" in (await browser.get(PLACE, search="1011")).text
    browser.client.cookies.set("language", "de")
    assert "reader bei office" in (await browser.get(PLACE, search="1011")).text


async def test_the_last_administrator_stays(house: House):
    async with house.portal.store.write() as rows:
        await signins.remove(rows, house.root.id)
    browser = await house.browser(house.ada)
    ada = house.ada.user
    for place, fields in (("remove", {}), ("enabled", {"enabled": "no"}), ("role", {"role": "user"})):
        refused = await browser.post(f"{PLACE}/{ada}/{place}", fields)
        assert refused.status_code == 409, place
        assert "this is the last administrator" in refused.text
    assert await user_at(house, "1003") is not None


async def test_a_user_is_switched_off_and_on_and_removed(house: House):
    browser, anna = await house.browser(house.ada), await house.browser(house.anna)
    await browser.post(f"{PLACE}/{house.anna.user}/enabled", {"enabled": "no"})
    assert (await anna.get("/")).status_code == 303
    await browser.post(f"{PLACE}/{house.anna.user}/enabled", {"enabled": "yes"})
    assert (await (await house.browser(house.anna)).get("/")).status_code == 200
    assert (await anna.get("/")).status_code == 303, "she signs in anew"
    assert "Remove Anna Berg?" in (await browser.get(f"{PLACE}/{house.anna.user}/remove")).text
    assert (await browser.post(f"{PLACE}/{house.anna.user}/remove")).headers["location"] == f"{PLACE}?told=removed"
    assert await user_at(house, "1001") is None
    assert (await browser.get(f"{PLACE}/{house.anna.user}")).status_code == 404


@pytest.mark.parametrize("path", ["", "/add", "/1", "/1/change", "/1/remove"])
async def test_nobody_else_sees_them(house: House, path: str):
    for signin in (house.anna, house.otto):
        assert (await (await house.browser(signin)).get(PLACE + path)).status_code == 403


async def test_somebody_is_invited_by_a_link_that_is_shown_once(house: House):
    browser = await house.browser(house.ada)
    await browser.post(f"{PLACE}/add", CARL)
    carl = await user_at(house, "1010")
    assert carl is not None
    invited = await browser.post(f"{PLACE}/{carl.id}/invitation")
    assert invited.status_code == 200
    assert "http://portal.example.org/welcome/" in invited.text
    assert "/welcome/" not in (await browser.get(f"{PLACE}/{carl.id}")).text
    assert "invited, no password yet" in (await browser.get(f"{PLACE}/{carl.id}")).text
    assert (await done(house))[0][0] == "invited"
    changed = await browser.post(f"{PLACE}/{carl.id}/role", {"role": "operator"})
    assert changed.headers["location"] == f"{PLACE}/{carl.id}?told=role"
    async with house.portal.store.read() as rows:
        signin = await signins.of_user(rows, carl.id)
    assert signin is not None
    assert signin.role is Role.OPERATOR
    assert (await browser.post(f"{PLACE}/{carl.id}/role", {"role": "king"})).status_code == 409


async def test_sessions_telephones_and_addresses_of_somebody_are_decided(house: House):
    browser, anna = await house.browser(house.ada), await house.browser(house.anna)
    assert house.anna.user is not None
    user = house.anna.user
    async with house.portal.store.write() as rows:
        until = house.portal.clock.now() + timedelta(days=1)
        for email in ("a.berg@example.org", "boss@example.org"):
            await claims.put(rows, user, email, until, by_letter=False)
        await devices.add(rows, user, "desk", "snom")
        first, second = await claims.of(rows, user, house.portal.clock.now())
    assert "a.berg@example.org" in (await browser.get(PLACE)).text
    page = f"{PLACE}/{user}"
    assert "1 telephone has a password." in (await browser.get(page)).text
    for place, fields, told in (
        (f"claims/{first.id}", {"answer": "confirm"}, "confirmed"),
        (f"claims/{second.id}", {"answer": "refuse"}, "refused"),
        ("devices", {}, "revoked"),
        ("sessions", {}, "sessions"),
    ):
        answer = await browser.post(f"{page}/{place}", fields)
        assert answer.headers["location"] == f"{page}?told={told}"
    assert (await browser.post(f"{PLACE}/{house.otto.user}/claims/{first.id}")).status_code == 404
    after = await user_at(house, "1001")
    assert after is not None
    assert after.emails == ("anna@example.org", "a.berg@example.org")
    assert "None has a password." in (await browser.get(page)).text
    assert (await anna.get("/")).status_code == 303
