"""A call that somebody transfers to a diverted person: announced to the person whose call it is, and never lost.

By REFER, as phones do it, and by keys (## and *2 of the PBX). 1001 is diverted, 1005 transfers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from peers.leg import Leg
from peers.media import loudness
from peers.phone import Phone, call
from peers.process import until
from tests.system.dialplan.conftest import Desk, spoken_for_long, window
from tests.system.dialplan.owners import owner

PERSON, REASON, CONNECTING = "ringplan/sv/person", "ringplan/sv/reason-meeting", "ringplan/sv/connecting"
OUTSIDE = "+46812345678"
KINDS = pytest.mark.parametrize("caller", ["1004", OUTSIDE], ids=["internal", "external"])
REFER, KEYS = "REFER", "##"
BLIND = pytest.mark.parametrize("way", [REFER, KEYS])


def said(desk: Desk) -> list[str]:
    """Ringplan's own sounds that were opened."""
    return [sound for sound in desk.played if sound.startswith("ringplan/")]


async def says(desk: Desk, *sounds: str) -> None:
    """Wait until these are Ringplan's first sounds."""
    await until(lambda: len(said(desk)) >= len(sounds), 60.0, f"{sounds} after {said(desk)}")
    assert said(desk)[: len(sounds)] == list(sounds)


async def talk(*legs: Leg) -> None:
    """Sound flows to each of these, now."""
    for leg in legs:
        assert not leg.ended, leg.ladder()
        await leg.hears(len(leg.heard) + 10)


@asynccontextmanager
async def connected(desk: Desk, caller: str, by: str = "1005") -> AsyncIterator[tuple[Leg, Leg]]:
    """`caller` talks to the phone `by`; yields the caller's side and that of `by`. Keys transfer."""
    async with (
        Phone.register(desk.asterisk, by) as phone,
        call(desk.asterisk, caller, f"7{by}", trunk=caller == OUTSIDE) as made,
    ):
        got = await phone.rings()
        await talk(made, got)
        yield made, got


@asynccontextmanager
async def held(desk: Desk, caller: str) -> AsyncIterator[tuple[Leg, Leg]]:
    """As `connected`; the caller is on hold, as a phone does before it asks somebody else."""
    async with connected(desk, caller) as (made, got):
        await got.hold()
        yield made, got


async def blind(desk: Desk, way: str, got: Leg, to: str) -> None:
    """Transfer without asking, and be done with it."""
    if way == REFER:
        await got.transfer(to)
        await got.hang_up()
    else:
        await keys(desk, got, KEYS, to)
        await got.is_over(deadline=60)


async def keys(desk: Desk, got: Leg, feature: str, to: str) -> None:
    """Press a feature's keys, wait to be asked for the number, and press that."""
    asked = desk.log.count("Playing 'pbx-transfer")
    await got.press(feature)
    await until(lambda: desk.log.count("Playing 'pbx-transfer") > asked, 60.0, "asked for the number")
    await got.press(to)


async def question_ends(desk: Desk) -> None:
    """The Local channel by which *2 called 1001 is gone."""
    async with asyncio.timeout(60):
        while not (await desk.ami.event("Hangup"))["Channel"].startswith("Local/1001@"):
            pass


@BLIND
@pytest.mark.parametrize(("caller", "lands"), [("1004", "1002"), (OUTSIDE, "1006")], ids=["internal", "external"])
async def test_the_transferred_caller_hears_what_is_meant_for_their_kind(desk: Desk, way, caller, lands):
    await desk.plan("1001", window("at", "ao", target="1002"), operator="1006")
    async with (
        Phone.register(desk.asterisk, "1002") as target,
        Phone.register(desk.asterisk, "1006") as operator,
        connected(desk, caller) as (made, got),
    ):
        await blind(desk, way, got, "1001")
        phone = target if lands == "1002" else operator
        taken = await phone.rings(deadline=60)
        await talk(taken, made)
        assert taken.caller == caller
        assert len(target.calls) + len(operator.calls) == 1
    assert said(desk)[:2] == [PERSON, REASON]
    assert desk.warnings == []


@BLIND
@KINDS
async def test_0_leads_a_transferred_caller_to_the_operator(desk: Desk, way, caller):
    await desk.plan("1001", window("ab"), operator="1006")
    with spoken_for_long(desk.asterisk, "person"):
        async with Phone.register(desk.asterisk, "1006") as operator, connected(desk, caller) as (made, got):
            await blind(desk, way, got, "1001")
            await says(desk, PERSON)
            await made.press("0")
            await talk(await operator.rings(), made)


@BLIND
async def test_a_transferred_call_that_cannot_go_on_hears_busy_and_ends(desk: Desk, way):
    await desk.plan("1001", window("qb"))
    async with connected(desk, "1004") as (made, got):
        await blind(desk, way, got, "1001")
        before = len(made.heard)
        await made.is_over(deadline=60)
        assert loudness(made.heard[before:]) > 100
    assert said(desk) == []


@pytest.mark.parametrize(("number", "way"), [("6000", REFER), ("6004", REFER), ("6004", KEYS)])
async def test_what_a_queues_member_transfers_is_no_leg_any_more(desk: Desk, number, way):
    await desk.plan("1001", window("at", target="1002"))
    async with (
        Phone.register(desk.asterisk, "1002") as target,
        Phone.register(desk.asterisk, "1040") as member,
        call(desk.asterisk, "1004", number) as made,
    ):
        got = await member.rings()
        await talk(made, got)
        await blind(desk, way, got, "1001")
        await talk(await target.rings(deadline=60), made)
    assert said(desk)[:2] == [PERSON, REASON]


@pytest.mark.parametrize("way", [REFER, KEYS, "*2"])
async def test_a_transfer_to_a_group_passes_the_diverted_one_by(desk: Desk, way):
    await desk.plan("1039", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1040") as there, connected(desk, "1004") as (made, got):
        if way == "*2":
            await keys(desk, got, way, "6001")
            taken = await there.rings(deadline=60)
            await talk(taken, got)
            await got.hang_up()
        else:
            await blind(desk, way, got, "6001")
            taken = await there.rings(deadline=60)
        await talk(taken, made)
    assert said(desk) == []


@KINDS
async def test_a_call_given_over_while_the_announcement_plays_goes_on_to_the_target(desk: Desk, caller):
    await desk.plan("1001", window("at", target="1002"))
    async with (
        Phone.register(desk.asterisk, "1002") as target,
        held(desk, caller) as (made, got),
        call(desk.asterisk, "1005", "1001") as asks,
    ):
        await says(desk, PERSON)
        await got.transfer_to(asks)
        await asks.is_over()
        await got.hang_up()
        await talk(await target.rings(deadline=60), made)
    assert said(desk)[-1] == CONNECTING


@KINDS
async def test_a_call_given_over_while_the_target_rings_is_answered_there(desk: Desk, caller):
    await desk.plan("1001", window("at", target="1002"))
    async with (
        Phone.register(desk.asterisk, "1002", behaviour="ring") as target,
        held(desk, caller) as (made, got),
        call(desk.asterisk, "1005", "1001") as asks,
    ):
        taken = await target.rings(deadline=60)
        await got.transfer_to(asks)
        await asks.is_over()
        await got.hang_up()
        taken.tell("ANSWER")
        await taken.is_answered()
        await talk(taken, made)


@KINDS
async def test_a_call_given_over_when_the_target_has_answered_is_connected(desk: Desk, caller):
    await desk.plan("1001", window("at", target="1002"))
    async with (
        Phone.register(desk.asterisk, "1002") as target,
        held(desk, caller) as (made, got),
        call(desk.asterisk, "1005", "1001") as asks,
    ):
        taken = await target.rings(deadline=60)
        await talk(taken, asks)
        await got.transfer_to(asks)
        await asks.is_over()
        await got.hang_up()
        await talk(taken, made)


@KINDS
async def test_who_asks_by_keys_hears_the_announcement_and_then_the_target(desk: Desk, caller):
    await desk.plan("1001", window("at", "qb", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, connected(desk, caller) as (made, got):
        await keys(desk, got, "*2", "1001")
        await says(desk, PERSON, REASON)
        taken = await target.rings(deadline=60)
        await talk(taken, got)
        await got.hang_up()
        await talk(taken, made)
    assert said(desk)[-1] == CONNECTING


@KINDS
async def test_who_asks_by_keys_may_press_0_as_well(desk: Desk, caller):
    await desk.plan("1001", window("ab", "qb"), operator="1006")
    with spoken_for_long(desk.asterisk, "person"):
        async with Phone.register(desk.asterisk, "1006") as operator, connected(desk, caller) as (made, got):
            await keys(desk, got, "*2", "1001")
            await says(desk, PERSON)
            await got.press("0")
            taken = await operator.rings()
            await talk(taken, got)
            await got.hang_up()
            await talk(taken, made)


@KINDS
async def test_who_asks_by_keys_may_go_before_the_target_answers(desk: Desk, caller):
    await desk.plan("1001", window("at", "qb", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, connected(desk, caller) as (made, got):
        await keys(desk, got, "*2", "1001")
        await says(desk, PERSON)
        await got.hang_up()
        await talk(await target.rings(deadline=60), made)


@KINDS
async def test_who_asks_by_keys_and_goes_leaves_the_caller_to_the_announcement_and_busy(desk: Desk, caller):
    await desk.plan("1001", window("ab", "at", target="1002"))
    async with connected(desk, caller) as (made, got):
        await keys(desk, got, "*2", "1001")
        await says(desk, PERSON)
        await got.hang_up()
        await talk(made)
        await made.is_over(deadline=60)


@KINDS
async def test_who_asks_by_keys_may_go_back_to_the_caller(desk: Desk, caller):
    await desk.plan("1001", window("at", "qb", target="1002"))
    with spoken_for_long(desk.asterisk, "person"):
        async with Phone.register(desk.asterisk, "1002") as target, connected(desk, caller) as (made, got):
            await keys(desk, got, "*2", "1001")
            await says(desk, PERSON)
            await got.press("*1")
            await talk(made, got)
            await question_ends(desk)
            assert target.calls == []


async def test_who_asks_by_keys_and_gets_busy_is_back_with_the_caller(desk: Desk):
    await desk.plan("1001", window("qb"))
    async with connected(desk, "1004") as (made, got):
        await keys(desk, got, "*2", "1001")
        await talk(made, got)
    assert said(desk) == []


@KINDS
@pytest.mark.parametrize("way", [REFER, KEYS, "*2", "Replaces"])
async def test_what_the_target_transfers_rings_through(desk: Desk, way, caller):
    await desk.plan("1001", window("at", target="1005"))
    async with Phone.register(desk.asterisk, "1001") as boss, connected(desk, caller) as (made, got):
        if way == "Replaces":
            async with call(desk.asterisk, "1005", "1001") as asks:
                taken = await boss.rings()
                await talk(taken, asks)
                await got.transfer_to(asks)
                await asks.is_over()
                await got.hang_up()
                await talk(taken, made)
        elif way == "*2":
            await keys(desk, got, way, "1001")
            taken = await boss.rings()
            await talk(taken, got)
            await got.hang_up()
            await talk(taken, made)
        else:
            await blind(desk, way, got, "1001")
            await talk(await boss.rings(), made)
    assert said(desk) == []


@KINDS
@pytest.mark.parametrize("number", ["1005", "1015"], ids=["main", "other"])
async def test_what_somebody_on_the_list_transfers_rings_through(desk: Desk, number, caller):
    await desk.plan("1001", window("at", target="1002"))
    await desk.set("ringplan-phone", "1001", owner("1001", through=[number]))
    for phone in ("1005", "1015"):
        await desk.set("ringplan-phone", phone, owner("1005", phones=["1005", "1015"]))
    async with Phone.register(desk.asterisk, "1001") as boss, connected(desk, caller, by="1015") as (made, got):
        await blind(desk, REFER, got, "1001")
        await talk(await boss.rings(), made)
    assert said(desk) == []


@BLIND
async def test_the_target_who_is_transferred_rings_through(desk: Desk, way):
    await desk.plan("1001", window("at", target="1004"))
    async with Phone.register(desk.asterisk, "1001") as boss, connected(desk, "1004") as (made, got):
        await blind(desk, way, got, "1001")
        await talk(await boss.rings(), made)
    assert said(desk) == []
