"""My absences: what is shown of them, and that the portal does what the telephone and the command do."""

from datetime import UTC, datetime, timedelta

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.signin import SignIn
from gateway.store import absences
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import ZONE, House

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


async def by_hand(house: House, signin: SignIn) -> Diversion | None:
    async with house.portal.store.read() as rows:
        assert signin.user is not None
        return await absences.of(rows, signin.user)


async def test_what_is_set_is_what_the_telephone_would_set(house: House):
    browser = await house.browser(house.anna)
    answer = await browser.post("/absences", {"code": "meeting", "time": "15:00", "day": "", "target": "1002"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/absences?told=set")
    user = house.anna.user or 0
    assert await by_hand(house, house.anna) == Diversion(
        user, BY_HAND, "meeting", NOON, at(23, 15), target="1002", by_hand=True
    )
    shown = (await browser.get("/absences", told="set")).text
    assert "You are away now." in shown
    assert "In a meeting" in shown
