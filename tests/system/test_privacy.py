"""What a calendar says is where it is needed while it is, and nowhere any more a minute after its end.

Calendar, gateway, Asterisk and calls are real; the gateway logs at debug, Asterisk at verbose 5 with CDR, CEL and queue
log. Texts are looked for word by word, so that what was overwritten in part is found as well. Each is first found where
it should be: a search that finds nothing says nothing.
"""

import asyncio
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from gateway.cli.prompts import build
from gateway.domain.code import Availability, Behaviour, Code, Treatment
from gateway.planning.schedule import parse
from peers.asterisk import Asterisk
from peers.asterisk import Setup as AsteriskSetup
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone, call
from peers.process import POLL, until
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import HOUR, MINUTE, clock_passes, holds, instant
from tests.system.dialplan.conftest import beep
from tests.system.writings import files_with, inside

SECOND = MINUTE / 60
PROMISED = 60.0  # seconds from the end until nothing is left
PEOPLE = {"anna": "password of anna", "bertil": "password of bertil"}
WRITTEN = ":%Y%m%dT%H%M%SZ"
SHOWN = ("Ormvråksgatan", "Långsammersjö", "Informationslappen")  # what operators may see
MEETING = b64encode(b"meeting").decode()  # in a presence; plain, it is a code that its owner may dial at any time
HIDDEN = ("Sjukbäddsvaktandet", "Hemlighetsmakeriet", "Platsangivelsen", "Beskrivningstexten", "Uidplantering")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx(tmp_path_factory) -> AsyncIterator[Asterisk]:
    """An Asterisk that only these tests write into, with every sound, each a short tone."""
    folder = tmp_path_factory.mktemp("privacy")
    await build(folder / "sounds", speak=beep)
    async with Asterisk.start(folder / "pbx", AsteriskSetup(sounds=folder / "sounds")) as asterisk:
        yield asterisk


def told(code: Code) -> Code:
    """Tell callers why and until when; colleagues get to 1004 then, others to the voicemail."""
    internal, external = (Treatment(announce=True, then=then) for then in (Behaviour.TARGET, Behaviour.VOICEMAIL))
    availability = Availability.DO_NOT_DISTURB  # what `holds` waits for
    return replace(code, internal=internal, external=external, target="1004", availability=availability)


async def test_a_text_is_found_while_it_is_in_force_and_nowhere_a_minute_after(pbx: Asterisk, folder: Path) -> None:
    extra = (f"LOCATION:{HIDDEN[2]}", f"DESCRIPTION:{HIDDEN[3]}")
    uids = [f"{HIDDEN[4]}-{number}" for number in range(4)]
    async with (
        Radicale.start(folder / "radicale", PEOPLE) as radicale,
        Phone.register(pbx, "1004") as target,
        Gateway.start(folder / "gateway", setup(pbx, radicale, "1001", "1002")) as gateway,
        pbx.observe() as ami,
    ):

        async def write(end: str) -> None:
            start, anna, bertil = instant(-MINUTE), radicale.calendar("anna"), radicale.calendar("bertil")
            await anna.put("a", event(uids[0], start, end, f"M: {SHOWN[0]} {SHOWN[1]}", *extra))
            await anna.put("b", event(uids[1], start, end, f"M; {SHOWN[2]}", *extra))
            await bertil.put("c", event(uids[2], start, end, f"VAB: {HIDDEN[0]}", *extra))
            await bertil.put("d", event(uids[3], start, end, f"M: {HIDDEN[1]}", "CLASS:PRIVATE", *extra))

        await write(instant(HOUR))
        await holds(ami, "1001", diverted=True)
        await holds(ami, "1002", diverted=True)
        await until(lambda: files_with(astdb(pbx), MEETING), 60, "the presence in AstDB's file")
        await is_told(pbx, target, "1001")
        await is_told(pbx, target, "1002")
        await leaves_a_message(pbx, "1001")
        before = [await schedule(ami, extension) for extension in ("1001", "1002")]

        await write(ends := instant(20 * SECOND))
        last = [await ending(ami, extension, ends) for extension in ("1001", "1002")]
        for text in SHOWN:
            assert files_with(inside(gateway.folder), text) <= {"ringplan.db", "ringplan.db-wal"}
            assert files_with(inside(gateway.folder), text), text
        assert files_with(inside(gateway.folder), *HIDDEN) == set()
        assert files_with(inside(pbx.folder), *SHOWN, *HIDDEN) == set()
        for value in last:
            assert files_with(pbx.records(), *traces(value)) - {"astdb.sqlite3-journal"} == {"astdb.sqlite3"}

        await clock_passes(ami, ends)
        await gone(lambda: files_with([*inside(gateway.folder), *inside(pbx.folder)], *SHOWN, *HIDDEN))
        assert files_with(copies(gateway.database, folder / "backup"), *SHOWN, *HIDDEN) == set()
        for extension in ("1001", "1002"):
            await holds(ami, extension, diverted=False)
            assert f"/ringplan/{extension}" not in await pbx.cli("database show")
        texts = [trace for value in (*before, *last) for trace in traces(value)]
        await gone(lambda: files_with(pbx.records(), *texts))
        await gone(lambda: files_with(astdb(pbx), MEETING, "I möte", "Frånvarande"))
        assert files_with([gateway.log], " DEBUG "), "the gateway logs everything"
    assert files_with([*inside(gateway.folder), *inside(pbx.folder)], *SHOWN, *HIDDEN) == set()


async def test_a_killed_gateway_forgets_at_its_start_what_ended_meanwhile(pbx: Asterisk, folder: Path) -> None:
    word = "Kraschlandningen"
    async with (
        Radicale.start(folder / "radicale", PEOPLE) as radicale,
        Gateway.start(folder / "gateway", setup(pbx, radicale, "1005")) as gateway,
        pbx.observe() as ami,
    ):
        await radicale.calendar("anna").put(
            "a", event("a", instant(-MINUTE), ends := instant(25 * SECOND), f"M: {word}")
        )
        await holds(ami, "1005", diverted=True)
        value = await schedule(ami, "1005")
        await gateway.kill()
        await clock_passes(ami, ends)
        assert files_with(inside(gateway.folder), word), "nobody was there to forget it"
        assert files_with(astdb(pbx), *traces(value))
        await radicale.stop()
        await gateway.up()
        await gone(lambda: files_with([*inside(gateway.folder), *inside(pbx.folder)], word))
        assert files_with(copies(gateway.database, folder / "backup"), word) == set()
        await holds(ami, "1005", diverted=False)
        await gone(lambda: files_with(astdb(pbx), *traces(value)))


async def test_what_is_deleted_in_the_calendar_is_gone_with_the_next_reading(pbx: Asterisk, folder: Path) -> None:
    word = "Borttagningsprovet"
    async with (
        Radicale.start(folder / "radicale", PEOPLE) as radicale,
        Gateway.start(folder / "gateway", setup(pbx, radicale, "1006")) as gateway,
        pbx.observe() as ami,
    ):
        await radicale.calendar("anna").put("a", event("a", instant(-MINUTE), instant(HOUR), f"M: {word}"))
        await holds(ami, "1006", diverted=True)
        assert files_with(inside(gateway.folder), word)
        await radicale.calendar("anna").delete("a")
        await gone(lambda: files_with([*inside(gateway.folder), *inside(pbx.folder)], word))
        await holds(ami, "1006", diverted=False)
        assert files_with(copies(gateway.database, folder / "backup"), word) == set()


def setup(pbx: Asterisk, radicale: Radicale, *extensions: str) -> Setup:
    owners = [Owner(extension, *login) for extension, login in zip(extensions, PEOPLE.items(), strict=False)]
    return Setup(pbx, radicale.url, owners, code=told)


async def is_told(pbx: Asterisk, target: Phone, extension: str) -> None:
    """Call from inside, hear an announcement, and speak with whoever is at the target."""
    before, many = pbx.log.stat().st_size, len(target.calls)
    async with call(pbx, "1003", extension) as made:
        await (await target.rings(many + 1, deadline=60)).hears()
        await made.hears()
    with pbx.log.open("rb") as log:
        log.seek(before)
        assert b"ringplan/sv/reason-" in log.read()


async def leaves_a_message(pbx: Asterisk, extension: str) -> None:
    """Call from outside, and leave a message."""
    box = pbx.folder / "spool" / "voicemail" / "default" / extension

    def recorded() -> int:
        return max((sound.stat().st_size for sound in box.rglob("*.wav")), default=0)

    async with call(pbx, "+46701234567", extension, trunk=True):
        await until(lambda: recorded() > 16_000, 60, "a second of speech")
    await until(lambda: list(box.rglob("msg*.txt")), 60, "the message in the mailbox")


async def schedule(ami: RawAmi, extension: str) -> str:
    """Return the schedule that the PBX holds."""
    answer = await ami.action("DBGet", {"Family": "ringplan", "Key": extension})
    assert answer["Response"] == "Success", extension
    return (await ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]


async def ending(ami: RawAmi, extension: str, end: str) -> str:
    """Wait until all that the PBX holds is over at `end`, and return it."""
    async with asyncio.timeout(60):
        while True:
            value = await schedule(ami, extension)
            if {f"{window.end:{WRITTEN}}" for window in parse(value).windows} == {end}:
                return value
            await asyncio.sleep(POLL)


def traces(value: str) -> list[str]:
    """Return what is nobody's but this schedule's: its times, and each of its windows."""
    _, _, head, *windows = value.split("|")
    return ["-".join(head.split("-")[:2]) + "-", *windows]


def astdb(pbx: Asterisk) -> list[Path]:
    """Return AstDB's file, and its journal while there is one."""
    return list(pbx.astdb.parent.iterdir())


def copies(database: Path, folder: Path) -> list[Path]:
    """Back the database up: its files as they are, and by SQLite's own means."""
    folder.mkdir()
    for file in database.parent.glob(f"{database.name}*"):
        (folder / file.name).write_bytes(file.read_bytes())
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(folder / "backup.db")) as backup:
        source.backup(backup)
    return inside(folder)


async def gone(found: Callable[[], set[str]]) -> None:
    """Wait until nothing is `found`, for as long as users are promised."""
    await until(lambda: not found(), PROMISED, f"gone from {found()}")
