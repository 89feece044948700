"""Everybody is called at the start, as the rules say for each answer: by real phones, calendars and a whole gateway."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from peers.asterisk import Asterisk
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Behaviour, Phone, call
from peers.radicale import Radicale
from tests.system.rooms import (
    AT_ONCE,
    SOON,
    Meeting,
    are_inside,
    hears_somebody,
    late,
    opens,
    planned,
    speaks,
    told,
)

SECOND = timedelta(seconds=1)
RING = "ring = 5\n"
ANNA, BOB, CARL, DORA, ERIK, FINN = "1001", "1002", "1003", "1004", "1005", "1006"
LOGINS = {ANNA: "ulla", BOB: "vera", CARL: "walter", DORA: "xenia", ERIK: "yngve", FINN: "zora"}


def owners(radicale: Radicale, room: str | None = "8501") -> list[Owner]:
    return [
        Owner(extension, login, radicale.people[login], room=room if extension == ANNA else None)
        for extension, login in LOGINS.items()
    ]


@asynccontextmanager
async def phones(asterisk: Asterisk, **behaviours: Behaviour) -> AsyncIterator[dict[str, Phone]]:
    """Register phones: `x1001="answer"`."""
    async with AsyncExitStack() as stack:
        yield {
            name[1:]: await stack.enter_async_context(Phone.register(asterisk, name[1:], behaviour))
            for name, behaviour in behaviours.items()
        }


async def test_each_answer_has_its_consequence(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    setup = Setup(exchange, radicale.url, owners(radicale), pbx=RING)
    async with (
        phones(exchange, x1001="answer", x1002="busy", x1003="reject", x1004="ring", x1006="answer") as all_of_them,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        anna, bob, carl, dora, finn = (all_of_them[number] for number in (ANNA, BOB, CARL, DORA, FINN))
        meeting = Meeting("ulla", ("vera", "walter", "xenia", "yngve", "zora")).within(SOON)
        await meeting.write(radicale)
        await opens(ami, "8501")
        for phone in (anna, bob, carl, dora, finn):
            await phone.rings(deadline=60)
            assert 0 <= late(phone, meeting) < AT_ONCE
        assert "Veckom" in anna.calls[0].invite.header("From")
        await speaks(anna.calls[0])
        await speaks(finn.calls[0])

        # whoever signs in in time is called then; who was busy a minute later, who did not answer half a minute later
        bob.behaviour = "answer"
        async with Phone.register(exchange, ERIK) as erik:
            await erik.rings(deadline=60)
            await speaks(erik.calls[0])
            await dora.rings(2, deadline=60)
            assert 33 <= late(dora, meeting, 1) <= 45 + AT_ONCE  # it had rung for five seconds
            dora.behaviour = "answer"
            await bob.rings(2, deadline=60)
            assert 59 <= late(bob, meeting, 1) <= 70 + AT_ONCE
            await speaks(bob.calls[1])
            await dora.rings(3, deadline=60)
            await speaks(dora.calls[2])
            await are_inside(exchange, "8501", 5)

            people = await told(gateway, "8501")
            assert people[CARL].results == ("rejected",)
            assert people[BOB].results == ("busy", None)
            assert people[DORA].results == ("noanswer", "noanswer", None)
            assert people[ERIK].results == ("unregistered", None)
            assert [one for one, person in people.items() if person.is_in] == [ANNA, BOB, DORA, ERIK, FINN]
            assert [len(phone.calls) for phone in (anna, bob, carl, dora, erik, finn)] == [1, 2, 1, 3, 1, 1]

            await meeting.cancel(radicale)
            for phone in (anna, bob, dora, erik, finn):
                await phone.calls[-1].is_over(60)
        await opens(ami, "8501", there=False)
        assert await planned(gateway) == []


async def test_a_mailbox_never_gets_in_and_one_is_pressed_where_a_machine_might_answer(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    """Bob's telephone does not answer, so the PBX's mailbox would; whoever is diverted by the meeting presses 1."""
    meeting = Meeting("ulla", {"vera": "ACCEPTED", "walter": "ACCEPTED"}, subject="M: Budget", name="budget")
    setup = Setup(exchange, radicale.url, owners(radicale), pbx="ring = 30\n")
    async with (
        phones(exchange, x1001="answer", x1003="answer") as all_of_them,
        Phone.register(exchange, BOB, "ring") as bob,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        anna, carl = all_of_them[ANNA], all_of_them[CARL]
        meeting = meeting.within(SOON)
        await meeting.write(radicale)
        await opens(ami, "8501")
        asked = await anna.rings(deadline=60)  # she is diverted by her own meeting
        await asked.hears(deadline=60)
        assert await exchange.inside("8501") == [] or len(await exchange.inside("8501")) == 1
        await asked.press("1")  # what is asked is heard only when a second has passed
        await are_inside(exchange, "8501", 2)
        await speaks(carl.calls[0])
        await bob.calls[0].is_over(60)
        await are_inside(exchange, "8501", 2)
        assert (await told(gateway, "8501"))[BOB].was_in is False
        await meeting.cancel(radicale)
        await anna.calls[0].is_over(60)


async def test_who_dials_in_is_not_called_and_who_is_away_or_undisturbed_is_not_either(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    meeting = Meeting("ulla", {"vera": "ACCEPTED", "walter": "DECLINED", "xenia": "TENTATIVE", "yngve": "NEEDS-ACTION"})
    setup = Setup(exchange, radicale.url, owners(radicale))
    async with (
        phones(exchange, x1001="answer", x1002="answer", x1003="answer", x1004="answer", x1005="answer") as all_of_them,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        meeting = meeting.within(2 * SOON)  # somebody dials in before it begins
        await meeting.write(radicale)
        trip = Meeting("xenia", starts=meeting.starts - 60 * SECOND, subject="TJR: Kiruna", location="", name="trip")
        await trip.write(radicale)
        await ami.action("DBPut", {"Family": "DND", "Key": ERIK, "Val": "YES"})
        try:
            await opens(ami, "8501")
            async with call(exchange, BOB, "*26") as early:
                await early.is_answered(60)
                await are_inside(exchange, "8501", 1)
                await all_of_them[ANNA].rings(deadline=60)
                await speaks(early)
                await are_inside(exchange, "8501", 2)
                people = await told(gateway, "8501")
                assert people[BOB].results == ("came",)
                assert people[BOB].is_in
                assert people[CARL].results == ()
                assert people[DORA].results == ("away",)
                assert people[ERIK].results == ("dnd",)
                assert [len(phone.calls) for phone in all_of_them.values()] == [1, 0, 0, 0, 0]
                await meeting.cancel(radicale)
                await early.is_over(60)
        finally:
            await ami.action("DBDel", {"Family": "DND", "Key": ERIK})
            await trip.cancel(radicale)
    assert not hears_somebody(all_of_them[ANNA].calls[0])
