"""What a meeting says is nowhere any more a minute after its conference; a private subject never was anywhere.

Calendar, gateway, Asterisk, mail server and calls are real; the gateway logs at debug, Asterisk at verbose 5 with CDR
and CEL. Texts are looked for word by word; each that may be somewhere is first found there.
"""

import asyncio
import csv
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from gateway.cli.prompts import build
from gateway.store import calls, organisation
from peers.asterisk import Asterisk
from peers.asterisk import Setup as AsteriskSetup
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone, call
from peers.process import POLL, until
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.fakes.mail import HOST, MailServer, mail_server
from tests.system.calls import held, passes
from tests.system.dialplan.conftest import beep
from tests.system.rooms import SOON, Meeting, are_inside, opens, speaks
from tests.system.test_privacy import astdb, copies, gone
from tests.system.writings import files_with, inside

CALLERS_NAME = 2  # column of channel events
SECOND = timedelta(seconds=1)
PEOPLE = {"anna": "password of anna", "bertil": "password of bertil"}
ROOM, PIN = "8501", "73914628"
A_TONE = 8  # packets: what is said instead of words
SUBJECT, SECRET = "Ormvråksgatan", "Hemlighetsmakeriet"
STRANGERS = ("strandpiparen@example.net", "storspoven@example.net")
UIDS = ("Uidplantering-one", "Uidplantering-two")
PLACE = "Platsangivelsen"
CHANNEL_EVENTS = "Master.csv"  # dialplan/README.md, "In logs": what telephones show is in these, where they are kept
WORDS = (SUBJECT, SECRET, PLACE, *UIDS, *STRANGERS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx(tmp_path_factory) -> AsyncIterator[Asterisk]:
    """An Asterisk that only these tests write into, with every sound, each a short tone."""
    folder = tmp_path_factory.mktemp("conferences")
    await build(folder / "sounds", speak=beep)
    async with Asterisk.start(folder / "pbx", AsteriskSetup(sounds=folder / "sounds")) as asterisk:
        yield asterisk


def setup(pbx: Asterisk, radicale: Radicale, server: MailServer) -> Setup:
    (anna, bertil) = PEOPLE.items()
    owners = [Owner("1001", *anna, room=ROOM, pin=PIN), Owner("1002", *bertil)]
    tables = f'[mail]\nhost = "{HOST}"\nport = {server.port}\ntls = "none"\nsender = "ringplan@example.org"'
    return Setup(pbx, radicale.url, owners, tables=tables)


def asked(number: int, subject: str, *lines: str) -> Meeting:
    """A meeting with a stranger, whose texts are all recognisable."""
    answers = {"bertil": "ACCEPTED"}
    place = "\r\n".join((f"{PLACE}; PBX AUTOCALL", f"ATTENDEE:mailto:{STRANGERS[number]}", *lines))
    return Meeting("anna", answers, location=place, subject=subject, name=UIDS[number]).within(SOON)


async def test_of_a_conference_nothing_is_left_a_minute_after_it(pbx: Asterisk, folder: Path) -> None:
    async with (
        mail_server() as server,
        Radicale.start(folder / "radicale", PEOPLE) as radicale,
        Phone.register(pbx, "1001") as anna,
        Phone.register(pbx, "1002") as bertil,
        Gateway.start(folder / "gateway", setup(pbx, radicale, server)) as gateway,
        pbx.observe() as ami,
    ):
        ours, theirs = (lambda: inside(gateway.folder)), pbx.records
        async with gateway.store() as store, store.write() as rows:
            await organisation.put(rows, replace(await organisation.get(rows), grace=2 * SECOND))

        # one with a name, talked in, and cancelled
        shown = asked(0, SUBJECT)
        await shown.write(radicale)
        await opens(ami, ROOM)
        names = [await _name(ami)]
        await until(lambda: server.raw, 60, "a letter")
        assert SUBJECT in _letter(server, 0)
        assert PIN in _letter(server, 0)
        assert STRANGERS[0] in _letter(server, 0)
        for phone in (anna, bertil):
            await (await phone.rings(deadline=60)).is_answered()
            await speaks(phone.calls[0])
        assert SUBJECT[:6] in anna.calls[0].invite.header("From")
        async with call(pbx, "004685550100", "8901", trunk=True) as guest:
            await guest.is_answered()
            for keys in (f"{ROOM}#", f"{PIN}#"):
                await guest.hears(A_TONE)
                before = len(guest.heard)
                await guest.press(keys)
                await guest.hears(before + A_TONE)
            await are_inside(pbx, ROOM, 3)
            assert files_with(ours(), SUBJECT) <= {"ringplan.db", "ringplan.db-wal"}
            assert files_with(ours(), SUBJECT)
            assert files_with(ours(), STRANGERS[0]) <= {"ringplan.db", "ringplan.db-wal"}
            assert files_with(theirs(), *WORDS) <= {CHANNEL_EVENTS}
            await shown.cancel(radicale)
            await guest.is_over(60)
        assert files_with([gateway.log], PIN, "Traceback") == set()

        # a private one, which ends by itself with people in it
        private = replace(asked(1, SECRET, "CLASS:PRIVATE"), lasts=20 * SECOND)
        await private.write(radicale)
        await opens(ami, ROOM)
        names.append(await _name(ami))
        for phone in (anna, bertil):
            await phone.rings(2, deadline=60)
            await speaks(phone.calls[1])
        assert files_with(ours(), SECRET) == set()
        assert files_with(theirs(), SECRET) == set()
        await passes(ami, private.starts + private.lasts)
        for phone in (anna, bertil):
            await phone.calls[1].is_over(60)
        assert SECRET not in "".join(_letter(server, number) for number in range(len(server.raw)))

        await opens(ami, ROOM, there=False)

        # of calls something is kept for five minutes, so that nobody is called twice: hashes, and how they went
        assert "/ringplan-call/" in await pbx.cli("database show")
        async with gateway.store() as store, store.write() as rows:
            hashes = [attempt.conference for attempt in await calls.every(rows)]
            assert await calls.forget_over(rows, datetime.now(UTC) + shown.lasts + calls.KEPT) == 4
        await _no_marks(pbx)

        _take_out(pbx)
        await gone(lambda: files_with([*ours(), *theirs()], *WORDS, *hashes))
        await gone(lambda: files_with(astdb(pbx), PIN, *names))
        assert files_with(copies(gateway.database, folder / "backup"), *WORDS, *hashes) == set()
        assert files_with([gateway.log], " DEBUG "), "the gateway logs everything"
        assert files_with([gateway.log], PIN, "Traceback", "@example.net") == set()
        assert not set(re.findall(rf'\("[^"]*", "[^"]*{PIN}', pbx.log.read_text(errors="replace")))
        assert files_with(theirs(), PIN) <= {"full"}  # Asterisk itself writes what callers dial


def _take_out(pbx: Asterisk) -> None:
    """Empty the channel events, once the subject is seen to be nothing there but a caller's name."""
    (file,) = (path for path in pbx.records() if path.name == CHANNEL_EVENTS)
    columns = {
        number
        for row in csv.reader(file.read_text().splitlines())
        for number, column in enumerate(row)
        if SUBJECT in column
    }
    assert columns == {CALLERS_NAME}
    file.write_text("")


async def _no_marks(pbx: Asterisk) -> None:
    async with asyncio.timeout(60):
        while "/ringplan-call/" in await pbx.cli("database show"):
            await asyncio.sleep(POLL)


async def _name(ami: RawAmi) -> str:
    """Return the name of the one conference that is planned behind the room."""
    value = await held(ami, "ringplan-room", ROOM)
    assert value is not None
    return value.split("|")[3].split("-")[4]


def _letter(server: MailServer, number: int) -> str:
    letter = server.letters[number]
    return f"{letter['Subject']}\n{letter.get_content()}"
