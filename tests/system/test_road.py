"""The main road: what somebody writes into a calendar is what the telephone does."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import STOCKHOLM, Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to


async def test_m_diverts_and_deleting_it_lets_the_telephone_ring(
    asterisk: Asterisk, radicale: Radicale, folder: Path
) -> None:
    calendar = radicale.calendar("maria")
    owner = Owner("1001", "maria", radicale.people["maria"])
    async with (
        Phone.register(asterisk, "1001") as own,
        Phone.register(asterisk, "1004") as target,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1004"))),
        asterisk.observe() as ami,
    ):
        await holds(ami, "1001", diverted=False)  # told to be off from the first, not just unknown
        await calendar.put("styrgrupp", event("styrgrupp", instant(-5 * MINUTE), instant(HOUR), "M: Styrgrupp"))
        await holds(ami, "1001", diverted=True)
        await lands(asterisk, "1001", target)
        diversions = target.calls[0].diversions
        assert len(diversions) == 1
        assert "1001" in diversions[0]
        assert own.calls == []

        await calendar.delete("styrgrupp")
        await holds(ami, "1001", diverted=False)
        await lands(asterisk, "1001", own)
        assert len(target.calls) == 1


async def test_an_all_day_holiday_that_is_shown_as_free_diverts(
    asterisk: Asterisk, radicale: Radicale, folder: Path
) -> None:
    today = datetime.now(STOCKHOLM).date()
    free = ("TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE")
    begins, ends = (f";VALUE=DATE:{day:%Y%m%d}" for day in (today, today + timedelta(days=2)))
    owner = Owner("1012", "nils", radicale.people["nils"])
    async with (
        Phone.register(asterisk, "1012") as own,
        Phone.register(asterisk, "1013") as target,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1013"))),
        asterisk.observe() as ami,
    ):
        await radicale.calendar("nils").put("holiday", event("holiday", begins, ends, "SEM:", *free))
        await holds(ami, "1012", diverted=True, presence="xa")
        await lands(asterisk, "1012", target)
        assert own.calls == []


async def test_all_phones_of_a_user_follow_together(asterisk: Asterisk, radicale: Radicale, folder: Path) -> None:
    owner = Owner("1014", "olga", radicale.people["olga"], phones=("1015",))
    async with (
        Phone.register(asterisk, "1014") as desk,
        Phone.register(asterisk, "1015") as cordless,
        Phone.register(asterisk, "1016") as target,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1016"))),
        asterisk.observe() as ami,
    ):
        await radicale.calendar("olga").put("board", event("board", instant(-MINUTE), instant(HOUR), "M:"))
        for extension in ("1014", "1015"):
            await holds(ami, extension, diverted=True)
            await lands(asterisk, extension, target)
        assert desk.calls == cordless.calls == []
