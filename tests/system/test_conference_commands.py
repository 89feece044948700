"""Conferences through the commands, as processes of their own: from rooms and the calendar to what was told of them."""

import asyncio
import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from gateway.store import health
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.dav import event
from peers.process import POLL
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import HOUR, MINUTE, instant
from tests.system.installation import ENVIRONMENT, Installation, installed

TEXT = "Styrgrupp i Kiruna"
STRANGER = "stranger@elsewhere.example"
PIN = "471147"


async def test_a_conference_is_planned_called_and_cancelled_and_the_commands_tell_so(
    radicale: Radicale, folder: Path
) -> None:
    async with Asterisk.start(folder / "asterisk") as asterisk, asterisk.observe() as ami:
        (folder / "ringplan").mkdir()
        ringplan = await installed(asterisk, radicale, folder / "ringplan")
        reader = radicale.reader
        await ringplan("accounts", "add", "office", reader.name, "--service", says=f"{reader.password}\n")
        for extension, name in (("1001", "dave"), ("1002", "carol")):
            added = await ringplan("users", "add", extension, "--email", f"{name}@example.org")
            assert added.status == 0, added.err
        for words in (("8501", "--owner", "1001", "--pin", "-"), ("8590-8591", "--pool")):
            added = await ringplan("rooms", "add", *words, says=f"{PIN}\n")
            assert added.status == 0, added.err
        checked = json.loads((await ringplan("check", "--json")).out)
        assert [one["part"] for one in checked if not one["ok"]] in ([], ["sounds"]), checked
        said = {(one["of"], one["part"]): one["said"] for one in checked}
        assert said["store", "rooms"] == "1 of users, 2 in the pool"
        assert said["pbx main", "rooms"] == "a number of the dialplan leads to every room"

        gateway = await ringplan.run()
        try:
            calendar = radicale.calendar("dave")
            people = [f"ATTENDEE:mailto:{name}" for name in ("dave@example.org", "carol@example.org", STRANGER)]
            lines = ("LOCATION:Rum 4\\, pbx autocall", "ORGANIZER:mailto:dave@example.org", *people)
            await calendar.put("held", event("held", instant(-MINUTE), instant(HOUR), TEXT, *lines))
            assert (await ringplan("sync", "1001")).status == 0
            await until_told(ringplan, ["unregistered", "unregistered"])
            shown = await ringplan("conferences", "show", "8501")
            assert f"{STRANGER}  nobody here has this address" in shown.out
            assert shown.out.count("no telephone signed in") == 2
            (listed,) = json.loads((await ringplan("conferences", "--json")).out)
            assert (listed["room"], listed["organiser"], listed["state"]) == ("8501", "1001", "open")
            assert (listed["asked"], listed["called"], listed["in"], listed["left_out"]) == (2, 2, 0, 1)
            explained = await ringplan("explain", "1002")
            assert "*26 leads there" in explained.out
            status = await ringplan("status")
            assert "1 conferences now, 0 in, 0 planned" in status.out
            assert await room(ami, "8501") == "Success"

            await calendar.delete("held")
            assert (await ringplan("sync", "1001")).status == 0
            async with asyncio.timeout(60):
                while json.loads((await ringplan("conferences", "--json")).out):
                    await asyncio.sleep(POLL)
                while await room(ami, "8501") == "Success":
                    await asyncio.sleep(POLL)
            told = "".join(one.out + one.err for one in (shown, explained, status, await ringplan("rooms", "list")))
            os.kill(gateway.pid, signal.SIGINT)
            assert await gateway.wait(60) == 0
        finally:
            await gateway.stop()
        log = gateway.log.read_text()
        assert "Traceback" not in log
        assert not [one for one in ("Styrgrupp", "Kiruna", PIN) if one in told + log]
        assert STRANGER not in log
        removed = await ringplan("uninstall", "--yes")
        assert removed.status == 0, removed.err
        assert "ringplan" not in await asterisk.cli("database show")


async def until_told(ringplan: Installation, results: list[str]) -> None:
    """Wait until the first calls to all who are asked to the conference in 8501 have ended so."""
    told: list[str] = []
    async with asyncio.timeout(60):
        while told != results:
            done = await ringplan("conferences", "show", "8501", "--json")
            people = json.loads(done.out)["people"] if done.status == 0 else []
            told = [one["calls"][0]["result"] for one in people if one["calls"]]


async def room(ami: RawAmi, number: str) -> str:
    """Return `Success` where the PBX holds when a room is open."""
    return (await ami.action("DBGet", {"Family": "ringplan-room", "Key": number}))["Response"]


async def test_conferences_are_watched_until_that_is_interrupted(folder: Path) -> None:
    ringplan = Installation(folder)
    assert (await ringplan("init", "--yes", "--domain", "example.org")).status == 0
    pipe = asyncio.subprocess.PIPE
    heeding = ("env", "--default-signal=INT")  # what a shell has put into the background ignores it
    watching = await asyncio.create_subprocess_exec(
        *heeding, *ringplan.command, "conferences", "--watch", stdout=pipe, stderr=pipe, env=ENVIRONMENT
    )
    assert watching.stdout is not None
    try:
        async with asyncio.timeout(60):
            await watching.stdout.readuntil(b"No conference is planned")
            async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as rows:
                await health.put(rows, "gateway", ok=True, now=datetime.now(UTC))
            await watching.stdout.readuntil(b"No conference is planned")
            watching.send_signal(signal.SIGINT)
            _, said = await watching.communicate()
    finally:
        if watching.returncode is None:
            watching.kill()
            await watching.wait()
    assert (watching.returncode, said) == (130, b"")
