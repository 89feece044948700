"""Everybody is invited by letter: whatever becomes of gateway and mail server in between, each has a link that counts.

The gateway is a process, and the mail server a real one; there is no PBX and no calendar server, which letters need not
wait for.
"""

import asyncio
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.domain.user import User
from gateway.store import health, letters, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers import ports
from peers.process import LOOK, Process, until
from tests.fakes.mail import HOST, MailServer, mail_server
from tests.system.installation import ENVIRONMENT, Installation

LINK = re.compile(r"http://127\.0\.0\.1:\d+/welcome/\S+")
WITHIN = 180.0  # seconds: a gateway with a portal starts slowly on a busy machine
NUMBERS = ("1001", "1002", "1003")
ADDRESSES = [f"u{number}@example.org" for number in NUMBERS]


@pytest.fixture
def free() -> Iterator[tuple[int, int]]:
    found = ports.free(), ports.free()
    yield found
    for port in found:
        ports.release(port)


async def installed(folder: Path, free: tuple[int, int], mail: MailServer) -> Installation:
    web, nobody = free
    (folder / "ami.secret").touch(mode=0o600)
    (folder / "ami.secret").write_text("nobody's")
    (folder / "ringplan.toml").write_text(
        f'[store]\npath = "ringplan.db"\n[pbx.main]\nport = {nobody}\nuser = "ringplan"\nsecret = "file:ami.secret"\n'
        f'[sources.office]\nkind = "caldav"\nurl = "http://127.0.0.1:{nobody}/"\n[web]\nport = {web}\n'
        f'[mail]\nhost = "{HOST}"\nport = {mail.port}\ntls = "none"\nsender = "ringplan@example.org"\n'
    )
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.write() as rows:
        for number, address in zip(NUMBERS, ADDRESSES, strict=True):
            await users.add(rows, User(0, number, (address,), ZoneInfo("Europe/Stockholm"), "en"))
    return Installation(folder)


async def begun(ringplan: Installation) -> Process:
    words = (*ringplan.command, "run")
    return await Process.start(*words, log=ringplan.folder / "run.log", name="ringplan run", environment=ENVIRONMENT)


async def waiting(folder: Path) -> int:
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, store.read() as rows:
        return len(await letters.waiting(rows))


async def fails_to_send(folder: Path) -> None:
    """Wait until the portal listens, and it is known that letters wait for the mail server."""
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store, asyncio.timeout(WITHIN):
        while True:
            async with store.read() as rows:
                mail, web = await health.get(rows, "mail"), await health.get(rows, "web")
            if web and web.ok and mail and not mail.ok and mail.facts.get("waiting") == len(NUMBERS):
                return
            await asyncio.sleep(LOOK)


def link_in(letter: EmailMessage) -> str:
    found = LINK.search(letter.get_content())
    assert found is not None
    return found[0]


async def opens(link: str) -> bool:
    async with httpx.AsyncClient() as client:
        return 'type="password"' in (await client.get(link)).text


async def test_killed_while_the_mail_server_has_a_letter_and_after_it_was_down_each_has_a_link(
    folder: Path, free: tuple[int, int]
):
    async with mail_server() as mail:
        ringplan = await installed(folder, free, mail)
        invited = await ringplan("portal", "invite", "--all")
        assert invited.out.startswith("3 invited; 3 letters wait"), invited.err

        mail.answering.clear()
        running = await begun(ringplan)
        try:
            await until(lambda: mail.raw, WITHIN, "a letter that nobody is told of")
        finally:
            await running.kill()
        assert await waiting(folder) == 3

        mail.answering.set()
        mail.answers["MAIL"] = "421 down"
        running = await begun(ringplan)
        try:
            await fails_to_send(folder)
            assert len(mail.raw) == 1
            mail.answers.clear()
            await until(lambda: len(mail.raw) == 4, WITHIN, "a letter for each")
            first, second, *others = mail.letters
            assert [one["To"] for one in (first, second, *others)] == [ADDRESSES[0], *ADDRESSES]
            assert not await opens(link_in(first))
            for letter in (second, *others):
                assert await opens(link_in(letter))
        finally:
            await running.stop()
        assert await waiting(folder) == 0
        log = (folder / "run.log").read_text()
        assert [one for one in (*ADDRESSES, "/welcome/") if one in log] == []
