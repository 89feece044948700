"""A change in a scripted Exchange is heard at once, whatever happened to the stream before."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from gateway.errors import SignInAgain
from tests.contract.exchange_push import (
    AT_ONCE,
    POLL,
    QUICK,
    SERVICE,
    account,
    address,
    cut_after,
    heard,
    item,
    listening,
    lull,
    office,
    until,
)
from tests.fakes.exchange.faults import broken, busy, cut, down, error, hung
from tests.fakes.exchange.rights import Right


@pytest.mark.parametrize("sign_in", ["ntlm", "basic"])
async def test_a_change_is_heard_at_once(sign_in):
    async with office(3) as there, heard(there, sign_in=sign_in) as ear:
        await ear.settled(there, [1, 2, 3])
        began = time.monotonic()
        there.change(2)
        await ear.hears(2)
        assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("folder_events", [False, True])
async def test_whatever_happens_in_a_calendar_is_heard(folder_events):
    async with office(1, folder_events=folder_events) as there, heard(there) as ear:
        await ear.settled(there, [1])
        calendar = there.people[0]
        uid = calendar.put(item())
        await ear.hears(1)
        calendar.change(uid, subject="L: Lunch")
        await ear.hears(1)
        calendar.cancel(uid)
        await ear.hears(1)
        calendar.delete(uid)
        await ear.hears(1)
        calendar.delete(calendar.put(item()), hard=True)
        await until(lambda: 1 in ear.heard)


async def test_two_hundred_share_a_stream_and_the_rest_is_polled():
    async with office(450) as there, heard(there, streams=2) as ear:
        await ear.settled(there, range(1, 201), range(201, 401))
        there.change(1, 200, 201, 400, 401, 450)
        await ear.hears(1, 200, 201, 400)


async def test_who_owns_the_mailbox_needs_no_service_account():
    async with office(1) as there, heard(there, login=address(1), password="secret 1") as ear:
        await ear.settled(there, [1])
        there.change(1)
        await ear.hears(1)


async def test_a_reviewer_hears_nothing_and_says_so_once(caplog):
    caplog.set_level(logging.INFO, "gateway")
    async with office(2, right=Right.REVIEWER) as there, account(there, access="delegation") as kept:
        for _ in range(2):
            async with listening(kept, there.mailboxes) as ear:
                await until(lambda: there.asked("Subscribe") == 2)
                there.change(1)
                await lull()
                assert ear.heard == []
        assert (there.asked("Subscribe"), there.asked("GetStreamingEvents")) == (2, 0)
    said = [record.getMessage() for record in caplog.records if "streams" in record.getMessage()]
    assert len(said) == 1
    assert "2 of 2 only their owners may" in said[0]


async def test_one_mailbox_that_cannot_be_had_is_left_out():
    async with office(3) as there:
        del there.exchange.directory.mailboxes[address(1)]
        async with heard(there) as ear:
            await ear.settled(there, [2, 3])
            there.change(2, 3)
            await ear.hears(2, 3)


async def test_a_mailbox_that_is_well_again_joins_when_its_stream_is_reopened():
    async with office(3, minute=0.02) as there:
        ill = there.exchange.faults.always(
            error("ErrorMailboxStoreUnavailable"), operation="Subscribe", mailbox=address(2)
        )
        async with heard(there) as ear:
            await ear.settled(there, [1, 3])
            there.exchange.faults.remove(ill)
            await there.streaming([1, 2, 3])
            assert there.asked("GetStreamingEvents") < 20
            await ear.hears(2)


async def test_a_mailbox_may_be_known_by_an_alias():
    async with office(1) as there:
        there.exchange.person("zoe@example.test", "secret", aliases=("aaa@example.test",))
        there.people.append(there.exchange.calendar("zoe@example.test"))
        aliased = replace(there.mailbox(2), address="aaa@example.test")
        async with account(there) as kept, listening(kept, [there.mailbox(1), aliased]) as ear:
            await ear.settled(there, [1, 2])
            there.change(2)
            await ear.hears(2)


@pytest.mark.parametrize("version", ["Exchange2007_SP1", "Exchange2010"])
async def test_a_server_without_streams_is_left_in_peace(version, caplog):
    caplog.set_level(logging.INFO, "gateway")
    async with office(2, version=version) as there, heard(there) as ear:
        await until(lambda: "Exchange 2010 SP1" in caplog.text)
        assert (there.asked("Subscribe"), there.asked("GetStreamingEvents"), ear.heard) == (0, 0, [])


@pytest.mark.parametrize("version", ["Exchange2010_SP1", "Exchange2013", "Exchange2013_SP1"])
async def test_older_servers_with_streams(version):
    async with office(2, version=version) as there, heard(there) as ear:
        await ear.settled(there, [1, 2])
        there.change(2)
        await ear.hears(2)


async def test_a_stream_whose_half_hour_is_over_is_reopened_and_nothing_is_missed():
    async with office(2, minute=0.02) as there, heard(there, pace=replace(QUICK, steady=0.1)) as ear:
        await ear.settled(there, [1, 2])
        await until(lambda: there.asked("GetStreamingEvents") >= 3)
        there.change(1)
        await ear.hears(1)
        await until(lambda: there.asked("GetStreamingEvents") >= 5)
        assert there.asked("Subscribe") == 2
        assert ear.heard == []


@pytest.mark.parametrize("count", [0, 1, 100, 400, 700, 900, 1500])
async def test_a_stream_that_is_cut_anywhere_is_opened_again(count):
    async with office(2) as there:
        there.exchange.faults.next(cut_after(count), operation="GetStreamingEvents")
        async with heard(there) as ear:
            await until(lambda: there.streams() and there.asked("GetStreamingEvents") >= 1)
            while there.asked("GetStreamingEvents") < 2:  # fill it up to where it is cut
                there.change(1)
                await asyncio.sleep(POLL)
            await there.streaming([1, 2])
            await until(lambda: 2 in ear.heard)  # all of it, since what happened meanwhile is not known
            await lull()
            ear.heard.clear()
            there.change(2)
            await ear.hears(2)
            assert there.asked("Subscribe") == 2


@pytest.mark.parametrize("fault", [cut, down(), broken(), busy(50)], ids=["cut", "down", "broken", "busy"])
@pytest.mark.parametrize("operation", ["Subscribe", "GetStreamingEvents"])
async def test_a_server_that_fails_for_a_while(fault, operation):
    async with office(2) as there:
        there.exchange.faults.next(fault, 2, operation=operation)
        async with heard(there) as ear:
            await ear.settled(there, [1, 2])
            there.change(1)
            await until(lambda: 1 in ear.heard)


async def test_subscriptions_that_expired_are_made_anew_and_their_mailboxes_looked_at():
    async with office(2) as there, heard(there) as ear:
        await ear.settled(there, [1, 2])
        there.exchange.subscriptions.expire()
        await until(lambda: set(ear.heard) == {1, 2})
        await there.streaming([1, 2])
        assert there.asked("Subscribe") == 4
        await lull()
        ear.heard.clear()
        there.change(2)
        await ear.hears(2)


async def test_one_subscription_that_expired_leaves_the_others_alone():
    async with office(3) as there, heard(there) as ear:
        await ear.settled(there, [1, 2, 3])
        (one,) = [one for one in there.exchange.subscriptions.alive.values() if one.mailbox.calendar is there.people[1]]
        there.exchange.subscriptions.remove(one)
        await ear.hears(2)
        await there.streaming([1, 2, 3])
        assert there.asked("Subscribe") == 4


async def test_a_server_that_is_restarted():
    async with office(2) as there, heard(there) as ear:
        await ear.settled(there, [1, 2])
        there.exchange.faults.next(cut, 2)
        there.exchange.subscriptions.alive.clear()
        there.exchange.server.drop()
        there.change(1)
        await until(lambda: set(ear.heard) == {1, 2})
        await there.streaming([1, 2])


async def test_a_hung_stream_is_given_up():
    async with office(2, heartbeat=3600.0) as there, heard(there, pace=replace(QUICK, silence=0.3)) as ear:
        await ear.settled(there, [1, 2])
        await ear.hears(1, 2)
        there.change(2)
        await until(lambda: 2 in ear.heard)
        assert there.asked("Subscribe") == 2


async def test_a_request_that_hangs_is_given_up():
    async with office(1) as there:
        there.exchange.faults.next(hung, operation="GetStreamingEvents")
        async with heard(there, pace=replace(QUICK, silence=0.3)) as ear:
            await ear.settled(there, [1])
            there.change(1)
            await until(lambda: 1 in ear.heard)


async def test_signs_of_life_keep_a_stream():
    async with office(2, heartbeat=0.05) as there, heard(there, pace=replace(QUICK, silence=4.0)) as ear:
        await ear.settled(there, [1, 2])
        await lull(4.5)
        assert (there.asked("GetStreamingEvents"), ear.heard) == (1, [])


async def test_one_stream_more_than_allowed_is_polled_without_haste():
    async with office(1, right=Right.FULL) as there:
        there.exchange.behaviour.streams = 1
        there.hire(200)
        for number in range(2, 202):
            there.exchange.share(address(number), SERVICE, Right.FULL)
        async with heard(there, access="delegation", pace=replace(QUICK, first=0.1, longest=5.0)) as ear:
            await until(lambda: len(there.streams()) == 1 and there.asked("Subscribe") == 201)
            tried = sum(seen.operation == "GetStreamingEvents" for seen in there.exchange.server.requests)
            await lull(1.0)
            again = sum(seen.operation == "GetStreamingEvents" for seen in there.exchange.server.requests)
            assert again - tried <= 5
            (carried,) = there.streams()
            await ear.hears(*carried)
            there.change(carried[0])
            await until(lambda: carried[0] in ear.heard)


async def test_mailboxes_of_two_servers_are_not_kept_in_one_stream():
    async with office(2) as there:
        there.hire(1, group="elsewhere")
        async with heard(there) as ear:
            await ear.settled(there, [1, 2])
            there.change(1, 2)
            await until(lambda: {1, 2} <= set(ear.heard))


async def test_each_group_is_led_to_its_server():
    async with office(2) as there:
        there.hire(2, group="elsewhere")
        async with heard(there, grouped=True) as ear:
            await ear.settled(there, [1, 2], [3, 4])
            there.change(2, 4)
            await ear.hears(2, 4)
            there.exchange.server.drop()
            await until(lambda: {1, 2, 3, 4} <= set(ear.heard))
            await there.streaming([1, 2], [3, 4])
            assert there.asked("Subscribe") == 4


async def test_credentials_that_are_refused_are_tried_once():
    async with office(2) as there:
        there.hire(2, group="elsewhere")
        async with heard(there, grouped=True) as ear:
            assert ear.task
            await ear.settled(there, [1, 2], [3, 4])
            there.exchange.people[SERVICE] = "changed"
            before = len(there.exchange.server.signins.attempts)
            there.exchange.server.drop()
            with pytest.raises(SignInAgain):
                await asyncio.wait_for(ear.task, 60)
            await lull(0.3)
            assert len(there.exchange.server.signins.attempts) - before == 1


async def test_an_event_storm_is_a_few_readings_and_does_not_hold_the_loop():
    async with office(2) as there, heard(there) as ear:
        await ear.settled(there, [1, 2])
        for _ in range(20):
            there.change(*[1] * 50, 2)
            await asyncio.sleep(0)
        await until(lambda: set(ear.heard) == {1, 2})
        await lull(0.5)
        assert len(ear.heard) <= 2 * 25


async def test_nothing_is_missed_when_somebody_joins():
    async with office(2) as there, account(there) as kept:
        async with listening(kept, there.mailboxes) as ear:
            await ear.settled(there, [1, 2])
        there.change(1)
        there.hire()
        async with listening(kept, there.mailboxes) as ear:
            await there.streaming([1, 2, 3])
            await ear.hears(1, 3)
            there.change(3)
            await ear.hears(3)
        assert there.asked("Subscribe") == 3


async def test_whoever_stops_listening_leaves_no_connection_open():
    async with office(2) as there, account(there, sign_in="ntlm") as kept, listening(kept, there.mailboxes) as ear:
        await ear.settled(there, [1, 2])
        connections = there.exchange.server.open
        assert ear.task
        ear.task.cancel()
        began = time.monotonic()
        await asyncio.wait((ear.task,))
        assert time.monotonic() - began < AT_ONCE
        await until(lambda: there.exchange.server.open == connections - 1)
