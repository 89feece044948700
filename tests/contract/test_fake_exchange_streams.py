"""Streams of the scripted Exchange: who subscribes to what, how many streams there are, and how they end."""

import asyncio
from contextlib import aclosing

from tests.contract.exchange_desk import ALICE, BOB, SERVICE, Desk, calendar, impersonating, listen, subscribe, told
from tests.fakes.exchange.rights import Right


async def test_a_login_has_three_streams_and_its_copies_have_their_own():
    desk = Desk(minute=60)
    desk.exchange.impersonator(ALICE)
    ids = [(await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"][0] for _ in range(5)]
    streams = [await desk.stream(one) for one in ids[:3]]
    for stream in streams:
        assert b">OK<" in await anext(stream)
    fourth = await desk.ask(listen(ids[3]))
    assert (fourth.code, fourth["ConnectionStatus"]) == ("ErrorExceededConnectionCount", ["Closed"])
    copy = await desk.stream(ids[4], header=impersonating(ALICE.upper()))
    assert b">OK<" in await anext(copy)
    for stream in (*streams, copy):
        await stream.aclose()
    async with aclosing(await desk.stream(ids[3])) as stream:
        assert b">OK<" in await anext(stream)


async def test_a_stream_shows_signs_of_life_and_says_when_its_time_is_over():
    desk = Desk(minute=0.3, heartbeat=0.1)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    said = [told(200, piece) async for piece in await desk.stream(identity)]
    assert [one["ConnectionStatus"] for one in said[-2:]] == [["OK"], ["Closed"]]
    assert len(said) >= 3


async def test_a_server_may_tell_changes_as_events_of_the_folder():
    desk = Desk(minute=60, heartbeat=0.05, folder_events=True)
    body = subscribe(calendar(ALICE)).replace("CreatedEvent", "ModifiedEvent")
    (identity,) = (await desk.ask(body))["SubscriptionId"]
    desk.put()
    alice = desk.exchange.calendar(ALICE)
    alice.delete(alice.wholes()[0].item.uid)
    async with aclosing(await desk.stream(identity)) as stream:
        said = [told(200, await anext(stream)) for _ in range(3)]
    assert (len(said[1]["ModifiedEvent"]), said[1]["ItemId"], len(said[1]["FolderId"])) == (1, [], 1)
    assert len(said[2]["StatusEvent"]) == 1


async def test_there_are_so_many_subscriptions_and_no_more():
    desk = Desk(subscriptions=2)
    made = [await desk.ask(subscribe(calendar(ALICE))) for _ in range(3)]
    assert [one.code for one in made] == ["NoError", "NoError", "ErrorExceededSubscriptionCount"]
    (first,) = made[0]["SubscriptionId"]
    ended = f"<m:Unsubscribe><m:SubscriptionId>{first}</m:SubscriptionId></m:Unsubscribe>"
    assert [(await desk.ask(ended)).code for _ in range(2)] == ["NoError", "ErrorSubscriptionNotFound"]
    assert (await desk.ask(subscribe(calendar(ALICE)))).code == "NoError"


async def test_subscriptions_are_for_their_maker_and_end():
    desk = Desk(minute=60)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    assert (await desk.ask(listen(identity), BOB)).code == "ErrorSubscriptionAccessDenied"
    unknown = await desk.ask(listen("AAAA", identity))
    assert (unknown.code, unknown["SubscriptionId"]) == ("ErrorInvalidSubscription", ["AAAA"])
    stream = await desk.stream(identity)
    await anext(stream)
    newer = await desk.stream(identity)
    await anext(newer)
    assert b"ErrorNewEventStreamConnectionOpened" in await anext(stream)
    desk.exchange.subscriptions.expire()
    assert b"ErrorInvalidSubscription" in await anext(newer)
    assert (await desk.ask(listen(identity))).code == "ErrorInvalidSubscription"
    for left in (stream, newer):
        await left.aclose()


async def test_a_subscription_without_a_stream_expires():
    desk = Desk(minute=0.0)
    (identity,) = (await desk.ask(subscribe(calendar(ALICE))))["SubscriptionId"]
    await asyncio.sleep(0)  # half an hour is no time there
    assert (await desk.ask(listen(identity))).code == "ErrorInvalidSubscription"


async def test_only_owners_subscribe_and_a_subscription_is_for_one_mailbox():
    desk = Desk()
    desk.exchange.share(ALICE, SERVICE, Right.EDITOR)
    refused = await desk.ask(subscribe(calendar(ALICE)), SERVICE)
    assert refused.code == "ErrorSubscriptionDelegateAccessNotSupported"
    desk.exchange.impersonator(SERVICE)
    assert (await desk.ask(subscribe(calendar(ALICE)), SERVICE, impersonating(ALICE))).code == "NoError"
    desk.exchange.share(ALICE, SERVICE, Right.FULL)
    assert (await desk.ask(subscribe(calendar(ALICE)), SERVICE)).code == "NoError"
    both = subscribe(calendar(ALICE), calendar(SERVICE))
    assert (await desk.ask(both, SERVICE)).code == "ErrorInvalidSubscriptionRequest"


async def test_mailboxes_of_two_groups_do_not_share_a_stream():
    desk = Desk(minute=60)
    exchange = desk.exchange
    exchange.impersonator(SERVICE)
    for address, group in ((ALICE, "one"), (BOB, "two")):
        exchange.directory.mailboxes[address].group = group
    ids = []
    for address in (ALICE, BOB):
        made = await desk.ask(
            subscribe(calendar(address)), SERVICE, impersonating(address),
            x_anchormailbox=address, x_preferserveraffinity="true",
        )  # fmt: skip
        ids += made["SubscriptionId"]
        assert list(made.cookies) == ["X-BackEndOverrideCookie"]
    mixed = await desk.ask(listen(*ids), SERVICE, impersonating(ALICE), x_anchormailbox=ALICE)
    assert (mixed.code, mixed["SubscriptionId"]) == ("ErrorSubscriptionNotFound", [ids[1]])
    alone = await desk.stream(ids[1], user=SERVICE, header=impersonating(BOB), x_anchormailbox=BOB)
    async with aclosing(alone) as stream:
        assert b">OK<" in await anext(stream)
