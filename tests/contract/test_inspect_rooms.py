"""What `ringplan check` sees of a real Asterisk that holds conferences, and what it lacks for that."""

from collections.abc import Collection

import pytest

from gateway.domain.finding import Finding
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.inspect_rooms import inspect_rooms
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers.asterisk import DIALPLAN, Asterisk, Setup
from tests.fakes.ami import FakeAmi

on_each_version = pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
DESKS = f"""
[desks]
{lines.room("_80XX")}
exten => 8150,1,NoOp()
 same => n,GotoIf($[1]?ringplan-room,8150,1:ringplan-room,8151,1)
exten => 8160,1,Goto(ringplan-rooms,8160,1)
"""


async def findings(asterisk: Asterisk, *rooms: str, called: Collection[str] = ()) -> dict[str, Finding]:
    login = asterisk.ami
    settings = AsteriskSettings(port=asterisk.ami_port, user=login.user, secret=login.secret)
    return {finding.part: finding for finding in await inspect_rooms(settings, rooms, called)}


@on_each_version
async def test_what_is_missing_for_conferences_is_named_with_what_to_do(folder, version):
    setup = Setup(version=version, phones=(), write=lines.WRITE, extra=DESKS)
    async with Asterisk.start(folder / "pbx", setup) as asterisk:
        found = await findings(asterisk, "8001", "8002", "8150")
        assert {part for part, one in found.items() if not one.ok} == set()
        assert await findings(asterisk) == {}
        found = await findings(asterisk, "8001", "8160", *(str(number) for number in range(7001, 7011)))
        assert not found["rooms"].ok
        assert "7001, 7002, 7003, 7004, 7005 and 6 more" in found["rooms"].said
        assert found["rooms"].remedy == lines.room("7001")
        await asterisk.cli("dialplan remove context ringplan-autocall")
        await asterisk.cli("module unload func_lock.so")
        found = await findings(asterisk, "8001")
        assert {part for part, one in found.items() if not one.ok} == {"autocall", "modules"}
        assert found["autocall"].remedy == lines.autocall_context()
        assert "func_lock" in found["modules"].remedy


@on_each_version
async def test_who_cannot_be_called_is_named(folder, version):
    setup = Setup(version=version, phones=(), write=lines.WRITE, extra=DESKS)
    async with Asterisk.start(folder / "pbx", setup) as asterisk:
        found = (await findings(asterisk, "8001", called=["1001", "1002"]))["autocall"]
        assert (found.ok, found.remedy) == (True, "")
        found = (await findings(asterisk, "8001", called=["1001", "2001"]))["autocall"]  # may be meant so
        assert (found.ok, found.remedy) == (True, lines.autocall_context())
        assert "does not lead to 2001:" in found.said
        await asterisk.cli("dialplan remove context ringplan-autocall")
        await asterisk.cli("dialplan add include phonse into ringplan-autocall")
        found = (await findings(asterisk, "8001", called=["1001", "1002"]))["autocall"]
    assert not found.ok
    assert "does not lead to 1001, 1002:" in found.said


async def test_a_dialplan_without_conferences(folder):
    without = folder / "dialplan"
    without.mkdir()
    for name in ("ringplan.conf", "ringplan-hand.conf"):
        (without / name).write_text((DIALPLAN / name).read_text())
    async with Asterisk.start(folder / "pbx", Setup(phones=(), dialplan=without, write=lines.WRITE)) as asterisk:
        found = (await findings(asterisk, "8501"))["conferences"]
    assert not found.ok
    assert "ringplan-call" in found.said
    assert "ringplan-conference.conf" in found.remedy


@on_each_version
@pytest.mark.parametrize(
    ("write", "missing"),
    [
        ("system,call,reporting,agent", "may not use Originate"),
        ("system,call,agent,originate", "may not use ShowDialPlan, ConfbridgeListRooms, ConfbridgeList"),
    ],
)
async def test_rights_that_are_missing_are_named(folder, version, write, missing):
    async with Asterisk.start(folder / "pbx", Setup(version=version, phones=(), write=write)) as asterisk:
        found = await findings(asterisk, "8501")
    rights = found.pop("conference rights")
    assert missing in rights.said
    assert f"write = {lines.WRITE}" in rights.remedy
    assert ("conferences" in found) is ("reporting" in write)


async def test_an_asterisk_that_is_not_there_is_a_finding():
    async with FakeAmi().up() as gone:
        settings = AsteriskSettings(port=gone.port, secret="x")
    (found,) = await inspect_rooms(settings, ["8501"])
    assert (found.part, found.ok) == ("connection", False)


@on_each_version
async def test_records_that_keep_what_meetings_are_called_are_noted(folder, version):
    setup = Setup(version=version, phones=(), write=lines.WRITE, extra=DESKS)
    async with Asterisk.start(folder / "pbx", setup) as asterisk:
        found = (await findings(asterisk, "8001"))["records"]
        assert found.ok
        assert "subjects = false" in found.remedy
        silent = AsteriskSettings(
            port=asterisk.ami_port, user=asterisk.ami.user, secret=asterisk.ami.secret, subjects=False
        )
        told = {finding.part: finding for finding in await inspect_rooms(silent, ["8001"])}
        assert (told["records"].ok, told["records"].remedy) == (True, "")
