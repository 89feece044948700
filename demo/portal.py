"""The fourth act: the portal, used as a browser without JavaScript uses it: pages are read, and their forms sent."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx

from demo.stage import Stage, played
from demo.step import Step

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ANNA, ADA = "1001", "ada@example.org"
CHOSEN = "four words for a demonstration"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
LINK = re.compile(r"https?://\S+(/welcome/\S+)")
TAG = re.compile(r"<[^>]+>")


class Visitor:
    """Somebody in front of a browser."""

    def __init__(self, place: str) -> None:
        self._client = httpx.AsyncClient(base_url=place, follow_redirects=True, headers={"Accept-Language": "en"})

    async def reads(self, path: str) -> str:
        """Open a page, and return what it says."""
        return _words((await self._client.get(path)).text)

    async def sends(self, page: str, to: str, **fields: str) -> tuple[int, str]:
        """Open a page, send its form, and return the status and what the page says that it leads to."""
        shown = await self._client.get(page)
        found = CSRF.search(shown.text)
        answer = await self._client.post(to, data={"csrf": found[1] if found else "", **fields})
        return answer.status_code, _words(answer.text)


async def a_portal(stage: Stage) -> AsyncIterator[Step]:
    """Anna is let in, is away by a page, and is back by a page."""
    anna = Visitor(stage.portal)
    said = await stage.gateway.command("portal", "invite", ANNA)
    status, words = await _welcomed(anna, said)
    yield Step(
        "An administrator prints an invitation for Anna, who chooses a password in her browser",
        "she is in her portal, which speaks Swedish, as she does",
        f"status {status}: {words[:60]}",
        status == 200 and words.startswith("Översikt"),
        {"portal": stage.portal},
    )
    until = (datetime.now(UTC) + timedelta(minutes=75)).replace(second=0, microsecond=0).astimezone(STOCKHOLM)
    fields = {"code": "lunch", "time": f"{until:%H:%M}", "day": f"{until:%Y-%m-%d}"}
    status, _ = await anna.sends("/absences", "/absences", **fields)
    came = await stage.comes(lambda value, lamp: lamp == "INUSE", ANNA)
    heard = await stage.call("1002", ANNA)
    yield Step(
        f"She says there that she is at lunch until {until:%H:%M}, and Bertil calls her",
        "he hears of the lunch, and lands at 1004",
        f"said: “{heard.words}”; answered by {heard.landed or 'nobody'}",
        status == 200 and came and heard.landed == "1004" and any("reason-lunch" in one for one in heard.sounds),
        heard.evidence,
    )
    status, words = await anna.sends("/absences", "/absences/end")
    came = await stage.comes(lambda value, lamp: lamp == "UNAVAILABLE", ANNA)
    log_from = stage.asterisk.log.stat().st_size
    heard = await stage.call("1002", ANNA)
    silent = not [one for one in played(stage.asterisk.log, log_from) if "reason-" in one]
    yield Step(
        "She is back early, presses End it now, and Bertil calls again",
        "1001 rings, nothing is said",
        f"answered by {heard.landed or 'nobody'}",
        status == 200 and came and silent and heard.landed == ANNA,
        heard.evidence,
    )
    ada = Visitor(stage.portal)
    said = await stage.gateway.command("portal", "invite", "--administrator", ADA)
    await _welcomed(ada, said)
    seen = await ada.reads("/administration/users")
    refused = await anna.reads("/administration/users")
    yield Step(
        "Ada, an administrator, opens the users; Anna tries to",
        "Ada sees everybody, Anna is told that it is not for her",
        f"Ada: {'1001 to 1004' if all(one in seen for one in ('1001', '1004')) else seen[:60]}; Anna: {refused[:60]}",
        "1001" in seen and "1004" in seen and "1004" not in refused and "inte för dig" in refused,
    )


async def _welcomed(visitor: Visitor, said: str) -> tuple[int, str]:
    """Follow the link of an invitation, and choose a password."""
    link = LINK.search(said)
    path = link[1] if link else "/"
    return await visitor.sends(path, path, password=CHOSEN, again=CHOSEN)


def _words(page: str) -> str:
    _, _, main = page.partition("<main")
    return " ".join(unescape(TAG.sub(" ", main.partition(">")[2].partition("<footer")[0])).split())
