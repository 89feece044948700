"""Phones: each with a password of its own, which nobody sees who has not asked for it."""

import re
from dataclasses import replace
from html import unescape

import pytest

from gateway.deciding.installation import Reach
from gateway.domain.signin import Scope
from gateway.planning.handsets import Listener
from gateway.store import audit, devices
from gateway.web.portal import Portal
from tests.unit.web.visiting import INSTALLATION, Browser, House, house_of

MAC = "0004f2aabbcc"


async def added(browser: Browser, **fields: str) -> str:
    """Add a telephone, and return where its page is."""
    answer = await browser.post("/phones", {"vendor": "yealink", "name": "desk", "shown_as": "", **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def password_of(house: House, place: str) -> str:
    async with house.portal.store.read() as rows:
        (device,) = [one for one, _ in await devices.every(rows) if place == f"/phones/{one.id}"]
        return (await devices.password(rows, device)).reveal()


async def noted(house: House) -> list[tuple[str, str, str]]:
    async with house.portal.store.read() as rows:
        return [(one.who, one.did, one.about) for one in reversed(await audit.latest(rows, 100))]


async def test_a_telephone_is_added_shown_changed_and_removed(house: House):
    browser = await house.browser(house.anna)
    place = await added(browser, name="00:04:F2:AA:BB:CC", shown_as="e164")
    assert place == "/phones/1"
    listed = (await browser.get("/phones")).text
    assert MAC in listed
    assert "with country: +46812345" in listed
    changed = await browser.post(place, {"vendor": "snom", "shown_as": ""})
    assert (changed.status_code, changed.headers["location"]) == (303, "/phones/1?told=changed")
    assert "Snom" in (await browser.get("/phones")).text
    gone = await browser.post(f"{place}/revoke")
    assert (gone.status_code, gone.headers["location"]) == (303, "/phones?told=revoked")
    assert MAC not in (await browser.get("/phones")).text
    who = f"signin {house.anna.id}"
    assert await noted(house) == [(who, f"phone {did}", "device 1") for did in ("added", "changed", "revoked")]


async def test_the_password_is_shown_to_who_asks_for_it_and_that_is_noted(house: House):
    browser = await house.browser(house.anna)
    place = await added(browser)
    password = await password_of(house, place)
    for page in ("/phones", place, f"{place}?told=added"):
        assert password not in (await browser.get(page)).text
    shown = await browser.post(f"{place}/show")
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert f"<code>{password}</code>" in shown.text
    assert 'src="data:image/svg+xml' in shown.text
    assert "uid=1,ou=people,dc=contacts" in shown.text
    assert (f"signin {house.anna.id}", "phone settings shown", "device 1") in await noted(house)
    assert password not in str(await noted(house))


@pytest.mark.parametrize(
    ("vendor", "name", "file", "kind", "says"),
    [
        ("yealink", MAC, f"{MAC}.cfg", "text/plain; charset=utf-8", "ldap.host = pbx.example.org"),
        ("snom", MAC, "snom-0004F2AABBCC.xml", "application/xml", '<ldap_server perm="">pbx.example.org'),
        ("poly", "desk", "ldap-000000000000.cfg", "application/xml", "ldaps://pbx.example.org"),
        ("other", "soft", "000000000000.txt", "text/plain; charset=utf-8", "encryption = LDAPS"),
    ],
)
async def test_settings_are_the_file_that_the_maker_asks_for(
    house: House, vendor: str, name: str, file: str, kind: str, says: str
):
    browser = await house.browser(house.anna)
    place = await added(browser, vendor=vendor, name=name)
    answer = await browser.post(f"{place}/file")
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, "no-store")
    assert says in answer.text
    assert await password_of(house, place) in answer.text
    assert (f"signin {house.anna.id}", "phone settings shown", "device 1") in await noted(house)


async def test_any_other_telephone_has_everything_to_be_typed_in(house: House):
    browser = await house.browser(house.anna)
    shown = unescape((await browser.post(f"{await added(browser, vendor='other')}/show")).text)
    values = dict(re.findall(r"<dt>(.*?)</dt><dd><code>(.*?)</code>", shown))
    assert values["Server"] == "pbx.example.org"
    assert values["Port"] == "636"
    assert values["Number filter"].startswith("(|(telephoneNumber=%)")


@pytest.mark.parametrize(
    ("path", "method"), [("", "GET"), ("", "POST"), ("/show", "POST"), ("/file", "POST"), ("/revoke", "POST")]
)
async def test_somebody_elses_telephone_is_one_that_there_is_not(house: House, path: str, method: str):
    place = await added(await house.browser(house.anna))
    other = await house.browser(house.otto)
    for at in (place, "/phones/4711", "/phones/99999999999999999999"):
        answer = await (other.get(at + path) if method == "GET" else other.post(at + path, {"vendor": "snom"}))
        assert answer.status_code == 404
    async with house.portal.store.read() as rows:
        assert [one.vendor for one, _ in await devices.every(rows)] == ["yealink"]


async def test_nobody_takes_a_telephone_away_by_its_mac_address(house: House):
    await added(await house.browser(house.anna), name=MAC)
    answer = await (await house.browser(house.otto)).post("/phones", {"vendor": "snom", "name": MAC})
    assert answer.status_code == 422
    assert "somebody else" in answer.text
    async with house.portal.store.read() as rows:
        assert [one.user for one, _ in await devices.every(rows)] == [house.anna.user]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "give the telephone a name"),
        ({"name": "x" * 201}, "at most 200"),
        ({"vendor": "snum"}, "did you mean snom?"),
        ({"vendor": "mitel"}, "can be served nowhere"),
        ({"shown_as": "roman"}, "is not known"),
        ({"name": "desk"}, "a telephone of this name already"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_stays(house: House, fields: dict[str, str], says: str):
    browser = await house.browser(house.anna)
    await added(browser)
    answer = await browser.post("/phones", {"vendor": "yealink", "name": "<kitchen>", "shown_as": "", **fields})
    assert answer.status_code == 422
    assert says in unescape(answer.text)
    assert "<kitchen>" not in answer.text
    if "name" not in fields:
        assert 'value="&lt;kitchen&gt;"' in answer.text
    async with house.portal.store.read() as rows:
        assert len(await devices.every(rows)) == 1


async def test_there_are_not_more_than_so_many(house: House):
    browser = await house.browser(house.anna)
    for number in range(20):
        await added(browser, name=f"phone {number}")
    assert (await browser.post("/phones", {"vendor": "yealink", "name": "one more"})).status_code == 422
    assert 'name="vendor"' not in (await browser.get("/phones")).text


async def test_without_a_directory_there_is_nothing_to_add_and_it_is_said_why(portal: Portal):
    house = await house_of(replace(portal, installation=replace(INSTALLATION, directory=None)))
    browser = await house.browser(house.anna)
    shown = (await browser.get("/phones")).text
    assert "There is no directory here" in shown
    assert 'name="vendor"' not in shown
    assert (await browser.post("/phones", {"vendor": "yealink", "name": "desk"})).status_code == 422


async def test_who_sends_passwords_in_clear_is_told(portal: Portal):
    where = Reach("pbx.example.org", "dc=contacts", (Listener("192.0.2.1", 389, "none"),))
    house = await house_of(replace(portal, installation=replace(INSTALLATION, directory=where)))
    browser = await house.browser(house.anna)
    shown = (await browser.post(f"{await added(browser, vendor='mitel')}/show")).text
    assert "unencrypted" in shown


async def test_who_has_no_telephone_has_no_phones(house: House):
    assert (await (await house.browser(house.root)).get("/phones")).status_code == 404


async def test_programs_do_the_same(house: House):
    program = await house.program(house.anna)
    new = {"name": "00-04-F2-AA-BB-CC", "vendor": "snom"}
    made = await program.call("POST", "/phones", new)
    phone = {"id": 1, "name": MAC, "vendor": "snom", "shown_as": None}
    assert (made.status_code, made.json()) == (201, phone)
    assert (await program.call("POST", "/phones", new)).status_code == 409
    assert (await program.call("PATCH", "/phones/1", {"shown_as": "e164"})).json() == phone | {"shown_as": "e164"}
    changed = phone | {"vendor": "yealink", "shown_as": "e164"}
    assert (await program.call("PATCH", "/phones/1", {"vendor": "yealink"})).json() == changed
    assert (await program.call("PATCH", "/phones/1", {"shown_as": None})).json() == changed | {"shown_as": None}
    file = await program.call("GET", "/phones/1/settings")
    assert file.headers["content-disposition"] == f'attachment; filename="{MAC}.cfg"'
    assert await password_of(house, "/phones/1") in file.text
    assert (await program.call("DELETE", "/phones/1")).status_code == 204
    assert (await program.call("GET", "/phones")).json() == []
    did = ("added", "changed", "changed", "changed", "settings shown", "revoked")
    assert [one for _, one, _ in await noted(house)] == [f"phone {one}" for one in did]


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/phones/1"), ("DELETE", "/phones/1"), ("GET", "/phones/1/settings")]
)
async def test_programs_have_their_owners_telephones_alone(house: House, method: str, path: str):
    await added(await house.browser(house.anna))
    program = await house.program(house.ada)
    assert (await program.call(method, path, {} if method == "PATCH" else None)).status_code == 404
    assert (await program.call("GET", "/phones")).json() == []


async def test_a_program_that_may_only_read_has_no_password(house: House):
    await added(await house.browser(house.anna))
    program = await house.program(house.anna, Scope.OWN_READ)
    assert (await program.call("GET", "/phones")).status_code == 200
    assert (await program.call("GET", "/phones/1/settings")).status_code == 403


@pytest.mark.parametrize(
    "body", [{"name": "", "vendor": "snom"}, {"name": "a", "vendor": "snum"}, {"name": "a\n", "vendor": "snom"}, {}]
)
async def test_programs_are_told_what_cannot_be(house: House, body: dict[str, str]):
    assert (await (await house.program(house.anna)).call("POST", "/phones", body)).status_code == 422
