"""Users out of a file: nothing is written before it was looked at, and nothing else than what was seen."""

import re
from datetime import timedelta

import httpx
import pytest

from gateway.deciding import importing
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.store import audit, signins, users
from gateway.web.pages import uploading
from tests.fakes.clock import HandClock
from tests.unit.web.visiting import Browser, House, a_user

PLACE = "/administration/users/import"


async def uploaded(browser: Browser, text: str | bytes, **fields: str) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    return await browser.post(PLACE, fields, files={"file": ("people.csv", content, "text/csv")})


async def looked_at(browser: Browser, text: str, **fields: str) -> tuple[str, str]:
    """Return where it is looked at, and the page."""
    place = (await uploaded(browser, text, **fields)).headers["location"]
    return place, (await browser.get(place)).text


async def confirmed(browser: Browser, place: str, page: str) -> httpx.Response:
    found = re.search(r'name="print" value="(\w+)"', page)
    return await browser.post(place, {"print": found[1] if found else ""})


async def everybody(house: House) -> dict[str, User]:
    async with house.portal.store.read() as rows:
        return {user.extension: user for user in await users.every(rows)}


async def test_a_file_is_looked_at_and_then_written(house: House, clock: HandClock):
    browser = await house.browser(house.ada)
    assert (await browser.get(PLACE)).status_code == 200
    text = "extension;name;email\n1010;Carl Öman;carl@example.org\n1001;Anna Bergström;\n1002;;\n"
    place, page = await looked_at(browser, text, update="yes")
    for told in ("Carl Öman", "is added", "is changed", "stays"):
        assert told in page, told
    assert "1010" not in await everybody(house)
    done = await confirmed(browser, place, page)
    assert done.headers["location"] == "/administration/users?told=imported"
    after = await everybody(house)
    assert (after["1010"].emails, after["1001"].name, after["1002"].name) == (
        ("carl@example.org",), "Anna Bergström", "Otto Ek",
    )  # fmt: skip
    async with house.portal.store.read() as rows:
        (last,) = await audit.latest(rows, 1)
    assert (last.did, last.about) == ("users imported", "1 added, 1 changed")
    for again in (await browser.get(place), await confirmed(browser, place, page)):
        assert again.headers["location"] == "/administration/users?told=imported"
    async with house.portal.store.read() as rows:
        assert (await audit.latest(rows, 1))[0] == last
    clock.turn(timedelta(minutes=15))
    assert (await browser.get(place)).headers["location"] == f"{PLACE}?told=late"


async def test_every_wrong_line_is_told_and_nothing_can_be_written(house: House):
    browser = await house.browser(house.ada)
    place, page = await looked_at(browser, "extension,email\n1010,c@example.org\n10x,d\n1001,\n1011,c@example.org\n")
    for told in (
        "&#39;10x&#39; is no number",
        "&#39;d&#39; is no e-mail",
        "1001 is there already",
        "belongs to line 2",
    ):
        assert told in page, told
    assert 'name="print"' not in page
    assert (await confirmed(browser, place, page)).headers["location"] == f"{place}?told=different"
    assert len(await everybody(house)) == 3


async def test_a_file_that_is_none_is_told_at_once(house: House):
    browser = await house.browser(house.ada)
    for text, told in (
        ("name\nAnna\n", "there is no column extension"),
        ("extension,nane\n1,A\n", "did you mean name?"),
        ("extension,name\n1001,Åsa\n".encode("latin-1"), "line 2: not UTF-8"),
        ('extension,name\n1001,"A', "people.csv, line 2"),
    ):
        answer = await uploaded(browser, text)
        assert answer.status_code == 422
        assert told in answer.text, told
    nothing = await browser.post(PLACE)
    assert nothing.status_code == 422
    assert "file: is missing" in nothing.text


async def test_nothing_else_is_written_than_what_was_seen(house: House):
    browser = await house.browser(house.ada)
    place, page = await looked_at(browser, "extension,name\n1010,Carl\n", update="yes")
    async with house.portal.store.write() as rows:
        await users.add(rows, a_user("1010", "Cecilia", "cecilia@example.org"))
    assert (await confirmed(browser, place, page)).headers["location"] == f"{place}?told=different"
    assert (await everybody(house))["1010"].name == "Cecilia"
    assert (await confirmed(browser, place, (await browser.get(place)).text)).status_code == 303
    assert (await everybody(house))["1010"].name == "Carl"


async def test_nobody_else_has_what_was_uploaded_and_it_does_not_last(house: House, clock: HandClock):
    browser, other = await house.browser(house.ada), await house.browser(house.ada)
    place, _ = await looked_at(browser, "extension\n1010\n")
    assert (await other.get(place)).headers["location"] == f"{PLACE}?told=late"
    assert (await browser.get(place)).status_code == 200
    clock.turn(timedelta(minutes=15))
    assert (await browser.get(place)).headers["location"] == f"{PLACE}?told=late"


async def test_a_file_that_is_too_large_is_refused(house: House):
    browser = await house.browser(house.ada)
    answer = await uploaded(browser, "extension\n" + "1" * 2_100_000)
    assert answer.status_code == 413
    assert "a file of users 2 MiB" in answer.text
    assert answer.headers["connection"] == "close"


async def test_a_file_of_very_many_lines_is_not_even_looked_at(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MOST", 2)
    browser = await house.browser(house.ada)
    assert (await uploaded(browser, "extension\n1010\n1011\n")).status_code == 303
    answer = await uploaded(browser, "extension\n1010\n1011\n1012\n")
    assert (answer.status_code, "these are more than 2 lines" in answer.text) == (422, True)
    answer = await uploaded(browser, "extension," + ",".join(f"c{number}" for number in range(100)) + ",x,x\n")
    assert (answer.status_code, answer.text.count("there is no column")) == (422, importing.MOST_WRONG)


async def test_who_takes_part_again_signs_in_anew(house: House):
    browser, annas = await house.browser(house.ada), await house.browser(house.anna)
    ottos = await house.browser(house.otto)
    for enabled in ("no", "yes"):
        user = f"/administration/users/{house.otto.user}/enabled"
        assert (await browser.post(user, {"enabled": enabled})).status_code == 303
        text = f"extension,enabled\n1001,{enabled}\n"
        assert (await confirmed(browser, *await looked_at(browser, text, update="yes"))).status_code == 303
    assert (await everybody(house))["1001"].enabled
    assert [(await one.get("/security")).status_code for one in (annas, ottos, browser)] == [303, 303, 200]


async def test_everybody_can_be_exported_and_imported_again(house: House):
    async with house.portal.store.write() as rows:
        await users.add(rows, a_user("1010", '=HYPERLINK("x")', "carl@example.org"))
    browser = await house.browser(house.ada)
    exported = await browser.get("/administration/users/export")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert "\"'=HYPERLINK" in exported.text
    assert "1001,Anna Berg,anna@example.org,en,Europe/Stockholm,,main,,,,yes,," in exported.text
    _, page = await looked_at(
        browser, exported.text.replace("'=", "=").replace("=HYPERLINK", "=HYPERLINK"), update="yes"
    )
    assert "There is nothing to do" in page
    head = (await browser.get(f"{PLACE}/template")).text
    assert head.startswith("\ufeffextension,name,email,language")


async def test_no_file_takes_the_last_administrators_away(house: House):
    store = house.portal.store
    async with store.write() as rows:
        await signins.remove(rows, house.root.id)
        await signins.put_role(rows, house.otto.id, Role.ADMINISTRATOR)
    browser, program = await house.browser(house.ada), await house.program(house.ada)
    both = "extension,enabled\n1002,no\n1003,no\n"
    refused = await confirmed(browser, *await looked_at(browser, both, update="yes"))
    assert refused.status_code == 409
    assert "last administrator" in refused.text
    url, csv = "/users/import?update=true", {"Content-Type": "text/csv"}
    assert (await program.client.post(url, content=both, headers=csv)).status_code == 409
    assert all(user.enabled for user in (await everybody(house)).values())
    one = await program.client.post(url, content="extension,enabled\n1002,no\n", headers=csv)
    assert one.json() == {"added": 0, "changed": 1}


async def test_what_nobody_comes_back_for_is_not_in_memory_for_long(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploading, "LASTING", timedelta())
    browser = await house.browser(house.ada)
    place = (await uploaded(browser, "extension,name\n1010,Carl\n")).headers["location"]
    assert (await browser.get(place)).headers["location"] == f"{PLACE}?told=late"
