"""What pages of the portal cost the server with 5,000 users, and whether fifty people who press Sync delay a call.

Pages: the application in this process, without a network; every page there is, each asked for by the least role that
may see it. Time is from the request until the whole answer is there: of that, about a millisecond is the client's.
Syncing: `tests/bench/portal_sync.py`.

Goals: a tenth of a second is what people still take for at once; for a file of everybody too, and right after a user
was changed, when the directory looks in the same loop who has. A password is meant to take long to try.
"""

import asyncio
import math
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from gateway.deciding import passwords
from gateway.directory.directory import Directory
from gateway.directory.settings import DirectorySettings, Listening
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, Scope
from gateway.engine import collector
from gateway.engine.clock import WallClock
from gateway.store import books, claims, devices, sessions, signins, tokens, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web.application import application
from gateway.web.texts import Texts
from gateway.web.visit import cookie_name
from tests.bench.measure import Row, row
from tests.bench.portal_world import WHO, Company, filled
from tests.unit.web.visiting import Browser, Program, portal_of

ASKED = 40  # times, each page
SIGNED_IN, LOOKED_UP, CHANGED = 20, 500, 20
PASSWORD = "four quiet words here"
IMPORTED = 50  # lines
UPLOAD = "/administration/users/import"
NO_PAGE = ("/live/{topic}", "/api", "/static")  # a stream that goes on, and what is mounted
QUERIES = {
    "/people": ("", "?away=1", "?search=berg", "?page=90"),
    "/administration/users": ("", "?search=berg", "?page=90"),
    "/administration/rooms": ("", "?search=8"),
    "/contacts": ("", "?search=and", "?search=08"),
}
LIMIT = 100  # ms
AFTER = ("/", "/absences", "/people", "/people/{extension}")

Samples = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Served:
    """The application over a company; a browser for each role, and one of nobody; `samples` fill paths."""

    app: FastAPI
    store: Store
    company: Company
    directory: Directory
    browsers: dict[Role | None, Browser]
    program: Program
    samples: dict[str, str] = field(default_factory=dict)


async def rows() -> list[Row]:
    """Return the rows of the portal."""
    collector.pass_over()  # as a gateway does when it starts
    with tempfile.TemporaryDirectory(prefix="ringplan-") as name:
        async with _served(Path(name)) as served:
            found = [await _page(served, path) for path in _pages(served.app)]
            found += [await _after_a_change(served), await _looked_up(served), await _signed_in(served)]
    return found


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[Served]:
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
        company = await filled(store, passwords.kept(Secret(PASSWORD)))
        directory = Directory(Listening(DirectorySettings(host="pbx.example.org"), {}), store)
        portal = portal_of(store, WallClock(), Texts(), name_of=directory.name_of, search=directory.search)
        app, now = application(portal), portal.clock.now()
        browsers: dict[Role | None, Browser] = {None: Browser(app, portal)}
        async with store.write() as rows:
            for role, signin in company.roles.items():
                cookie = await sessions.begin(rows, signin, now, now + timedelta(days=30), "a browser")
                browsers[role] = Browser(app, portal)
                browsers[role].client.cookies.set(cookie_name(portal), cookie.reveal())
            _, secret = await tokens.add(rows, company.roles[Role.OPERATOR], "reception", [Scope.LOOKUP], now, None)
        served = Served(app, store, company, directory, browsers, Program(app, secret.reveal()))
        served.samples.update(await _samples(served))
        indexed = asyncio.Event()

        async def well() -> None:
            collector.pass_over()
            indexed.set()

        following = asyncio.create_task(directory.follow(well), name="directory")
        try:
            await indexed.wait()
            yield served
        finally:
            following.cancel()
            await asyncio.wait((following,))


async def _samples(served: Served) -> Samples:
    """Return what there is for each name in a path: the user's own, or somebody's."""
    company, (mine, *_) = served.company, served.company.people
    async with served.store.write() as rows:
        now = WallClock().now()
        signin = await signins.of_user(rows, company.people[10].id)
        claim = await claims.put(rows, mine.id, "other@example.com", now + timedelta(days=1), by_letter=True)
        assert signin is not None
        assert claim is not None
        invitation = await signins.invite(rows, signin.id, now + timedelta(days=1))
        (telephone,) = await devices.of(rows, mine.id)
        book = await books.named(rows, "company")
        assert book is not None
    return {
        "extension": company.people[5].extension,
        "user": str(company.people[5].id),
        "account": str(company.service),
        "book": str(book.id),
        "name": company.conference,
        "phone": str(telephone.id),
        "key": "meeting",
        "number": "80001",
        "/welcome/{secret}": invitation.reveal(),
        "/account/addresses/confirm/{secret}": claim.reveal(),
        f"{UPLOAD}/{{key}}": await _uploaded(served.browsers[Role.ADMINISTRATOR]),
    }


async def _uploaded(browser: Browser) -> str:
    """Let a file of new users be looked at, and return under which name."""
    lines = [f"{70_000 + at},New Person {at},new{at}@example.com" for at in range(IMPORTED)]
    text = "\n".join(["extension,name,email", *lines])
    answer = await browser.post(UPLOAD, files={"file": ("users.csv", text.encode(), "text/csv")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def _pages(app: FastAPI) -> list[str]:
    """Return the paths of all pages."""
    found = {one.path for one in iter_route_contexts(app.routes) if "GET" in (one.methods or ()) and one.path}
    return sorted(found - set(NO_PAGE))


async def _page(served: Served, path: str) -> Row:
    """Return the row of one page: the slowest of the ways to ask for it."""
    place, browser, who = _filled(served, path), *await _who_sees(served, path)
    taken = {
        query or "page": await _times(lambda query=query: _seen(browser, place + query), ASKED)  # type: ignore[misc]
        for query in QUERIES.get(path, ("",))
    }
    slowest = max(_p95(some) for some in taken.values())
    how = f"95 of 100 are answered within, seen by {who}; {WHO}"
    return row(f"portal.p95.{path}", slowest, "ms", f"<= {LIMIT}", how, taken)


async def _who_sees(served: Served, path: str) -> tuple[Browser, str]:
    """Return the browser of the least role that sees a page, and in words whose that is."""
    place, told = _filled(served, path), []
    for role, browser in served.browsers.items():
        answer = await browser.get(place)
        told.append(answer.status_code)
        if answer.status_code == 200:
            return browser, "nobody" if role is None else f"the role {role.name.lower()}"
    raise AssertionError(f"nobody sees {place}: {told}")


def _filled(served: Served, path: str) -> str:
    """Return a path with what there is in the place of names."""
    samples = served.samples
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: samples.get(path) or samples[found[1]], path)


async def _after_a_change(served: Served) -> Row:
    """Return the row of pages that are the first after somebody was changed: what is kept in memory is old."""
    taken: dict[str, list[float]] = {path: [] for path in AFTER}
    for path, some in taken.items():
        browser, _ = await _who_sees(served, path)
        for number in range(CHANGED):
            async with served.store.write() as rows:
                await users.put(rows, replace(served.company.people[100 + number], name=f"{number} of {path}"))
            some += await _times(lambda: _seen(browser, _filled(served, path)), 1)  # noqa: B023
    slowest = max(_p95(some) for some in taken.values())
    how = f"95 of 100 are answered within, the first after a user was changed; {WHO}"
    return row("portal.p95.after_change", slowest, "ms", f"<= {LIMIT}", how, taken)


async def _looked_up(served: Served) -> Row:
    """Return the row of names for numbers, half of them somebody's."""
    random = Random(3)
    numbers = [f"0{random.choice((8, 70))}{random.randrange(10**6, 10**7)}" for _ in range(LOOKED_UP // 2)]
    numbers += [user.extension for user in random.sample(served.company.people, LOOKED_UP // 2)]

    async def looked_up() -> None:
        answer = await served.program.call("GET", f"/lookup/{random.choice(numbers)}")
        assert answer.status_code == 200, answer.text

    taken = await _times(looked_up, LOOKED_UP)
    how = f"95 of 100 names are told within, by the API with a token; {WHO}"
    return row("portal.p95.lookup", _p95(taken), "ms", "<= 20", how, {"ms": taken})


async def _signed_in(served: Served) -> Row:
    """Return the row of signing in, everybody with a browser of their own."""
    portal = served.app.state.portal
    taken = []
    for user in served.company.people[100 : 100 + SIGNED_IN]:
        browser = Browser(served.app, portal)
        await browser.get("/sign-in")

        async def signed_in(browser: Browser = browser, name: str = user.extension) -> None:
            answer = await browser.post("/sign-in", {"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text

        taken += await _times(signed_in, 1)
    how = f"95 of 100 are let in within, one after the other: argon2id takes most of it; {WHO}"
    return row("portal.p95.signing_in", _p95(taken), "ms", "<= 400", how, {"ms": taken})


async def _seen(browser: Browser, place: str) -> None:
    answer = await browser.get(place)
    assert answer.status_code == 200, f"{place}: {answer.status_code}"


async def _times(work: Callable[[], Awaitable[None]], often: int) -> list[float]:
    """Return how many milliseconds something took, each time."""
    taken = []
    for _ in range(often):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def _p95(taken: Sequence[float]) -> float:
    return sorted(taken)[math.ceil(len(taken) * 0.95) - 1]
