"""What every answer forbids browsers, which requests are turned away unread, and what forms must bring along."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gateway.web.api.answers import Failure
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.security.headers import ALWAYS, MOST
from gateway.web.settings import WebSettings
from gateway.web.visit import cookie_name
from tests.unit.web.visiting import PLACE, House

EVERYWHERE = ("/sign-in", "/", "/static/portal.css", "/static/nothing", "/nothing", "/api/me", "/api/openapi.json")


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_forbids_the_same(house: House, path: str):
    answer = await (await house.browser()).get(path)
    for name, value in ALWAYS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == ("no-cache" if path == "/static/portal.css" else "no-store")
    assert "strict-transport-security" not in answer.headers


async def test_behind_tls_browsers_stay_there_and_cookies_too(house: House):
    portal = replace(house.portal, settings=WebSettings(url="https://portal.example.org", proxies=("127.0.0.1/32",)))
    transport = httpx.ASGITransport(application(portal))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example.org") as client:
        answer = await client.get("/sign-in")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-ringplan=")
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}


async def test_other_hosts_are_not_served(house: House):
    browser = await house.browser(house.anna)
    for host in ("other.example.org", "portal.example.org:8480", "", "portal.example.org.evil.example"):
        for path in ("/", "/api/me", "/static/portal.css"):
            answer = await browser.client.get(path, headers={"Host": host})
            assert answer.status_code == 421
            assert "content-security-policy" in answer.headers
    for host in ("PORTAL.example.org", "portal.example.org:80"):
        assert (await browser.client.get("/", headers={"Host": host})).status_code == 200


async def piece(many: int) -> AsyncIterator[bytes]:
    for _ in range(many):
        yield b"x" * 1024


@pytest.mark.parametrize(
    ("path", "form"), [("/sign-in", "application/x-www-form-urlencoded"), ("/api/tokens", "application/json")]
)
async def test_too_much_is_refused_announced_or_not(house: House, path: str, form: str):
    browser = await house.browser()
    browser.client.headers["Content-Type"] = form
    if path.startswith("/api"):
        program = await house.program(house.anna)
        browser.client.headers["Authorization"] = program.client.headers["Authorization"]
    many = MOST // 1024 + 1
    for body in (b"x" * (MOST + 1), piece(many)):
        answer = await browser.client.post(path, content=body)
        assert answer.status_code == 413
        assert "content-security-policy" in answer.headers
        if path.startswith("/api"):
            Failure.model_validate(answer.json())
    for announced in ("9" * 5000, "-1", "x"):
        answer = await browser.client.post(path, content=b"", headers={"Content-Length": announced})
        assert answer.status_code == 413


async def test_what_breaks_is_told_without_what_broke(portal: Portal, house: House, caplog: pytest.LogCaptureFixture):
    app = application(portal)

    async def broken(invitation: str) -> PlainTextResponse:
        raise ZeroDivisionError("a secret")

    app.add_api_route("/break/{invitation}", broken)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=PLACE) as client:
        answer = await client.get("/break/opener")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == ALWAYS["Content-Security-Policy"]
    (told,) = caplog.records
    assert told.getMessage() == "a request cannot be answered (ZeroDivisionError): GET /break/{invitation}"


async def test_a_form_is_ours_or_nothing_happens(house: House):
    anna, otto = await house.browser(house.anna), await house.browser(house.otto)
    seal = house.portal.seal
    others = seal.of(otto.client.cookies[cookie_name(house.portal)])
    assert (await anna.post("/sign-out", csrf=others)).status_code == 400
    assert (await anna.post("/sign-out", csrf="")).status_code == 400
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        anna.client.headers.update(headers)
        assert (await anna.post("/sign-out")).status_code == 400
        for name in headers:
            del anna.client.headers[name]
    stranger = await house.browser()
    assert (await stranger.post("/sign-in", {"name": "x", "password": "x"}, csrf=seal.of(""))).status_code == 400
    assert (await anna.get("/")).status_code == 200
    anna.client.headers["Origin"] = PLACE
    assert (await anna.post("/sign-out")).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/administration/users/import", "/api/users/import"])
@pytest.mark.parametrize("letters", ["punycode", "unicode_escape", '"idna"', "utf-8; charset=punycode", "UTF-16"])
async def test_forms_are_in_utf_8(house: House, path: str, letters: str):
    browser = await house.browser()
    await browser.get("/sign-in")
    cookie = browser.client.cookies.get(cookie_name(house.portal)) or ""
    fields = {"csrf": house.portal.seal.of(cookie), "name": "\\ud800-" + "b" * 10_000}
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n' for name, one in fields.items()]
    form = "".join([*parts, "--B--\r\n"])
    kind = "Multipart/Form-Data; boundary=B; Charset="
    refused = await browser.client.post(path, content=form, headers={"Content-Type": f"{kind}{letters}"})
    assert refused.status_code == 415
    for usual in ("utf-8", '"UTF-8"'):
        answer = await browser.client.post("/sign-in", content=form, headers={"Content-Type": f"{kind}{usual}"})
        assert answer.status_code == 422
