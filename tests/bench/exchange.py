"""A scripted Exchange in a process of its own, so that no bench counts its processor time, waits for its loop or shares
its interpreter lock. TLS with a certificate that is pinned, NTLM, and a service account that may impersonate everybody.

    async with Exchange.start(many=2000) as exchange:
        ... exchange.url, exchange.pin, exchange.ca ...
        changed = await exchange.change(address(7))

It obeys one command per line and answers with one line of JSON. Times are `time.monotonic`, which all processes share.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import trustme

from gateway.net.trust import fingerprint
from tests.fakes.exchange.exchange import FakeExchange
from tests.fakes.exchange.http import Reply, Request
from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.series import Recurrence
from tests.fakes.exchange.throttle import charged

LOGIN, PASSWORD = "svc@example.test", "a secret"
FULL = "full@example.test"
CROWD = 1000  # items in the calendar of FULL, all within fourteen days
HOUR = timedelta(hours=1)
ASKED = tuple(Attendee(address=f"colleague{number}@example.test") for number in range(3))


def address(number: int) -> str:
    """Return the address of one of the many."""
    return f"person{number}@example.test"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The process, from outside. `ca`: the file with its authority, for clients that know no pins."""

    url: str
    pin: str
    ca: Path
    _process: asyncio.subprocess.Process

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, many: int) -> AsyncIterator["Exchange"]:
        """Start one with `many` people who have a few appointments each, and one whose calendar is FULL."""
        process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "tests.bench.exchange",
            str(folder), str(many), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24,
        )  # fmt: skip
        try:
            told = await _answer(process)
            yield cls(told["url"], told["pin"], folder / "ca.pem", process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def change(self, person: str) -> float:
        """Put an appointment into somebody's calendar; return when that was."""
        return float((await self._do("change", person))["at"])

    async def streamed(self) -> int:
        """Return how many calendars an open stream tells about."""
        return int((await self._do("streamed"))["many"])

    async def waits(self) -> dict[str, tuple[int, float]]:
        """Return, by address, how often it was asked since the last time, and its longest wait for that in seconds."""
        told = await self._do("waits")
        return {person: (int(times), float(longest)) for person, (times, longest) in told.items()}

    async def _do(self, *command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(command).encode() + b"\n")
        return await _answer(self._process)


async def _answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the scripted Exchange has ended; what it said is above")
    answer: dict[str, Any] = json.loads(line)
    return answer


class Watched(FakeExchange):
    """Notes when each mailbox is asked what has changed."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(tls=tls, schemes=("NTLM",))
        self.since = time.monotonic()
        self.asked: dict[str, list[float]] = {}

    async def answer(self, request: Request) -> Reply:
        if request.operation == "SyncFolderItems":
            self.asked.setdefault(charged(request).rpartition(" as ")[2], []).append(time.monotonic())
        return await super().answer(request)

    def waits(self) -> dict[str, tuple[int, float]]:
        """Return how often and with which longest pause, beginning and end of the time included; begin anew."""
        end = time.monotonic()
        told = {}
        for person, times in self.asked.items():
            moments = [self.since, *times, end]
            told[person] = len(times), max(after - before for before, after in pairwise(moments))
            times.clear()
        self.since = end
        return told

    def obey(self, command: str, person: str = "") -> dict[str, Any]:
        match command:
            case "change":
                start = datetime.now(UTC).replace(microsecond=0) + HOUR
                at = time.monotonic()
                self.calendar(person).put(Item(subject="M: Styrgrupp", start=start, end=start + HOUR))
                return {"at": at}
            case "streamed":
                return {"many": sum(one.stream is not None for one in self.subscriptions.alive.values())}
            case "waits":
                return dict(self.waits())
        raise ValueError(command)


def fill(exchange: FakeExchange, many: int) -> None:
    """Let `many` people have four single appointments and a weekly one, and one person a thousand single ones."""
    exchange.service(LOGIN, PASSWORD)
    exchange.impersonator(LOGIN)
    today = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    for number in range(many):
        calendar = exchange.person(address(number), PASSWORD)
        for day in range(1, 5):
            start = today + timedelta(days=day, minutes=number % 60)
            calendar.put(Item(subject="M: Planering", start=start, end=start + HOUR, required=ASKED))
        weekly = Recurrence(kind="Weekly", days=("Monday",))
        calendar.put(Item(subject="L: Lunch", start=today, end=today + HOUR, recurrence=weekly))
    calendar = exchange.person(FULL, PASSWORD)
    for number in range(CROWD):
        start = today + timedelta(days=number % 13, minutes=8 * (number // 13))
        calendar.put(Item(subject=f"M: Besök {number}", start=start, end=start + HOUR / 10, required=ASKED))


async def _run(folder: Path, many: int) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("localhost")
    issued.configure_cert(context)
    exchange = Watched(context)
    fill(exchange, many)
    pin = fingerprint(ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode()))
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async with exchange.up():
        _say({"url": exchange.url, "pin": pin})
        while command := await commands.readline():
            _say(exchange.obey(*command.decode().split()))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2])))
