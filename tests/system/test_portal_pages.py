"""Every page in a real browser, for everybody who may see it: on a desk with JavaScript, on a telephone without.

axe looks at one of each kind for people who do not see or point well: an administrator's, which has most on it. No
script fails, nothing that the policy forbids is tried, nothing is asked of other hosts, nothing is wider than a
telephone. Pictures of all lie in build/pages.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, FilePayload, expect

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.store import absences, signins
from peers.browser import DESKTOP, PHONE, Scheme, Visitor, chromium, visitor
from peers.portal import Served, served
from tests.system.browsing import ADA, ANNA, OTTO, Walk, signed_in

PICTURES = Path("build/pages")
LETTERS = {"/forgotten", "/welcome/{secret}", "/account/addresses/confirm/{secret}"}  # links to these come by mail
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
async def portal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(scope="module")
def looked() -> set[tuple[str, int]]:
    """The kinds of pages that axe has looked at, and how wide they were."""
    return set()


@pytest.mark.parametrize("who", [ADA, OTTO, ANNA])
@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desk", "telephone"])
async def test_every_page(
    browser: Browser, portal: Served, looked: set[tuple[str, int]], who: str, size: tuple[int, int], scripts: bool
):
    found: dict[str, list[str]] = {}
    walk = Walk(portal)
    scheme: Scheme = "light" if scripts else "dark"
    async with signed_in(browser, portal, who, size=size, scripts=scripts, scheme=scheme) as visit:
        for kind, path in walk:
            try:
                answer = await visit.page.goto(path)
            except Error as error:
                if "Download is starting" not in error.message:
                    raise
                continue
            assert answer is not None
            assert answer.status == 200, f"{path} answers {answer.status}"
            await visit.page.screenshot(path=PICTURES / f"{who}{_named(kind)}-{size[0]}.png", full_page=True)
            found[path] = await _wrong(visit, size, is_new=(kind, size[0]) not in looked)
            looked.add((kind, size[0]))
            await walk.follow(visit)
    assert {path: some for path, some in found.items() if some} == {}
    if who == ADA:
        assert walk.unseen - LETTERS == {"/sign-in", "/administration/users/import/{key}"}  # see below


@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desk", "telephone"])
async def test_before_signing_in(browser: Browser, portal: Served, size: tuple[int, int], scripts: bool):
    async with portal.portal.store.write() as rows:
        anna = await signins.of_user(rows, portal.users[ANNA].id)
        assert anna is not None
        secret = await signins.invite(rows, anna.id, datetime.now(UTC) + timedelta(hours=1))
    for path in ("/sign-in", f"/welcome/{secret.reveal()}", "/nowhere"):
        async with visitor(browser, portal.place, size=size, scripts=scripts) as visit:
            await visit.page.goto(path)
            await visit.page.screenshot(path=PICTURES / f"before{_named(path[:9])}-{size[0]}.png", full_page=True)
            wrong = await _wrong(visit, size)
            assert [one for one in wrong if "404" not in one] == []


@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desk", "telephone"])
async def test_a_file_of_users_is_looked_at_before_anything_is_written(
    browser: Browser, portal: Served, size: tuple[int, int], scripts: bool
):
    table = "extension,name,email,language\n1050,Gun Ek,gun@example.org,sv\n1051,Hugo Al,not an address,de\n"
    async with signed_in(browser, portal, ADA, size=size, scripts=scripts) as visit:
        await visit.page.goto("/administration/users/import")
        file: FilePayload = {"name": "users.csv", "mimeType": "text/csv", "buffer": table.encode()}
        await visit.page.set_input_files("input[type=file]", [file])
        await visit.page.locator("main form:has(input[type=file]) button").click()
        await expect(visit.page.locator("main")).to_contain_text("1051")
        await visit.page.screenshot(path=PICTURES / f"{ADA}-import-{size[0]}.png", full_page=True)
        assert await _wrong(visit, size) == []


async def test_the_menu_of_a_telephone_opens_without_scripts(browser: Browser, portal: Served):
    async with signed_in(browser, portal, ADA, size=PHONE, scripts=False) as visit:
        link = visit.page.get_by_role("link", name="Users")
        await expect(link).to_be_hidden()
        await visit.page.get_by_role("button", name="Menu").click()
        await visit.page.get_by_text("Administration").click()
        await link.click()
        await expect(visit.page.locator("h1")).to_have_text("Users")
        assert await _wrong(visit, PHONE) == []


async def test_what_changes_is_shown_but_not_under_the_fingers_of_whoever_uses_it(browser: Browser, portal: Served):
    async with signed_in(browser, portal, OTTO) as visit:
        await visit.page.goto("/people")
        row = visit.page.get_by_role("row", name="Filip Nord")
        await row.get_by_role("cell").nth(1).click()  # a mouse that was there holds nothing back
        await _away(portal, "1008", "lunch")
        await expect(row).to_contain_text("At lunch")
        link = visit.page.get_by_role("link", name="Ada Fors")
        await visit.page.get_by_role("region", name="People").focus()
        await visit.page.keyboard.press("Tab")
        await expect(link).to_be_focused()
        async with visit.page.expect_response("**/people"):
            await _away(portal, "1008", "trip")
        await expect(link).to_be_focused()
        await expect(row).to_contain_text("At lunch")
        await visit.page.locator("#search").focus()
        await expect(row).to_contain_text("On a business trip")
        assert visit.wrong == []


async def _away(portal: Served, extension: str, code: str) -> None:
    user, now = portal.users[extension], portal.portal.clock.now()
    async with portal.portal.store.write() as rows:
        by_hand = Diversion(user.id, BY_HAND, code, now, now + timedelta(hours=4), by_hand=True)
        await absences.put(rows, by_hand)


async def _wrong(visit: Visitor, size: tuple[int, int], *, is_new: bool = True) -> list[str]:
    """Return all that is wrong with the page that is shown; axe looks where it is new to it."""
    found = [*visit.wrong, *(await visit.sins() if is_new else ())]
    visit.wrong.clear()
    width = await visit.page.evaluate(WIDTH)
    return [*found, f"{width} wide"] if width > size[0] else found


def _named(kind: str) -> str:
    return kind.strip("/").replace("/", "-").replace("{", "").replace("}", "").join(("-", ""))
