"""What becomes of streams that are lost, refused, or never come to be."""

import asyncio
import logging
from dataclasses import replace

import pytest

from gateway.errors import Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.push.known import Pace
from gateway.sources.ews.push.notifications import Ending, How, No
from tests.unit.sources.ews.push.heard import ANNA, BO, ENDED, EVA, ILL, Server, listening, mailbox, quiet, streams


@pytest.mark.parametrize("how", [Ending(How.CUT), Unreachable("gone"), RetryLater("cannot be read"), Refused("no")])
async def test_after_a_stream_was_lost_all_of_it_are_yielded_once(how):
    server = Server()
    async with listening(streams(server, ILL), ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).end(how)
        await ear.hears(ANNA, BO)
        await server.one()
        await quiet()
        assert ear.heard == []


async def test_lost_subscriptions_are_made_anew_and_yielded_and_others_stay():
    server = Server()
    async with listening(streams(server), ANNA, BO, EVA) as ear:
        stream = await ear.settled(server, ANNA, BO, EVA)
        (gone,) = [name for name, address in stream.subscriptions.items() if address == BO.address]
        stream.end(Ending(How.LOST, frozenset({gone})))
        await ear.hears(BO)
        assert server.subscribed[3:] == [BO.address]


async def test_lost_without_a_name_is_lost_for_all():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).end(Ending(How.LOST))
        await ear.hears(ANNA, BO)
        assert len(server.subscribed) == 4


async def test_a_subscription_that_is_lost_again_and_again_is_left_out():
    server = Server()
    async with listening(streams(server, ILL), ANNA, BO) as ear:
        await ear.settled(server, ANNA, BO)
        for _ in range(3):
            await server.until(lambda: any(BO.address in one.addresses for one in server.opened))
            (stream,) = server.opened
            (gone,) = [name for name, address in stream.subscriptions.items() if address == BO.address]
            stream.end(Ending(How.LOST, frozenset({gone})))
            await server.until(lambda: not server.opened)
        assert (await server.one()).addresses == {ANNA.address}
        server.opened[0].tell(ANNA)
        await server.until(lambda: True)
        await quiet()
        assert ear.heard == [BO.id, BO.id, ANNA.id]


@pytest.mark.parametrize("why", [No.NOT_FOR_DELEGATES, No.NOT_FOR_THIS_ONE])
async def test_a_sick_mailbox_is_left_out_and_the_others_stay(why):
    server = Server(no={ANNA.address: why})
    kept = streams(server)
    async with listening(kept, ANNA, BO, EVA):
        stream = await server.one()
        assert stream.addresses == {BO.address, EVA.address}
        assert stream.affinity.anchor == BO.address
    async with listening(kept, ANNA, BO, EVA):
        await server.one()
        assert server.subscribed.count(ANNA.address) == 1


async def test_why_calendars_are_only_asked_in_turn_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    server = Server(no=dict.fromkeys([ANNA.address, BO.address], No.NOT_FOR_DELEGATES))
    kept = streams(server, replace(ILL, refused=0.0))
    async with listening(kept, ANNA, BO):
        await server.until(lambda: len(server.subscribed) >= 6)
    said = [record.getMessage() for record in caplog.records if "asked in turn" in record.getMessage()]
    assert len(said) == 1
    assert "2 of 2 only their owners may" in said[0]
    assert "@" not in said[0]


@pytest.mark.parametrize("why", [No.NOT_THERE, No.NO_MORE])
async def test_a_server_that_has_no_streams_is_asked_once(why):
    server = Server(no={BO.address: why})
    kept = streams(server)
    for _ in range(2):
        async with listening(kept, ANNA, BO, EVA):
            assert (await server.one()).addresses == {ANNA.address}
    assert server.subscribed == [ANNA.address, BO.address]


async def test_what_was_left_out_is_tried_again_after_its_time():
    server = Server(no={ANNA.address: No.NOT_FOR_DELEGATES})
    async with listening(streams(server, replace(ILL, refused=0.0)), ANNA):
        await server.until(lambda: len(server.subscribed) >= 1)
        server.no.clear()
        assert (await server.one()).addresses == {ANNA.address}


async def test_one_mailbox_that_fails_oddly_delays_nobody():
    server = Server(no={BO.address: RetryLater("answered with ErrorInternalServerError")})
    async with listening(streams(server, ILL), ANNA, BO, EVA):
        assert (await server.one()).addresses == {ANNA.address, EVA.address}
        assert server.subscribed.count(BO.address) == 3


@pytest.mark.parametrize("error", [RetryLater("ill"), Throttled("busy", after=0.01), Unreachable("gone")])
async def test_a_server_that_fails_for_everybody_is_left_alone_for_a_while(error):
    server = Server(no=dict.fromkeys((mailbox(number).address for number in range(1, 101)), error))
    async with listening(streams(server, ILL), *map(mailbox, range(1, 101))):
        await server.until(lambda: len(server.subscribed) >= 2)
        await quiet()
        assert len(server.subscribed) <= 3
        server.no.clear()
        assert len((await server.one()).subscriptions) == 100


async def test_refused_credentials_are_raised_and_not_tried_again():
    server = Server()
    async with listening(streams(server), ANNA) as ear:
        assert ear.task
        stream = await server.one()
        server.fails = [SignInAgain("refused")]
        stream.end(Ending(How.CLOSED))
        with pytest.raises(SignInAgain):
            await asyncio.wait_for(ear.task, 60)
        assert (server.fails, server.connections) == ([], 0)


async def test_refused_credentials_are_tried_by_one_stream():
    server = Server(groups_told={1: "a", 2: "b", 3: "c"}, fails=[SignInAgain("refused")] * 3)
    async with listening(streams(server), ANNA, BO, EVA) as ear:
        assert ear.task
        with pytest.raises(SignInAgain):
            await asyncio.wait_for(ear.task, 60)
        assert len(server.fails) == 2


async def test_refused_credentials_of_several_streams_are_one_refusal():
    server = Server(groups_told={1: "a", 2: "b"})
    async with listening(streams(server), ANNA, BO) as ear:
        assert ear.task
        await server.until(lambda: len(server.opened) == 2)
        for stream in tuple(server.opened):
            stream.end(SignInAgain("refused"))
        with pytest.raises(SignInAgain):
            await asyncio.wait_for(ear.task, 60)


async def test_a_defect_is_raised_as_it_is():
    server = Server()
    async with listening(streams(server), ANNA) as ear:
        assert ear.task
        (await server.one()).over.set_exception(ZeroDivisionError())
        with pytest.raises(ExceptionGroup):
            await asyncio.wait_for(ear.task, 60)
        ear.task = asyncio.create_task(quiet())


@pytest.mark.parametrize("ending", ENDED, ids=lambda ending: ending.how.name)
async def test_no_end_of_a_stream_makes_a_tight_loop(ending):
    server = Server()
    pace = Pace(settle=0.0, first=3600.0, longest=3600.0)
    async with listening(streams(server, pace), ANNA):
        (await server.one()).end(ending)
        await quiet()
        assert (server.opened, server.connections) == ([], 0)


@pytest.mark.parametrize("was_open", [False, True])
async def test_the_server_says_how_long_to_wait(was_open):
    busy = Throttled("busy", after=0.05)
    server = Server(fails=[] if was_open else [busy])
    began = asyncio.get_running_loop().time()
    async with listening(streams(server), ANNA):
        if was_open:
            (await server.one()).end(busy)
            await server.until(lambda: not server.opened)
        await server.one()
    assert asyncio.get_running_loop().time() - began >= 0.05


async def test_a_server_that_is_away_for_long_is_no_mailbox_that_is_not_well():
    server = Server(no={ANNA.address: Unreachable("gone")})
    async with listening(streams(server, ILL), ANNA, BO):
        await server.until(lambda: len(server.subscribed) >= 10)
        server.no.clear()
        assert (await server.one()).addresses == {ANNA.address, BO.address}
