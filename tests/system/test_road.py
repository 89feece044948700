"""The main road: what somebody writes into a calendar is what the telephone does."""

from functools import partial
from pathlib import Path

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to


async def test_m_diverts_and_deleting_it_lets_the_telephone_ring(
    asterisk: Asterisk, radicale: Radicale, folder: Path
) -> None:
    calendar = radicale.calendar("alice")
    owner = Owner("1001", "alice", radicale.people["alice"])
    async with (
        Phone.register(asterisk, "1001") as own,
        Phone.register(asterisk, "1004") as target,
        Gateway.start(folder, Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1004"))),
        asterisk.observe() as ami,
    ):
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
