"""The real servers and phones do what the other system tests take for granted."""

import asyncio
from pathlib import Path

import httpx
import pytest

from peers.asterisk import Asterisk, Setup
from peers.dav import Calendar, event
from peers.lamp import Lamp
from peers.media import loudness
from peers.phone import Phone, call
from peers.process import SOON, Late, Process, StartFailed
from peers.radicale import Radicale
from peers.sogo import Sogo

LOUD = 100.0
EARLY = """
[internal](+)
exten => 7001,1,Progress()
 same => n,Read(key,vm-intro,1,n,1,5)
 same => n,GotoIf($["${key}" = "1"]?one)
 same => n,Hangup(34)
 same => n(one),Hangup(17)
"""


async def test_a_call_reaches_the_other_phone_and_both_hear_each_other(asterisk: Asterisk) -> None:
    async with Phone.register(asterisk, "1001") as phone, call(asterisk, "1002", "1001") as made:
        got = await phone.rings()
        await made.is_answered()
        await got.hears()
        await made.hears()
        assert (got.caller, got.target) == ("1002", "1001")
        assert 180 in made.statuses
        assert min(loudness(got.heard), loudness(made.heard)) > LOUD
        await made.press("10#")
        await got.until(lambda leg: leg.keys == "10#", 60.0, "the keys 10#")
        await made.hang_up()
        await got.is_over()
        assert min(got.sent, made.sent) > 0


async def test_only_sound_of_the_call_itself_is_counted(asterisk: Asterisk) -> None:
    async with (
        Phone.register(asterisk, "1003") as phone,
        call(asterisk, "1002", "1003") as first,
        call(asterisk, "1001", "1003") as second,
    ):
        await first.hears()
        await second.hears()
        got = [await phone.rings(count) for count in (1, 2)]
        for leg in got:
            await leg.hears()
        sources = [{packet.source for packet in leg.packets} for leg in got]
        assert [len(of_one) for of_one in sources] == [1, 1]
        assert not sources[0] & sources[1]


@pytest.mark.parametrize(("behaviour", "status", "cause"), [("busy", 486, 17), ("reject", 480, 20)])
async def test_a_phone_refuses(asterisk: Asterisk, behaviour, status, cause) -> None:
    async with Phone.register(asterisk, "1004", behaviour) as phone, call(asterisk, "1002", "1004") as made:
        await made.is_over()
        assert (made.status, made.cause, made.answered) == (status, cause, False)
        assert (await phone.rings()).answered is False


async def test_a_caller_gives_up(asterisk: Asterisk) -> None:
    async with Phone.register(asterisk, "1005", "ring") as phone, call(asterisk, "1002", "1005") as made:
        await made.is_ringing()
        await made.hang_up()
        assert made.status == 487
        got = await phone.rings()
        await got.is_over()
        assert not got.answered


async def test_the_called_phone_rings_a_while_answers_and_hangs_up(asterisk: Asterisk) -> None:
    async with Phone.register(asterisk, "1006", ring_for=0.5) as phone, call(asterisk, "1002", "1006") as made:
        await made.is_ringing()
        assert not made.answered
        await made.is_answered()
        await (await phone.rings()).hang_up()
        await made.is_over()
        assert made.cause == 16


async def test_a_call_from_outside_and_one_to_the_outside(asterisk: Asterisk) -> None:
    async with (
        Phone.register(asterisk, "1007") as phone,
        call(asterisk, "+46700000001", "1007", trunk=True) as made,
    ):
        got = await phone.rings()
        await made.is_answered()
        await got.hears()
        assert got.caller == "+46700000001"
    async with Phone.outside(asterisk) as outside, call(asterisk, "1007", "0700000002") as made:
        got = await outside.rings()
        await made.is_answered()
        await got.hears()
        assert (got.caller, got.target, got.asserted) == ("1007", "0700000002", "1007")


async def test_nothing_of_a_call_stays_when_its_test_fails(asterisk: Asterisk) -> None:
    async with asterisk.observe() as ami:
        with pytest.raises(ZeroDivisionError):
            await call_and_fail(asterisk)
        async with asyncio.timeout(SOON):
            await ami.event("Hangup", {"CallerIDNum": "1011"})


async def call_and_fail(asterisk: Asterisk) -> None:
    async with call(asterisk, "1011", "9600") as made:
        await made.is_answered()
        raise ZeroDivisionError


async def test_outside_cannot_reach_the_services(asterisk: Asterisk) -> None:
    async with call(asterisk, "+46700000001", "9600", trunk=True) as made:
        await made.is_over()
        assert made.status == 404


async def test_a_phone_that_has_left_is_not_called(asterisk: Asterisk) -> None:
    async with Phone.register(asterisk, "1008"):
        pass
    async with call(asterisk, "1002", "1008") as made:
        await made.is_over()
        assert (made.status, made.cause) == (480, 20)


async def test_a_late_phone_is_told_with_what_was_seen(asterisk: Asterisk) -> None:
    async with Phone.register(asterisk, "1009", "ring"), call(asterisk, "1002", "1009") as made:
        await made.is_ringing()
        with pytest.raises(Late, match="180 Ringing"):
            await made.is_answered(deadline=0.1)


async def test_a_lamp_lights_and_goes_out(asterisk: Asterisk) -> None:
    state = {"Variable": "DEVICE_STATE(Custom:ringplan-1010)"}
    async with asterisk.observe() as ami:
        await ami.action("Setvar", {**state, "Value": "UNAVAILABLE"})
        async with Lamp.subscribe(asterisk, "1040", "1010") as lamp:
            assert lamp.state == "terminated"
            await ami.action("Setvar", {**state, "Value": "INUSE"})
            on = await lamp.shows("confirmed")
            assert '<dialog id="1010"' in on.body
            await ami.action("Setvar", {**state, "Value": "UNAVAILABLE"})
            await lamp.shows("terminated")
            assert len(lamp.notices) == 3


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_an_own_asterisk_keeps_its_state_over_a_kill(folder: Path, version) -> None:
    async with Asterisk.start(folder, Setup(version=version, dialplan=None, extra=EARLY)) as own:
        async with Phone.register(own, "1001") as phone:
            await own.cli("database put ringplan kept yes")
            await own.restart()
            await own.kill()
            assert not own.running
            await own.up()
            assert "yes" in await own.cli("database get ringplan kept")
            async with call(own, "1002", "1001") as made:
                await made.is_answered()
                await (await phone.rings()).hears()
        async with call(own, "1002", "7001") as made:
            await made.hears_early()
            assert made.early
            assert loudness(made.heard_early) > LOUD
            await made.press("1")
            await made.is_over()
            assert (made.answered, made.status, made.cause) == (False, 486, 17)
        kept = {str(path.relative_to(own.folder)) for path in own.records()}
        assert {"log/full", "log/cdr-csv/Master.csv", "log/cel-custom/Master.csv", "db/astdb.sqlite3"} <= kept


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_an_asterisk_with_a_false_clock(folder: Path, version) -> None:
    setup = Setup(version=version, dialplan=None, false_clock="2027-03-28 00:59:54")
    async with Asterisk.start(folder, setup) as own, own.observe() as ami:
        assert (await ami.value("STRFTIME(${EPOCH},Europe/Stockholm,%F %H:%M)")) in (
            "2027-03-28 01:59",
            "2027-03-28 03:00",
        )


async def test_a_failed_start_shows_the_end_of_the_log(folder: Path) -> None:
    log = folder / "log"
    process = await Process.start("sh", "-c", "echo no such luck; exit 3", log=log, name="server")

    async def never() -> bool:
        return False

    with pytest.raises(StartFailed, match=r"(?s)server ended with 3 .*no such luck"):
        await process.ready(never, 5.0)


async def put_get_and_delete(calendar: Calendar) -> None:
    lunch = event("lunch@example.test", ":20261121T110000Z", ":20261121T120000Z", "L: lunch")
    await calendar.put("lunch", lunch)
    got = await calendar.get("lunch")
    assert "SUMMARY:L: lunch" in (got or "")
    await calendar.delete("lunch")
    assert await calendar.get("lunch") is None


async def test_radicale_keeps_items(radicale: Radicale) -> None:
    await put_get_and_delete(radicale.calendar("heidi"))


async def test_radicale_starts_with_many_items_and_its_reader_sees_them(folder: Path) -> None:
    items = {f"item{n}": event(f"{n}", ":20261121T110000Z", ":20261121T120000Z", "M:") for n in range(500)}
    async with Radicale.start(folder, {"alice": "a", "bob": "b"}, {"bob": items}) as own:
        await own.kill()
        await own.up()
        calendar = Calendar(own.calendar("bob").url, own.reader)
        assert await calendar.get("item499")
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await calendar.put("item0", items["item0"])
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await Calendar(calendar.url, own.calendar("alice").person).get("item0")


async def test_sogo_keeps_items(sogo: Sogo) -> None:
    await put_get_and_delete(sogo.calendar("heidi"))


async def test_servers_start_side_by_side(folder: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(start_and_stop(folder / str(number)))


async def start_and_stop(folder: Path) -> None:
    async with Asterisk.start(folder, Setup(dialplan=None)) as own:
        assert "PJSIP" in await own.cli("core show channeltypes")
