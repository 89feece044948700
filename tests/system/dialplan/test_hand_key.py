"""The diversion key: its lamp and the absence that it sets and ends, for oneself, and for others by operators.

And many codes at once, from several phones of one owner.
"""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.planning.hand import parse
from peers.lamp import Lamp
from tests.system.dialplan.conftest import HOUR, Desk, window
from tests.system.dialplan.owners import (
    STOCKHOLM,
    again,
    clock,
    dial,
    hand,
    holds,
    lamp,
    midnight,
    nothing_is_written,
    owner,
    says,
    written,
)

TAKES_TIME = ("1-t-qb-qb-meeting-", "2-d-qb-qb-holiday-")


async def test_the_key_shows_sets_and_ends(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.put_global("DEVICE_STATE(Custom:ringplan-1001)", "UNAVAILABLE")
    told = ["person", "reason-gone_for_the_day", *again(midnight(STOCKHOLM, datetime.now(UTC), 1))]
    async with Lamp.subscribe(desk.asterisk, "1001", "*211001") as key:
        await key.shows("terminated")
        await says(desk, "1001", "*211001", "hand-set", *told)
        await key.shows("confirmed")
        assert (await hand(desk)).digit == "3"
        await says(desk, "1001", "*211001", "hand-ended")
        await key.shows("terminated")
    got = await hand(desk)
    assert (got.turn, got.digit, got.window) == (2, None, None)


async def test_the_key_ends_what_the_calendar_has_planned(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.plan("1001", window("qb"))
    await says(desk, "1001", "*211001", "hand-ended")
    assert (await hand(desk)).ended is not None


async def test_the_keys_code_may_be_another(desk: Desk):
    codes = ("8-n-qb-qb-out-", "3-n-qb-qb-gone_for_the_day-", "9-n-qb-qb-duty-")
    await desk.set("ringplan-phone", "1001", owner(codes=codes))
    back = again(midnight(STOCKHOLM, datetime.now(UTC), 1))
    await says(desk, "1001", "*211001", "hand-set", "person", "reason-out", *back)
    await says(desk, "1001", "#23#", "hand-ended")
    await desk.set("ringplan-phone", "1001", owner(codes=codes, key="9"))
    await says(desk, "1001", "*211001", "hand-set", "person", "reason-duty", *back)


@pytest.mark.parametrize(
    ("key", "codes", "said"),
    [("", TAKES_TIME, "hand-unknown"), ("", (), "hand-unknown"), ("1", TAKES_TIME, "hand-missing")],
)
async def test_a_key_without_a_code_that_it_could_set(desk: Desk, key, codes, said):
    await desk.set("ringplan-phone", "1001", owner(key=key, codes=codes))
    await says(desk, "1001", "*211001", said)
    await nothing_is_written(desk)


async def test_any_phone_of_a_person_is_ones_own(desk: Desk):
    for number in ("1001", "1011"):
        await desk.set("ringplan-phone", number, owner(phones=("1001", "1011")))
    back = again(midnight(STOCKHOLM, datetime.now(UTC), 1))
    await says(desk, "1011", "*211001", "hand-set", "person", "reason-gone_for_the_day", *back)
    for number in ("1001", "1011"):
        await lamp(desk, number, "INUSE")
    await says(desk, "1001", "*211011", "hand-ended")
    for number in ("1001", "1011"):
        await lamp(desk, number, "UNAVAILABLE")
    assert await holds(desk, "1011") == ""


async def test_another_persons_key_is_refused(desk: Desk):
    for number in ("1001", "100", "1002"):
        await desk.set("ringplan-phone", number, owner(number))
    await desk.plan("1001", window("qb"))
    await says(desk, "1002", "*211001", "hand-not-yours")
    await says(desk, "1003", "*211001", "hand-not-yours")
    await desk.put_global("RINGPLAN_OPERATORS", "^104[0-9]$")
    await says(desk, "1002", "*211001", "hand-not-yours")
    await nothing_is_written(desk)


async def test_an_operator_sets_and_ends_for_others_in_their_language(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner(language="de"))
    await desk.put_global("RINGPLAN_OPERATORS", "^103[0-9]$")
    back = again(midnight(STOCKHOLM, datetime.now(UTC), 1))
    told = ["hand-set", "person", "reason-gone_for_the_day", *back]
    await says(desk, "1030", "*211001", *told, language="de")
    await says(desk, "1030", "*211001", "hand-ended", language="de")
    assert (await hand(desk)).turn == 2
    assert await holds(desk, "1030") == ""


async def test_an_extension_that_nobody_has(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    await desk.put_global("RINGPLAN_OPERATORS", "^1030$")
    await says(desk, "1030", "*211002", "hand-nobody")
    await says(desk, "1001", "*2110x1", "hand-nobody")
    await says(desk, "1001", "*211001%2C1", "hand-nobody")
    await nothing_is_written(desk)


async def test_the_key_may_have_another_prefix(desk: Desk):
    await desk.set("ringplan-phone", "1001", owner())
    back = again(midnight(STOCKHOLM, datetime.now(UTC), 1))
    await says(desk, "1001", "*971001", "hand-set", "person", "reason-gone_for_the_day", *back)


async def test_ten_codes_at_once_from_two_phones_are_all_counted(desk: Desk):
    for number in ("1001", "1011"):
        await desk.set("ringplan-phone", number, owner(phones=("1001", "1011")))
    dialled, _ = clock(HOUR)
    begun = asyncio.Event()

    async def one(number: str, code: str) -> None:
        await begun.wait()
        async with dial(desk, number, code) as made:
            await made.is_answered(deadline=60)
            await made.is_over(deadline=60)

    async with asyncio.TaskGroup() as phones:
        for number in ("1001", "1011"):
            for digit in ("1", "2", "12", "1", "2"):
                phones.create_task(one(number, f"*23*{digit}*{dialled}"))
        begun.set()
    told = [parse((await written(desk))["Hand"]) for _ in range(10)]
    assert [one.turn for one in told] == list(range(1, 11))
    assert await hand(desk) == told[-1]
    assert sorted(one.digit or "" for one in told) == sorted(["1", "2", "12", "1", "2"] * 2)
    assert (desk.warnings, desk.complaints) == ([], [])


async def test_twenty_codes_as_fast_as_the_pbx_can_take_them_lose_none(desk: Desk):
    """The register tells: events and log come faster than they are taken, and Asterisk throws some away."""
    await desk.set("ringplan-phone", "1001", owner())
    dialled, _ = clock(HOUR)
    await desk.ami.action("Events", {"EventMask": "off"})
    for code in ("1", "2") * 10:
        channel = {"Channel": f"Local/*23*{code}*{dialled}@ringplan-codes", "CallerID": "<1001>"}
        await desk.ami.action("Originate", channel | {"Application": "Wait", "Data": "0.1", "Async": "true"})
    async with asyncio.timeout(60):
        while not (value := await holds(desk)) or parse(value).turn < 20:
            await asyncio.sleep(0)
    assert parse(value).turn == 20
