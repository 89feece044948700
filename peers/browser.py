"""Debian's Chromium, driven by Playwright, and what it saw go wrong.

async with chromium() as browser:
    async with visitor(browser, "http://127.0.0.1:20001") as visit:
        await visit.page.goto("/sign-in"); assert visit.wrong == []
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright

PROGRAM = "/usr/bin/chromium"
DESKTOP, PHONE = (1280, 800), (390, 844)
AXE = files("axe_playwright_python") / "axe.min.js"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
DEADLINE = 20_000.0  # milliseconds


@dataclass(slots=True)
class Visitor:
    """One browser window. `wrong`: scripts that failed, what the policy forbade, and what was asked of others."""

    page: Page
    scripts: bool = True
    wrong: list[str] = field(default_factory=list)

    async def sins(self) -> list[str]:
        """Return what axe finds wrong with the page for people who do not see or point well, a line each.

        Where JavaScript is off, it is let on for axe alone: the page's own scripts have been passed over by then.
        """
        if self.scripts:
            return await self._sins()
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Emulation.setScriptExecutionDisabled", {"value": False})
        try:
            return await self._sins()
        finally:
            await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
            await session.detach()

    async def _sins(self) -> list[str]:
        if await self.page.evaluate("typeof window.axe") != "object":
            await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("rules => axe.run(document, rules)", RULES)
        return [
            f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start it without a window; it ends with the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
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
    scheme: Literal["light", "dark"] = "light",
    locale: str = "en-GB",
) -> AsyncIterator[Visitor]:
    """Open a window of its own, without cookies; `scripts` False: JavaScript is off."""
    width, height = size
    context = await browser.new_context(
        base_url=place,
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
        color_scheme=scheme,
        locale=locale,
        timezone_id="Europe/Stockholm",
        reduced_motion="reduce",
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(DEADLINE)
        made, host = Visitor(page, scripts), urlsplit(place).netloc
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
