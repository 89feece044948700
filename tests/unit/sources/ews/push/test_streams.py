"""What is heard while streams are well, and who shares them."""

from dataclasses import replace

from gateway.errors import Unreachable
from gateway.sources.ews.push.notifications import Ending, How
from gateway.sources.ews.push.streams import OWN, own_streams
from tests.unit.sources.ews.push.heard import ANNA, BO, EVA, ILL, WELL, Server, listening, mailbox, quiet, streams


async def test_what_changes_is_yielded():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).tell(BO)
        await ear.hears(BO)


async def test_who_is_subscribed_to_is_yielded_once_since_what_changed_before_was_not_told():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        await ear.settled(server, ANNA, BO)
        await quiet()
        assert ear.heard == []
    async with listening(kept, ANNA, BO) as ear:
        await server.one()
        await quiet()
        assert ear.heard == []


async def test_who_is_subscribed_to_is_yielded_when_the_stream_opens_however_late():
    server = Server(no={BO.address: Unreachable("gone")})
    async with listening(streams(server, ILL), ANNA, BO) as ear:
        await server.until(lambda: server.subscribed.count(BO.address) >= 2)
        assert ear.heard == []
        server.no.clear()
        await ear.settled(server, ANNA, BO)
        assert server.subscribed.count(ANNA.address) == 1


async def test_a_burst_of_one_mailbox_is_one():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).tell(*[ANNA] * 1000, BO, *[ANNA] * 1000)
        await ear.hears(ANNA, BO)


async def test_each_group_has_a_stream_and_an_anchor_of_its_own():
    server = Server(groups_told={1: "a", 2: "b", 3: "b"})
    async with listening(streams(server), ANNA, BO, EVA):
        await server.until(lambda: len(server.opened) == 2)
        assert {frozenset(one.addresses) for one in server.opened} == {
            frozenset({ANNA.address}),
            frozenset({BO.address, EVA.address}),
        }
        assert {one.affinity.anchor for one in server.opened} == {ANNA.address, BO.address}


async def test_no_more_streams_than_the_settings_allow():
    server = Server()
    async with listening(streams(server, streams=2), *map(mailbox, range(1, 701))):
        await server.until(lambda: len(server.opened) == 2)
        await quiet()
        assert [len(one.subscriptions) for one in server.opened] == [200, 200]
        assert server.connections == 2


async def test_no_streams_no_requests():
    server = Server()
    async with listening(streams(server, streams=0), ANNA) as ear:
        await quiet()
        assert (server.subscribed, server.connections, ear.heard) == ([], 0, [])


async def test_a_stream_whose_time_is_over_goes_on_with_the_same_subscriptions():
    server = Server()
    async with listening(streams(server), ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).end(Ending(How.CLOSED))
        await server.until(lambda: not server.opened)
        await server.one()
        await quiet()
        assert (len(server.subscribed), ear.heard) == (2, [])


async def test_who_comes_later_is_subscribed_to_alone():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        await ear.settled(server, ANNA, BO)
    assert server.connections == 0
    async with listening(kept, ANNA, BO, EVA) as ear:
        assert len((await ear.settled(server, EVA)).subscriptions) == 3
        assert server.subscribed == [ANNA.address, BO.address, EVA.address]
        await quiet()
        assert ear.heard == []


async def test_what_was_heard_and_not_yielded_is_yielded_next_time():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        stream = await ear.settled(server, ANNA, BO)
        assert ear.task
        stream.tell(ANNA)
        ear.task.cancel()
    async with listening(kept, ANNA, BO) as ear:
        await ear.hears(ANNA)


async def test_who_is_gone_is_not_yielded_and_has_no_subscription():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA, BO) as ear:
        (await ear.settled(server, ANNA, BO)).tell(BO)
        assert ear.task
        ear.task.cancel()
    async with listening(kept, ANNA) as ear:
        assert (await server.one()).addresses == {ANNA.address}
        await quiet()
        assert ear.heard == []


async def test_a_mailbox_that_is_nowhere_delays_nobody():
    server = Server(nowhere={ANNA.id})
    async with listening(streams(server), ANNA, BO):
        assert (await server.one()).addresses == {BO.address}


async def test_users_own_accounts_share_a_bound():
    server, own = Server(), own_streams()
    kept = [streams(server, service=False, own=own) for _ in range(OWN + 5)]
    listeners = [listening(one, ANNA) for one in kept]
    for one in listeners:
        await one.__aenter__()
    await server.until(lambda: len(server.opened) == OWN)
    await quiet()
    assert len(server.opened) == OWN
    await listeners[0].__aexit__(None, None, None)
    await server.until(lambda: len(server.opened) == OWN)
    for one in listeners[1:]:
        await one.__aexit__(None, None, None)
    assert server.connections == 0


async def test_streams_that_are_planned_again_go_on_undisturbed():
    server = Server(groups_told={1: "a", 2: "b", 3: "b"})
    async with listening(streams(server, replace(WELL, plan=0.01)), ANNA, BO, EVA) as ear:
        await server.until(lambda: len(server.opened) == 2)
        (undisturbed,) = [one for one in server.opened if one.addresses == {ANNA.address}]
        server.groups_told = {1: "a", 2: "b", 3: "c"}
        alone = [[ANNA.address], [BO.address], [EVA.address]]
        await server.until(lambda: sorted(sorted(one.addresses) for one in server.opened) == alone)
        assert undisturbed in server.opened
        assert sorted(server.subscribed) == [ANNA.address, BO.address, EVA.address]
        await quiet()
        assert sorted(ear.heard) == [ANNA.id, BO.id, EVA.id]


async def test_a_mailbox_that_has_moved_gets_a_subscription_there():
    server = Server()
    kept = streams(server)
    async with listening(kept, ANNA) as ear:
        await ear.settled(server, ANNA)
    server.url = "https://other.example.test/EWS/Exchange.asmx"
    async with listening(kept, ANNA) as ear:
        await ear.hears(ANNA)
        assert server.subscribed == [ANNA.address, ANNA.address]
