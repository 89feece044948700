"""A user's whole story, with nobody's help but an invitation: all of it real, browser, calendar, calls and telephone.

Invited, sign in, enter the account, Sync, write a meeting, be diverted on a real call, end it in the portal, find a
contact on the phone.
"""

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from peers import ports
from peers.asterisk import Asterisk
from peers.browser import chromium, visitor
from peers.dav import card, event
from peers.gateway import Gateway, Setup
from peers.ldapsearch import set_up
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to
from tests.system.test_directory import comes, listener

SIGRID, SECRETARY = "1033", "1034"
ADDRESS = "sigrid@example.org"
CHOSEN = "five small words of hers"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/welcome/\S+)")
KARIN = card("karin", "Karin Ångström", "N:Ångström;Karin;;;", "ORG:Papp AB", "TEL;TYPE=WORK:08-123 456 78")


@pytest.fixture
def free() -> Iterator[tuple[int, int]]:
    found = ports.free(), ports.free()
    yield found
    ports.release(*found)


@pytest.fixture
async def gateway(
    asterisk: Asterisk, radicale: Radicale, folder: Path, free: tuple[int, int]
) -> AsyncIterator[Gateway]:
    """A gateway with a portal and a directory, and one user of whom nothing is known but number and address."""
    web, ldap = free
    tables = f'[web]\nport = {web}\n[directory]\nhost = "127.0.0.1"\n{listener("inside", ldap, "none")}'
    setup = Setup(asterisk, radicale.url, (), code=partial(quietly_to, SECRETARY), tables=tables)
    async with Gateway.start(folder / "gateway", setup) as running:
        await running.command("organisation", "set", "--phone-country", "SE", "--area", "8")
        words = ("--email", ADDRESS, "--name", "Sigrid Ström", "--language", "en")
        await running.command("users", "add", SIGRID, *words)
        yield running


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_from_the_invitation_to_the_phone_book(
    gateway: Gateway, asterisk: Asterisk, radicale: Radicale, free: tuple[int, int], scripts: bool
):
    calendar, book = radicale.calendar(ADDRESS), radicale.address_book(ADDRESS)
    await book.put("karin", KARIN)
    said = await gateway.command("portal", "invite", SIGRID)
    link = LINK.search(said)
    assert link is not None, said
    async with (
        Phone.register(asterisk, SIGRID) as own,
        Phone.register(asterisk, SECRETARY) as secretary,
        asterisk.observe() as ami,
        chromium() as browser,
        visitor(browser, f"http://127.0.0.1:{free[0]}", scripts=scripts) as visit,
    ):
        page = visit.page
        await page.goto(link[1])
        await page.get_by_label("Password", exact=False).first.fill(CHOSEN)
        await page.get_by_label("once more", exact=False).fill(CHOSEN)
        await page.locator("main form button").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

        await _enter_account(page, radicale.people[ADDRESS])
        await page.get_by_role("button", name="Sync").first.click()
        await expect(page.locator("main")).to_contain_text("Contacts found")

        await calendar.put("board", event("board", instant(-5 * MINUTE), instant(HOUR), "M: Styrgrupp"))
        await page.goto("/account")
        await page.get_by_role("button", name="Sync").first.click()
        await holds(ami, SIGRID, diverted=True)
        await lands(asterisk, SIGRID, secretary)
        assert own.calls == []

        await page.goto("/absences")
        await expect(page.locator("main")).to_contain_text("In a meeting")
        await page.get_by_role("button", name="End it now").click()
        await expect(page.locator("main")).not_to_contain_text("End it now")
        await holds(ami, SIGRID, diverted=False)
        await lands(asterisk, SIGRID, own)

        telephone = set_up(await _settings(page))
        [found] = await comes(telephone, "(|(cn=angs*)(sn=angs*))")
        assert (found["cn"], found["telephoneNumber"]) == (["Karin Ångström"], ["08-123 456 78"])
        assert visit.wrong == []
        await calendar.delete("board")


async def _enter_account(page: Page, password: str) -> None:
    """Enter what a new user knows: the own password."""
    await page.get_by_role("link", name="My account").first.click()
    await page.locator("input[type=password]").nth(0).fill(password)
    await page.locator("input[type=password]").nth(1).fill(password)
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".notice.good")).to_be_visible()


async def _settings(page: Page) -> str:
    """Add a telephone, and return the settings that it is given."""
    await page.goto("/phones")
    await page.locator("select[name=vendor]").select_option("yealink")
    await page.locator("input[name=name]").fill("desk")
    await page.get_by_role("button", name="Add").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download the file").click()
    file = await (await download.value).path()
    return file.read_text()
