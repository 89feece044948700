"""`make screenshots`: the pictures of the portal that the README shows, taken of people who do not exist."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from peers.browser import DESKTOP, PHONE, Scheme, chromium, visitor
from peers.portal import PASSWORD, ZONE, served

PICTURES = Path("docs/pictures")


@dataclass(frozen=True, slots=True)
class Morning:
    """A clock that stands still, so that pictures show a day at work, and change only when pages do."""

    at: datetime = datetime(2026, 11, 24, 10, 30, tzinfo=ZONE)

    def now(self) -> datetime:
        """Return that moment."""
        return self.at

    async def until(self, when: datetime, wake: asyncio.Event) -> None:
        """Wait for `wake`: it never gets later."""
        if when > self.at:
            await wake.wait()


@dataclass(frozen=True, slots=True)
class Shot:
    """What `who` (an extension) sees at `path`."""

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESKTOP
    scheme: Scheme = "light"


SHOTS = (
    Shot("overview", "1001", "/"),
    Shot("conferences", "1001", "/conferences"),
    Shot("absences-telephone", "1001", "/absences", PHONE, "dark"),
    Shot("people", "1002", "/people"),
    Shot("status", "1003", "/administration/status"),
)


async def shoot() -> None:
    """Take all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ringplan-pictures-") as folder:
        async with served(Path(folder), clock=Morning()) as portal, chromium() as browser:
            for shot in SHOTS:
                async with visitor(browser, portal.place, size=shot.size, scheme=shot.scheme) as visit:
                    await visit.page.goto("/sign-in")
                    await visit.page.fill("#name", shot.who)
                    await visit.page.fill("#password", PASSWORD)
                    await visit.page.click("main form button")
                    await visit.page.wait_for_url("**/")
                    answer = await visit.page.goto(shot.path)
                    if answer is None or not answer.ok:
                        raise RuntimeError(f"{shot.path} cannot be shown")
                    file = PICTURES / f"{shot.name}.png"
                    await visit.page.screenshot(path=file)
                    print(file)


def main() -> int:
    """Take all, and say where they are."""
    asyncio.run(shoot())
    return 0


if __name__ == "__main__":
    sys.exit(main())
