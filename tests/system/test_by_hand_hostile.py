"""Codes that are none, too many of them, and a database full of garbage: it is said, and nobody else notices."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from gateway.planning.hand import Hand, parse
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import POLL
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import (
    HOUR,
    MINUTE,
    clock,
    dialling,
    dials,
    has_taken_over,
    holds,
    instant,
    is_present,
    kept,
    lands,
    last_turn,
    quietly_to,
    shows,
)

FAMILIES = ("ringplan-hand", "ringplan-phone", "ringplan")
EACH = 150  # odd entries in each family


@pytest.mark.parametrize(
    ("phone", "code", "said"),
    [
        ("1023", "*23*77*1530", "hand-unknown"),
        ("1023", "*23*1*2575", "hand-time"),
        ("1023", "*23*1", "hand-missing"),
        ("1023", "*23*3*1530", "hand-missing"),
        ("1023", "*23*41*0231", "hand-date"),
        ("1023", "*23*1*1530*1", "hand-time"),
        ("1023", "*23*" + "9" * 60, "hand-unknown"),
        ("1023", "*23*1|2-3-4*1530", "hand-unknown"),
        ("1023", '*23*1*15"30', "hand-unknown"),
        ("1023", "*211001", "hand-nobody"),
        ("1023", "#23#", "hand-nothing"),
        ("1030", "*23*1*1530", "hand-nobody"),
        ("1030", "#23#", "hand-nobody"),
    ],
)
async def test_a_code_that_is_none_is_answered_in_words_and_nothing_is_written(
    exchange: Asterisk, one_user: tuple[Gateway, RawAmi, Phone], phone: str, code: str, said: str
) -> None:
    gateway, _, own = one_user
    begun = exchange.log.stat().st_size
    before = await exchange.cli("database show")
    await dials(exchange, phone, code.replace("|", "%7C").replace('"', "%22"))
    with exchange.log.open("rb") as log:
        log.seek(begun)
        played = re.findall(r"Playing 'ringplan/(\w+/[\w-]+)", log.read().decode(errors="replace"))
    assert played == [f"sv/{said}"]
    assert await exchange.cli("database show") == before
    await lands(exchange, "1023", own)
    assert await kept(gateway) == ({}, {})


@pytest.fixture(scope="module")
async def one_user(
    exchange: Asterisk, radicale: Radicale, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Gateway, RawAmi, Phone]]:
    """A gateway with the user 1023 alone, and their telephone."""
    owner = Owner("1023", "petra", radicale.people["petra"])
    setup = Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1004"))
    async with (
        Phone.register(exchange, "1023") as own,
        Gateway.start(tmp_path_factory.mktemp("one_user"), setup) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1023")
        yield gateway, ami, own


async def test_ten_codes_in_a_second_end_in_one_of_them(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    owner = Owner("1024", "petra", radicale.people["petra"], phones=("1025",))
    until, when = clock(2 * HOUR)
    async with (
        Phone.register(exchange, "1024") as own,
        Phone.register(exchange, "1026") as target,
        Gateway.start(folder, Setup(exchange, radicale.url, (owner,), code=partial(quietly_to, "1026"))) as gateway,
        exchange.observe() as ami,
    ):
        await is_present(ami, "1024")
        begun = await last_turn(ami, "1024")
        codes = [f"*23*{1 + number % 2}*{until}" if number % 3 else "#23#" for number in range(10)]
        async with AsyncExitStack() as stack:
            made = [
                await stack.enter_async_context(dialling(exchange, ("1024", "1025")[number % 2], code))
                for number, code in enumerate(codes)
            ]
            for one in made:
                await one.is_answered(60)
            last = await told(ami, "1024", begun)
            away = last.window is not None
            assert await has_taken_over(gateway, ami, "1024", when if away else None) == last.turn
        for number in ("1024", "1025"):
            assert (await ami.value(f"DEVICE_STATE(Custom:ringplan-{number})") == "INUSE") == away
        explained = json.loads(await gateway.command("explain", "1024", "--json"))
        assert (explained["why"] == "by_hand") == away
        await lands(exchange, "1024", target if away else own)
        await dials(exchange, "1025", f"*23*1*{until}")
        assert await has_taken_over(gateway, ami, "1024", when) == last.turn + 1
        await dials(exchange, "1025", "#23#")
        await shows(ami, "1024", away=False)
        await lands(exchange, "1024", own)
        assert await has_taken_over(gateway, ami, "1024", None) == last.turn + 2
        assert "Traceback" not in gateway.log.read_text()


async def test_a_database_full_of_garbage_is_told_of_and_tidied_and_others_stay_diverted(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    owners = [
        Owner("1027", "petra", radicale.people["petra"]),
        Owner("1028", "tove", radicale.people["tove"]),
        Owner("1029", "rolf", radicale.people["rolf"], phones=("1030",)),
    ]
    until, when = clock(2 * HOUR)
    async with (
        Phone.register(exchange, "1029") as spoilt,
        Phone.register(exchange, "1031") as target,
        exchange.observe() as ami,
    ):
        await fill(ami)
        setup = Setup(exchange, radicale.url, owners, code=partial(quietly_to, "1031"))
        calendar = radicale.calendar("tove")
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        async with Gateway.start(folder, setup) as gateway:
            await is_tidy(ami)
            await holds(ami, "1028", diverted=True)
            await dials(exchange, "1027", f"*23*1*{until}")
            await shows(ami, "1027", away=True)
            await gateway.kill()

            await fill(ami)
            for family, value in zip(FAMILIES, ODD, strict=False):
                await ami.action("DBPut", {"Family": family, "Key": "1029", "Val": value})
            for number in ("1027", "1028"):
                await lands(exchange, number, target)
            await lands(exchange, "1029", spoilt)
            begun = gateway.log.stat().st_size
            await gateway.up()
            await is_tidy(ami)
            await holds(ami, "1028", diverted=True)
            await shows(ami, "1027", away=True)
            await has_taken_over(gateway, ami, "1027", when)
            for number in ("1027", "1028"):
                await lands(exchange, number, target)
            await lands(exchange, "1029", spoilt)
            await dials(exchange, "1029", f"*23*1*{until}")
            await lands(exchange, "1029", target)
            told = gateway.log.read_bytes()[begun:].decode()
            assert "cannot be read" in told
            assert "Traceback" not in told
            assert not [value for value in ODD if len(value) > 5 and value in told]
            await dials(exchange, "1027", "#23#")
            await dials(exchange, "1029", "#23#")
            await calendar.delete("board")
            for number in ("1027", "1028", "1029"):
                await shows(ami, number, away=False)
            await gateway.stop()
            assert "ringplan" in await exchange.cli("database show")  # keys that are no numbers, for one
            await gateway.command("uninstall", "--yes")
            assert "ringplan" not in await exchange.cli("database show")


async def told(ami: RawAmi, extension: str, begun: int) -> Hand:
    """Wait until Asterisk has told of all that was dialled since the turn `begun`, and return the last of it."""
    hands: list[Hand] = []
    async with asyncio.timeout(60):
        while begun + len(hands) != await last_turn(ami, extension):
            events = [event for event in ami.events if event.get("UserEvent") == "RingplanHand"]
            hands = [parse(event["Hand"]) for event in events if event["Extension"] == extension]
    assert [hand.turn - begun for hand in hands] == list(range(1, len(hands) + 1))
    return hands[-1]


ODD = (
    "1|1-0-1|2-3",
    "1|999999999999999999999-0-|",
    "9|nonsense from another version",
    "åäö ü ß 漢字",
    "${SHELL(touch /tmp/x)}",
    "'; DROP TABLE users; --",
    '"\\"',
    "|||||||||",
    "-" * 200,
    "9" * 900,
    "1|-1--1-",
    "0",
    " ",
    "%s%n%x",
)


async def fill(ami: RawAmi) -> None:
    """Write what nobody of ours would: keys that are no numbers, numbers of nobody, and values that are nothing."""
    chance = random.Random(7)
    keys = ["x", "1029x", "a b", "åäö", "-1", "1 or 1=1", "..", "9" * 40, "%", "_", "0", "${EXTEN}", "main/1001"]
    for family in FAMILIES:
        odd = [*keys, *(str(chance.randrange(2000, 99_999)) for _ in range(EACH - len(keys)))]
        for number, key in enumerate(odd):
            value = ODD[number % len(ODD)]
            done = await ami.action("DBPut", {"Family": family, "Key": key, "Val": value})
            assert done["Response"] == "Success", (family, key, value)


async def is_tidy(ami: RawAmi) -> None:
    """Wait until nothing is held for numbers that are nobody's."""
    left: list[str] = ["everything"]
    try:
        async with asyncio.timeout(60):
            while left:
                left = [key for family in FAMILIES for key in await keys_of(ami, family) if is_left(key)]
                await asyncio.sleep(POLL)
    except TimeoutError:
        raise AssertionError(f"left: {len(left)}: {left[:20]}") from None


def is_left(key: str) -> bool:
    """Whether a key is a number, and nobody's."""
    return re.fullmatch("[0-9]{1,15}", key) is not None and key not in ("1027", "1028", "1029", "1030")


async def keys_of(ami: RawAmi, family: str) -> list[str]:
    """Return the keys in a family of AstDB."""
    answer = await ami.action("DBGetTree", {"Family": family})
    asked = {"ActionID": answer["ActionID"]}
    await ami.event("DBGetTreeComplete", asked)
    mine = [one for one in ami.events if asked.items() <= one.items() and one.get("Event") == "DBGetTreeResponse"]
    ami.events.clear()
    return [one["Key"].removeprefix(f"/{family}/") for one in mine]
