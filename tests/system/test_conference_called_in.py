"""An organiser calls people in while the conference runs: a real telephone rings, once, and who answers is in."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.deciding.conferences import call_in, colleague
from gateway.deciding.installation import Installation
from gateway.errors import Refused
from gateway.store import conferences, users
from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone, call
from peers.radicale import Radicale
from tests.system.rooms import Meeting, are_inside, opens, speaks, tells, told

ANNA, BOB, CARL = "1001", "1002", "1003"
LOGINS = {ANNA: "ulla", BOB: "vera", CARL: "walter"}


async def press(gateway: Gateway, extension: str) -> bool:
    """Do what the button in the portal does."""
    async with gateway.store() as store, store.write() as rows:
        (one,) = await conferences.every(rows)
        organiser = await users.get(rows, one.organiser)
        assert organiser is not None
        whom, installation = await colleague(rows, one, extension), Installation(pbxs=(organiser.pbx,))
        return await call_in(rows, installation, one, whom, datetime.now(UTC))


async def test_who_is_asked_and_who_is_not_are_called_in_and_nobody_twice(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owners = [
        Owner(extension, login, radicale.people[login], room="8501" if extension == ANNA else None)
        for extension, login in LOGINS.items()
    ]
    async with (
        Phone.register(exchange, BOB, "answer") as bob,
        Phone.register(exchange, CARL, "reject") as carl,
        Gateway.start(folder, Setup(exchange, radicale.url, owners)) as gateway,
        exchange.observe() as ami,
    ):
        meeting = Meeting("ulla", ("vera",), location="PBX").within(timedelta())
        await meeting.write(radicale)
        await opens(ami, "8501")
        async with call(exchange, ANNA, "*26") as anna:
            await anna.is_answered(60)
            await are_inside(exchange, "8501", 1)
            assert (len(bob.calls), len(carl.calls)) == (0, 0)

            assert await press(gateway, BOB)
            with suppress(Refused):  # perhaps he is in already
                assert not await press(gateway, BOB)
            await bob.rings(deadline=60)
            await are_inside(exchange, "8501", 2)
            await speaks(anna)

            assert await press(gateway, CARL)
            await carl.rings(deadline=60)
            await gateway.kill()
            carl.behaviour = "answer"
            await gateway.up()
            await tells(gateway, "8501", {CARL: ["over rejected"]})
            assert await press(gateway, CARL)
            await carl.rings(2, deadline=60)
            await are_inside(exchange, "8501", 3)

            people = await told(gateway, "8501")
            assert [one for one, person in people.items() if person.is_in] == [ANNA, BOB, CARL]
            assert people[BOB].results == (None,)
            assert people[CARL].results == ("rejected", None)
            assert [len(phone.calls) for phone in (bob, carl)] == [1, 2]

            await meeting.cancel(radicale)
            await anna.is_over(60)
            for phone in (bob, carl):
                await phone.calls[-1].is_over(60)
