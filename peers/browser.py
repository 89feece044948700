"""Debian's Chromium, driven by Playwright, and what it saw go wrong.

async with chromium() as browser:
    async with visitor(browser, "http://127.0.0.1:20001") as visit:
        await visit.page.goto("/sign-in"); assert visit.wrong == []
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

PROGRAM = "/usr/bin/chromium"
DESKTOP, PHONE = (1280, 800), (390, 844)
AXE = files("axe_playwright_python") / "axe.min.js"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
Scheme = Literal["light", "dark"]
HTML = "text/html; charset=utf-8"
DEADLINE = 60_000.0  # milliseconds


@dataclass(slots=True)
class Visitor:
    """One browser window. `wrong`: scripts that failed, what the policy forbade, and what was asked of others."""

    page: Page
    twin: BrowserContext | None = None
    wrong: list[str] = field(default_factory=list)

    async def sins(self) -> list[str]:
        """Return what axe finds wrong with the page for people who do not see or point well, a line each.

        axe needs JavaScript: where that is off, it looks at the same document in a window of its own.
        """
        if self.twin is None:
            return await _sins(self.page)
        shown, address = await self.page.content(), self.page.url
        page = await self.twin.new_page()
        try:
            await page.route("**/*.js", lambda route: route.abort())
            await page.route(address, lambda route: route.fulfill(body=_without_scripts(shown), content_type=HTML))
            await page.goto(address)
            return await _sins(page)
        finally:
            await page.close()


async def _sins(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def _without_scripts(shown: str) -> str:
    """Let a document look, where JavaScript is on, as it does where it is off."""
    head, mark, body = shown.partition("</head>")
    return re.sub(r"<noscript>.*?</noscript>", "", head, flags=re.DOTALL) + mark + re.sub(r"</?noscript>", "", body)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start it without a window; it ends with the block."""
    expect.set_options(timeout=DEADLINE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"], timeout=DEADLINE)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visitor(
    browser: Browser,
    place: str,
    *,
    size: tuple[int, int] = DESKTOP,
    scripts: bool = True,
    scheme: Scheme = "light",
    locale: str = "en-GB",
) -> AsyncIterator[Visitor]:
    """Open a window of its own, without cookies; `scripts` False: JavaScript is off."""
    width, height = size
    opened = partial(
        browser.new_context,
        base_url=place,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale=locale,
        timezone_id="Europe/Stockholm",
        reduced_motion="reduce",
    )
    context = await opened(java_script_enabled=scripts)
    twin = None if scripts else await opened()
    try:
        page = await context.new_page()
        page.set_default_timeout(DEADLINE)
        made, host = Visitor(page, twin), urlsplit(place).netloc
        page.on("pageerror", lambda error: made.wrong.append(f"script: {error}"))
        page.on("console", lambda said: made.wrong.append(f"console: {said.text}") if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                made.wrong.append(f"asked elsewhere: {asked.url}")
                if urlsplit(asked.url).scheme in ("http", "https") and urlsplit(asked.url).netloc != host
                else None
            ),
        )
        yield made
    finally:
        await context.close()
        if twin is not None:
            await twin.close()
