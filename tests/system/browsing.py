"""The portal in a browser: who signs in, and a walk over all pages that links lead to."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import Browser
from starlette.routing import Route

from gateway.web.application import ROUTERS
from peers.browser import DESKTOP, Scheme, Visitor, visitor
from peers.portal import PASSWORD, Served

ANNA, OTTO, ADA = "1001", "1002", "1003"
BEHIND_FORMS = ("/account/sync",)  # no link leads there, but a form that sends nothing else
LINKS = "Array.from(document.querySelectorAll('a[href]'), one => one.href)"


def patterns() -> dict[str, re.Pattern[str]]:
    """The paths of everything that can be asked for, as the application has them, but for the API."""
    return {
        route.path: route.path_regex
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and "GET" in (route.methods or ()) and not route.path.startswith("/live/")
    }


def pattern_of(path: str, known: dict[str, re.Pattern[str]]) -> str | None:
    """Return which of `known` a path is: the plain one, where a place in another would fit as well."""
    return path if path in known else next((name for name, one in known.items() if one.match(path)), None)


@asynccontextmanager
async def signed_in(
    browser: Browser,
    served: Served,
    extension: str,
    *,
    size: tuple[int, int] = DESKTOP,
    scripts: bool = True,
    scheme: Scheme = "light",
) -> AsyncIterator[Visitor]:
    """Open a window in which somebody has signed in, by the page for it."""
    async with visitor(browser, served.place, size=size, scripts=scripts, scheme=scheme) as visit:
        await visit.page.goto("/sign-in")
        await visit.page.fill("#name", extension)
        await visit.page.fill("#password", PASSWORD)
        await visit.page.click("main form button")
        await visit.page.wait_for_url("**/")
        yield visit


class Walk:
    """Pages that are still to be seen: one of each kind, and those that their links lead to."""

    def __init__(self, served: Served) -> None:
        self._known = patterns()
        self._place = served.place
        self._waiting: list[str] = ["/", *BEHIND_FORMS]
        self.seen: dict[str, str] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the kind of each page (its pattern), and one of its paths."""
        while self._waiting:
            path = self._waiting.pop(0)
            kind = pattern_of(path, self._known)
            if kind is not None and kind not in self.seen:
                self.seen[kind] = path
                yield kind, path

    @property
    def unseen(self) -> set[str]:
        """Kinds that no link has led to."""
        return self._known.keys() - self.seen.keys()

    async def follow(self, visit: Visitor) -> None:
        """Note where the links of a page lead."""
        for href in await visit.page.evaluate(LINKS):
            parts = urlsplit(href)
            if href.startswith(self._place) and parts.path not in self._waiting:
                self._waiting.append(parts.path)
