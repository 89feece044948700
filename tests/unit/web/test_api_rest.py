"""What programs learn and do beside the nouns themselves: what can be chosen, sessions, claims, books, the settings."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

from gateway.deciding import addresses
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.signin import Scope
from gateway.errors import Unreachable
from gateway.store import accounts, audit, claims, devices, mailboxes, organisation, sessions, users
from gateway.web.application import application
from tests.unit.web.visiting import ZONE, House


async def test_reasons_that_can_be_set_are_named_in_the_callers_language(house: House):
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        await users.put(rows, replace(anna, language="sv"))
        await organisation.put(rows, replace(await organisation.get(rows), permitted=("1xxx",)))
    program = await house.program(house.anna, Scope.OWN_READ)
    told = (await program.call("GET", "/absences/codes")).json()
    codes = {one["code"]: one for one in told["codes"]}
    assert told["permitted"] == ["1xxx"]
    meeting = codes["meeting"]
    assert (meeting["reason"], meeting["takes"], meeting["names"]) == ("I möte", "time", ["M", "MÖT"])


async def test_makers_and_what_is_typed_into_a_telephone(house: House):
    program = await house.program(house.anna)
    makers = (await program.call("GET", "/phones/vendors")).json()
    assert {"vendor": "yealink", "title": "Yealink"} in [{**one, "title": one["title"][:7]} for one in makers]
    assert makers[-1]["vendor"] == "other"
    phone = (await program.call("POST", "/phones", {"name": "desk", "vendor": "other"})).json()["id"]
    async with house.portal.store.read() as rows:
        (device,) = [one for one, _ in await devices.every(rows)]
        password = (await devices.password(rows, device)).reveal()
    told = (await program.call("GET", f"/phones/{phone}/values")).json()
    assert (told["values"]["password"], told["secret"]) == (password, True)
    assert f"password = {password}\n" in told["code"]
    async with house.portal.store.read() as rows:
        assert (await audit.latest(rows, 1))[0].did == "phone settings shown"


async def test_browsers_are_listed_and_signed_out(house: House):
    first, second = await house.browser(house.anna), await house.browser(house.anna)
    other = await house.browser(house.otto)
    program = await house.program(house.anna)
    told = (await program.call("GET", "/me/sessions")).json()
    assert [one["agent"] for one in told] == ["a browser", "a browser"]
    assert (await program.call("DELETE", f"/me/sessions/{told[0]['name']}")).status_code == 204
    assert (await program.call("DELETE", f"/me/sessions/{told[0]['name']}")).status_code == 404
    assert len((await program.call("GET", "/me/sessions")).json()) == 1
    assert (await program.call("DELETE", "/me/sessions")).status_code == 204
    for browser in (first, second):
        assert (await browser.get("/")).status_code == 303
    assert (await other.get("/")).status_code == 200
    async with house.portal.store.read() as rows:
        assert [one.did for one in await audit.latest(rows, 2)] == ["sessions ended", "sessions ended"]


async def test_nobody_signs_out_others(house: House):
    await house.browser(house.otto)
    async with house.portal.store.read() as rows:
        ((name, _),) = await sessions.of(rows, house.otto.id)
    program = await house.program(house.anna)
    assert (await program.call("DELETE", f"/me/sessions/{name}")).status_code == 404


async def test_addresses_that_wait_are_confirmed_or_refused(house: House):
    now = house.portal.clock.now()
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        for email in ("berg@example.org", "otto@example.org", "ab@example.org"):
            await addresses.claim(rows, anna, email, now, by_letter=False)
    program = await house.program(house.ada)
    told = (await program.call("GET", "/users/claims")).json()
    assert [(one["extension"], one["email"]) for one in told] == [
        ("1001", "berg@example.org"),
        ("1001", "otto@example.org"),
        ("1001", "ab@example.org"),
    ]
    berg, ottos, short = (one["id"] for one in told)
    assert (await program.call("PUT", f"/users/1001/claims/{berg}")).status_code == 204
    assert (await program.call("PUT", f"/users/1001/claims/{berg}")).status_code == 404
    assert (await program.call("PUT", f"/users/1001/claims/{ottos}")).status_code == 409
    assert (await program.call("PUT", f"/users/1002/claims/{short}")).status_code == 404
    assert (await program.call("DELETE", f"/users/1001/claims/{short}")).status_code == 204
    async with house.portal.store.read() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        assert anna.emails == ("anna@example.org", "berg@example.org")
        assert [one.email for one in await claims.of(rows, anna.id, now)] == ["otto@example.org"]


async def test_a_user_is_signed_out_and_their_telephones_are_revoked(house: House):
    browser, program = await house.browser(house.anna), await house.program(house.ada)
    await browser.post("/phones", {"vendor": "yealink", "name": "desk", "shown_as": ""})
    assert (await program.call("DELETE", "/users/1001/phones")).status_code == 204
    assert (await program.call("DELETE", "/users/1001/sessions")).status_code == 204
    assert (await browser.get("/")).status_code == 303
    async with house.portal.store.read() as rows:
        assert await devices.every(rows) == ()
        assert [one.did for one in await audit.latest(rows, 2)] == ["sessions ended", "phone revoked"]
    assert (await program.call("DELETE", "/users/9999/phones")).status_code == 404


async def test_everybody_is_a_file(house: House):
    program = await house.program(house.ada, Scope.ADMINISTRATION_READ)
    answer = await program.call("GET", "/users/export")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(one["extension"], one["email"]) for one in lines] == [
        ("1001", "anna@example.org"),
        ("1002", "otto@example.org"),
        ("1003", "ada@example.org"),
    ]


async def test_holidays_are_named_for_who_asks(house: House):
    program = await house.program(house.ada)
    await program.call("PATCH", "/organisation", {"country": "SE"})
    told = (await program.call("GET", "/organisation/holidays", many="2")).json()
    assert told == [
        {"day": "2026-12-25", "name": "Christmas Day"},
        {"day": "2026-12-26", "name": "Second Day of Christmas"},
    ]


async def test_sources_accounts_and_why_calendars_cannot_be_read(house: House):
    async with house.portal.store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        own = await accounts.add(rows, Account(0, "office", "anna@example.org", Secret("x")))
        box = await mailboxes.add(rows, Mailbox(0, anna.id, own.id, "anna@example.org", frozenset(), ZONE))
        await mailboxes.failed(rows, [box.id], Unreachable("the server is gone"), house.portal.clock.now())
    program = await house.program(house.ada)
    office, mail = (await program.call("GET", "/accounts/sources")).json()
    assert (office["name"], office["kind"], office["own"], office["failing"]) == ("office", "caldav", 1, 1)
    assert (mail["name"], mail["accounts"]) == ("mail", 0)
    assert (await program.call("GET", f"/accounts/{own.id}")).json()["login"] == "anna@example.org"
    assert (await program.call("GET", "/accounts/99")).status_code == 404
    (cause,) = (await program.call("GET", "/status")).json()["causes"]
    assert (cause["what"], cause["said"], cause["count"]) == ("calendar", "the server is gone", 1)


async def test_books_of_the_company(house: House):
    async with house.portal.store.write() as rows:
        await accounts.add(rows, Account(0, "office", "reader@example.org", Secret("x"), service=True))
    program = await house.program(house.ada)
    new = {"name": "Customers", "source": "office"}
    added = await program.call("POST", "/accounts/books", new)
    book = added.json()
    assert (added.status_code, book["address"], book["refresh"]) == (201, "reader@example.org", 3600)
    assert (await program.call("POST", "/accounts/books", new)).status_code == 422
    place = f"/accounts/books/{book['id']}"
    changed = (await program.call("PATCH", place, {"refresh": None})).json()
    assert (changed["refresh"], changed["path"]) == (None, None)
    changed = (await program.call("PATCH", place, {"path": "/all/"})).json()
    assert (changed["refresh"], changed["path"]) == (None, "/all/")
    assert (await program.call("PATCH", place, {"path": ""})).json()["path"] is None
    assert (await program.call("GET", "/accounts/books")).json() == [changed | {"path": None}]
    assert (await program.call("DELETE", place)).status_code == 204
    for method in ("PATCH", "DELETE"):
        assert (await program.call(method, place, {})).status_code == 404
    async with house.portal.store.read() as rows:
        did = [one.did for one in await audit.latest(rows, 10)]
    assert did == ["book removed", *["book changed"] * 3, "book added"]


async def test_the_settings_file_is_told(house: House):
    portal = replace(house.portal, told={"run": {"dry_run": "false"}}, file="/etc/ringplan/ringplan.toml")
    program = await replace(house, portal=portal, app=application(portal)).program(house.ada)
    told = (await program.call("GET", "/settings")).json()
    assert told == {"file": "/etc/ringplan/ringplan.toml", "read": None, "tables": {"run": {"dry_run": "false"}}}


async def test_a_session_that_is_over_is_not_listed(house: House):
    now = house.portal.clock.now()
    async with house.portal.store.write() as rows:
        await sessions.begin(rows, house.anna.id, now - timedelta(days=2), now + timedelta(days=30), "long ago")
    program = await house.program(house.anna)
    assert (await program.call("GET", "/me/sessions")).json() == []
