"""The commands as processes of their own: an installation from nothing to nothing, on a real Asterisk and Radicale."""

import asyncio
import json
import os
import re
import signal
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from peers.asterisk import Asterisk
from peers.dav import event
from peers.process import POLL
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import HOUR, MINUTE, holds, instant, is_planned
from tests.system.installation import Installation, installed

RELEASED = 60.0  # seconds; five are promised on a machine that has time for it
TEXT = "Styrgrupp i Kiruna"
ZONE = ZoneInfo("Europe/Stockholm")


async def test_an_installation_from_init_to_uninstall(radicale: Radicale, folder: Path) -> None:
    async with Asterisk.start(folder / "asterisk") as asterisk, asterisk.observe() as ami:
        (folder / "ringplan").mkdir()
        ringplan = await installed(asterisk, radicale, folder / "ringplan")
        reader = radicale.reader
        added = await ringplan("accounts", "add", "office", reader.name, "--service", says=f"{reader.password}\n")
        assert added.status == 0, added.err
        for extension, name in (("1001", "grace"), ("1002", "heidi")):
            added = await ringplan("users", "add", extension, "--email", f"{name}@example.org")
            assert added.status == 0, added.err
        checked = await ringplan("check", "--json")
        failed = [one for one in json.loads(checked.out) if not one["ok"]]
        assert [one["part"] for one in failed] in ([], ["sounds"]), failed
        assert (await ringplan("status", "--check")).status == 2

        assert "Added interface" in await asterisk.cli("queue add member PJSIP/1001 to sales")
        gateway = await ringplan.run()
        try:
            assert (await ringplan("status", "--check")).status == 0
            second = await ringplan("run")
            assert (second.status, f"process {gateway.pid}" in second.err) == (1, True), second.err

            calendar = radicale.calendar("grace")
            await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), f"M: {TEXT}"))
            synced = await ringplan("sync", "1001")
            assert synced.status == 0, synced.err
            await holds(ami, "1001", diverted=True)
            explained = await ringplan("explain", "1001")
            assert "is diverted" in explained.out
            assert "meeting:" in explained.out
            status = await ringplan("status")
            assert "1 diverted now" in status.out
            assert TEXT not in explained.out + status.out

            typed = asyncio.create_task(ringplan("off"))
            await asyncio.wait_for(released(ami, "1001"), RELEASED)  # from the moment at which it is typed
            done = await typed
            assert (done.status, done.err) == (0, "")
            await gone(asterisk, "1001")
            assert (await ringplan("status", "--check")).status == 1
            assert (await ringplan("on")).status == 0
            await holds(ami, "1001", diverted=True)

            assert (await ringplan("users", "set", "1001", "--disable")).status == 0
            await asyncio.wait_for(gone(asterisk, "1001"), RELEASED)
            assert (await ringplan("users", "set", "1001", "--enable")).status == 0
            await holds(ami, "1001", diverted=True)
            async with asyncio.timeout(60):
                while "(paused:Ringplan" not in await asterisk.cli("queue show sales"):
                    await asyncio.sleep(POLL)
            refused = await ringplan("uninstall", "--yes")
            assert (refused.status, "already runs" in refused.err) == (1, True), refused.err
            os.kill(gateway.pid, signal.SIGINT)
            assert await gateway.wait(60) == 0
        finally:
            await gateway.stop()
        assert "Traceback" not in gateway.log.read_text()
        assert TEXT not in gateway.log.read_text()

        await holds(ami, "1001", diverted=True)
        removed = await ringplan("uninstall", "--yes", "--purge")
        assert removed.status == 0, removed.err
        assert "paused" not in await asterisk.cli("queue show sales")
        assert "ringplan" not in await asterisk.cli("database show")
        assert not (folder / "ringplan" / "ringplan.db").exists()


async def test_somebody_is_away_by_hand_until_that_is_ended_whatever_the_calendar_says(
    radicale: Radicale, folder: Path
) -> None:
    async with Asterisk.start(folder / "asterisk") as asterisk, asterisk.observe() as ami:
        (folder / "ringplan").mkdir()
        ringplan = await installed(asterisk, radicale, folder / "ringplan")
        reader = radicale.reader
        await ringplan("accounts", "add", "office", reader.name, "--service", says=f"{reader.password}\n")
        added = await ringplan("users", "add", "1001", "--email", "tove@example.org", "--phone", "1501")
        assert added.status == 0, added.err
        assert (await ringplan("users", "add", "1004")).status == 0
        calendar = radicale.calendar("tove")
        ends = datetime.now(ZONE) + 2 * HOUR
        until = f"{ends:%Y-%m-%d %H:%M}"
        before = await ringplan("absence", "set", "1501", "UTE", "--until", until, "--to", "1004")
        assert (before.status, "no gateway is running: it counts from its next start on" in before.out) == (0, True)

        gateway = await ringplan.run()
        try:
            for phone in ("1001", "1501"):
                await lamp(ami, phone, "INUSE")
            value = await by_hand(ami, "1001")
            end = int(ends.replace(second=0, microsecond=0).timestamp())
            assert re.fullmatch(rf"1\|0-0-93\|\d+-{end}-\d+-0-at-at-out-1004-", value), value
            (listed,) = json.loads((await ringplan("absence", "list", "--json")).out)
            assert (listed["extension"], listed["code"], listed["target"]) == ("1001", "out", "1004")
            diverted = (await ringplan.told())["diverted"]
            assert isinstance(diverted, list)
            assert [(one["extension"], one["by_hand"]) for one in diverted] == [("1001", True)]

            await calendar.put("by-command", event("by-command", instant(-MINUTE), instant(HOUR), f"M: {TEXT}"))
            assert (await ringplan("sync", "1001")).status == 0
            await is_planned(ami, "1001")
            explained = await ringplan("explain", "1001")
            assert "set by hand" in explained.out
            assert "beneath it" in explained.out
            assert TEXT not in explained.out
            sick = await ringplan("absence", "set", "1001", "SJU", "--until", f"{ends + 24 * HOUR:%Y-%m-%d}")
            assert (sick.status, "!" in sick.out) == (0, False), sick.err
            assert "Frånvarande" in sick.out
            await holds(ami, "1001", diverted=True, presence="xa")
            assert "-away-" in await by_hand(ami, "1001")

            done = await ringplan("absence", "end", "1001")
            assert (done.status, "is ended" in done.out, "is dismissed until" in done.out) == (0, True, True), done.out
            for phone in ("1001", "1501"):
                await lamp(ami, phone, "UNAVAILABLE")
            assert await by_hand(ami, "1001") == ""
            assert "nothing is in force" in (await ringplan("absence", "end", "1501")).out
            assert "dismissed by its owner" in (await ringplan("explain", "1001")).out

            os.kill(gateway.pid, signal.SIGINT)
            assert await gateway.wait(60) == 0
            gateway = await ringplan.run()
            assert (await ringplan("sync", "1001")).status == 0
            assert (await ringplan.told())["diverted"] == []
            await lamp(ami, "1001", "UNAVAILABLE")
            await calendar.put("by-command", event("by-command", instant(-MINUTE), instant(2 * HOUR), f"M: {TEXT}"))
            assert (await ringplan("sync", "1001")).status == 0
            await holds(ami, "1001", diverted=True)

            assert (await ringplan("absence", "end", "1001")).status == 0
            assert (await ringplan("absence", "set", "1004", "GFD")).status == 0
            await lamp(ami, "1004", "INUSE")
            done = await ringplan("off")
            assert (done.status, done.err) == (0, "")
            assert await by_hand(ami, "1004") == ""
            assert await ami.value("DEVICE_STATE(Custom:ringplan-1004)") != "INUSE"
            assert (await ringplan.told())["diverted"] == []
            assert (await ringplan("on")).status == 0
            await lamp(ami, "1004", "INUSE")
            renumbered = await ringplan("users", "set", "1004", "--extension", "1014")
            assert "1004 has the number 1014 now" in renumbered.out
            await lamp(ami, "1014", "INUSE")
            await asyncio.wait_for(gone(asterisk, "1004"), RELEASED)
            assert (await by_hand(ami, "1004"), (await by_hand(ami, "1014"))[:8]) == ("", "1|0-0-3|")
            await calendar.delete("by-command")
            os.kill(gateway.pid, signal.SIGINT)
            assert await gateway.wait(60) == 0
        finally:
            await gateway.stop()
        assert "Traceback" not in gateway.log.read_text()
        assert TEXT not in gateway.log.read_text()


async def lamp(ami: RawAmi, extension: str, wanted: str) -> None:
    """Wait until the lamp of `extension` is as `wanted`."""
    async with asyncio.timeout(60):
        while await ami.value(f"DEVICE_STATE(Custom:ringplan-{extension})") != wanted:
            await asyncio.sleep(POLL)


async def by_hand(ami: RawAmi, extension: str) -> str:
    """Return what the PBX holds as the absence by hand of `extension`, "" for nothing."""
    key = {"Family": "ringplan-hand", "Key": extension}
    if (await ami.action("DBGet", key))["Response"] != "Success":
        return ""
    return (await ami.event("DBGetResponse", key))["Val"]


async def released(ami: RawAmi, extension: str) -> None:
    """Wait until the PBX holds no schedule for `extension`, and its lamp is off; asks little of a busy machine."""
    while (await ami.action("DBGet", {"Family": "ringplan", "Key": extension}))["Response"] == "Success":
        await asyncio.sleep(POLL)
    while await ami.value(f"DEVICE_STATE(Custom:ringplan-{extension})") == "INUSE":
        await asyncio.sleep(POLL)


async def gone(asterisk: Asterisk, extension: str) -> None:
    """Wait until the PBX holds nothing for `extension` any more: no schedule, no lamp, no presence."""
    while f"ringplan-{extension}" in (shown := await asterisk.cli("database show")) or f"ringplan/{extension}" in shown:
        await asyncio.sleep(POLL)


async def test_a_wrong_setting_ends_run_with_status_2_and_every_mistake(folder: Path) -> None:
    ringplan = Installation(folder)
    text = '[pbx.main]\nport = "x"\nhosst = "y"\n[sources.office]\nurl = "ftp://z"\n[store]\n[runn]\n'
    (folder / "ringplan.toml").write_text(text)
    done = await ringplan("run")
    assert done.status == 2
    for told in (
        "pbx.main.port",
        "pbx.main.hosst",
        "Did you mean host?",
        "pbx.main.secret",
        "sources.office.url",
        "runn",
    ):
        assert told in done.err
    assert "Traceback" not in done.err
    (folder / "ringplan.toml").write_text('[store]\npath = "x\n')
    done = await ringplan("status")
    assert (done.status, "line 2" in done.err, "Traceback" in done.err) == (2, True, False)


async def test_a_table_sent_into_a_file_has_no_colours_and_is_not_cut(folder: Path) -> None:
    ringplan = Installation(folder)
    done = await ringplan("init", "--yes", "--domain", "example.org")
    assert done.status == 0, done.err
    name = "A" * 150
    assert (await ringplan("users", "add", "1001", "--name", name)).status == 0
    done = await ringplan("users", "list")
    assert name in done.out
    assert "\x1b" not in done.out


async def test_a_key_that_others_can_read_stops_every_command_with_the_remedy(folder: Path) -> None:
    ringplan = Installation(folder)
    await ringplan("init", "--yes", "--domain", "example.org")
    (folder / "ringplan.key").chmod(0o644)
    done = await ringplan("users", "list")
    assert (done.status, f"chmod 600 {folder / 'ringplan.key'}" in done.err) == (2, True), done.err
