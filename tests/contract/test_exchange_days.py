"""Whole days and zones at the scripted Exchange: what exchangelib alone would lose, shift, or not survive."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Window
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.ews.source import connect
from tests.contract.calendars import account, calendar_of, mailbox
from tests.contract.conftest import BEHAVIOURS, peopled
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.items import Item
from tests.fakes.exchange.series import Recurrence

BERLIN, NEW_YORK = "W. Europe Standard Time", "Eastern Standard Time"
SUNDAY = date(2026, 3, 29)  # the clocks are put forward in Europe; three weeks earlier in New York
WINDOW = Window(datetime(2026, 3, 25, tzinfo=UTC), datetime(2026, 4, 9, tzinfo=UTC), date(2026, 3, 26))


def days(uid: str, first: date, last: date, zone: str, at: str, recurrence: Recurrence | None = None) -> Item:
    """Days, `last` included, between the midnights of a zone `at` some place."""
    start, end = (datetime.combine(day, datetime.min.time(), ZoneInfo(at)) for day in (first, last + timedelta(days=1)))
    return Item(uid=uid, subject=f"SEM: {uid}", start=start, end=end, zone=zone, all_day=True, recurrence=recurrence)


async def read(exchange: FakeExchange, *items: Item) -> dict[str, list[tuple[str, str]]]:
    """Return from when until when each item is, by the clock of its owner in Stockholm."""
    for item in items:
        exchange.calendar("alice@example.test").put(item)
    async with exchange.up(), connect(EwsSettings(url=exchange.url, sign_in="basic"))(account("alice")) as opened:
        reading = await calendar_of(opened).read(mailbox("alice"), WINDOW, None)
    assert reading is not None
    assert reading.set_aside == 0
    found: dict[str, list[tuple[str, str]]] = {}
    for one in reading.appointments:
        span = [moment.astimezone(mailbox("alice").zone).strftime("%m-%d %H:%M") for moment in (one.start, one.end)]
        found.setdefault(one.uid, []).append((span[0], span[1]))
    return found


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
async def test_whole_days_are_the_owners_days_on_the_day_of_23_hours_too(behaviour):
    week = SUNDAY - timedelta(days=2)
    found = await read(
        peopled(FakeExchange(behaviour)),
        days("sunday", SUNDAY, SUNDAY, BERLIN, "Europe/Berlin"),
        days("weekend", week, SUNDAY, BERLIN, "Europe/Berlin"),
        days("abroad", week, SUNDAY, NEW_YORK, "America/New_York"),
        days(
            "weekly",
            SUNDAY,
            SUNDAY,
            NEW_YORK,
            "America/New_York",
            recurrence=Recurrence(kind="Weekly", days=("Sunday",)),
        ),
    )
    assert found == {
        "sunday": [("03-29 00:00", "03-30 00:00")],
        "weekend": [("03-27 00:00", "03-30 00:00")],
        "abroad": [("03-27 00:00", "03-30 00:00")],
        "weekly": [("03-29 00:00", "03-30 00:00"), ("04-05 00:00", "04-06 00:00")],
    }


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
@pytest.mark.parametrize(
    "zone",
    ["tzone://Microsoft/Custom", "Mitteleuropäische Zeit", "../../etc/passwd", ""],
    ids=["custom", "local", "path", "empty"],
)
async def test_an_item_in_a_zone_that_nobody_knows_harms_neither_itself_nor_the_others(behaviour, zone):
    at = datetime(2026, 3, 30, 9, tzinfo=UTC)
    hour = Item(uid="hour", subject="M:", start=at, end=at + timedelta(hours=1), zone=zone)
    found = await read(
        peopled(FakeExchange(behaviour)),
        hour,
        days("day", SUNDAY, SUNDAY, zone, "Europe/Stockholm"),
        days("other", SUNDAY, SUNDAY, BERLIN, "Europe/Berlin"),
    )
    assert found == {
        "hour": [("03-30 11:00", "03-30 12:00")],
        "day": [("03-29 00:00", "03-30 00:00")],
        "other": [("03-29 00:00", "03-30 00:00")],
    }
