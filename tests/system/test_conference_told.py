"""The organiser of a conference reads by mail what becomes of it: planned, moved, how the calling went, cancelled."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from gateway.store import conferences
from peers.asterisk import Asterisk
from peers.gateway import Gateway, Setup
from peers.process import POLL
from peers.radicale import Radicale
from tests.fakes.mail import HOST, MailServer, mail_server
from tests.system.calls import HOUR
from tests.system.rooms import SOON, Meeting, opens
from tests.system.test_conference_autocall import SECOND, owners, phones

WITHIN = 60.0


async def letter(server: MailServer, number: int, within: float = WITHIN) -> EmailMessage:
    """Wait for the letter `number` (from 1)."""
    async with asyncio.timeout(within):
        while len(server.letters) < number:
            await asyncio.sleep(POLL)
    return server.letters[number - 1]


async def _empty(radicale: Radicale) -> None:
    """Let nothing be left of what others have written into the organiser's calendar."""
    calendar = radicale.calendar("ulla")
    for name in re.findall(r"^UID:(.*?)\r?$", "".join(await calendar.events()), re.MULTILINE):
        if await calendar.get(name) is not None:  # an item's name need not be its UID
            await calendar.delete(name)


async def _noted(gateway: Gateway) -> None:
    """Wait until the gateway knows that the organiser knows: one that is killed before tells it again."""
    async with gateway.store() as store, asyncio.timeout(WITHIN):
        while True:
            async with store.read() as rows:
                there = await conferences.every(rows)
            if there and all(one.told and not one.cancelled for one in there):
                return
            await asyncio.sleep(POLL)


async def test_the_organiser_reads_each_thing_once(exchange: Asterisk, radicale: Radicale, folder: Path) -> None:
    await _empty(radicale)
    async with (
        mail_server() as server,
        phones(exchange, x1001="answer", x1002="reject") as _,
        exchange.observe() as ami,
    ):
        tables = f'[mail]\nhost = "{HOST}"\nport = {server.port}\ntls = "none"\nsender = "ringplan@example.org"'
        setup = Setup(exchange, radicale.url, owners(radicale), tables=tables)
        async with Gateway.start(folder, setup) as gateway:
            # planned, with somebody whom nobody knows
            meeting = replace(Meeting("ulla", ("vera", "zoe")).within(HOUR / 2), subject='Budget "${X}"\\n')
            await meeting.write(radicale)
            planned = await letter(server, 1)
            assert planned["To"] == "ulla@example.org"
            assert planned["Subject"].startswith("Telefonkonferensen «Budget X")
            assert "är planerad" in planned["Subject"]
            body = planned.get_content()
            assert "Rum: 8501" in body
            assert "(1002)" in body
            assert "zoe@example.org: okänd adress" in body

            # moved, so that it begins soon: one letter
            soon = meeting.within(SOON + 4 * SECOND)
            await soon.write(radicale)
            moved = await letter(server, 2)
            assert "är flyttad" in moved["Subject"]
            await opens(ami, "8501")
            await _noted(gateway)

            # killed and started again: nothing is told again
            await gateway.kill()
            await gateway.up()

            # one answers, one rejects the call
            called = await letter(server, 3, within=60)
            assert "så gick uppringningen" in called["Subject"]
            assert "(1001): är med" in called.get_content()
            assert "(1002): avvisade samtalet" in called.get_content()

            await soon.cancel(radicale)
            assert "är inställd" in (await letter(server, 4))["Subject"]
            await opens(ami, "8501", there=False)
        assert server.recipients == [["ulla@example.org"]] * 4


async def test_a_mail_server_that_is_down_holds_nothing_up(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    await _empty(radicale)
    async with mail_server() as server, exchange.observe() as ami:
        tables = f'[mail]\nhost = "{HOST}"\nport = {server.port}\ntls = "none"\nsender = "ringplan@example.org"'
        server.answers["MAIL"] = "421 down"
        async with Gateway.start(folder, Setup(exchange, radicale.url, owners(radicale), tables=tables)) as gateway:
            meeting = Meeting("ulla", ("vera",)).within(timedelta(minutes=30))
            await meeting.write(radicale)
            await opens(ami, "8501")
            async with asyncio.timeout(WITHIN):
                while "mail" not in await gateway.command("status", "--json"):
                    await asyncio.sleep(POLL)
            server.answers.clear()
            await letter(server, 1, within=90)
            await meeting.cancel(radicale)
        assert "opensesame" not in gateway.log.read_text()
        assert "ulla@example.org" not in gateway.log.read_text()
