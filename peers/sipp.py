"""sipp processes (Debian `sip-tester`): they speak SIP, and every message they send or receive is seen here at once.

sipp writes its message log (-trace_msg) into a pipe that is read here; a copy stays in the folder. A scenario that
waits for a local request such as HANGUP is told to go on by a datagram with the call's Call-ID: sipp finds the call
by that alone, and answers nothing.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from peers import ports
from peers.process import SOON, Process
from peers.sip import Message, TraceReader

SCENARIOS = Path(__file__).parent / "scenarios"


class Sipp(asyncio.Protocol):
    """One sipp process at `host`:`port`; `heard` is called with each message."""

    def __init__(self, folder: Path, host: str, port: int, heard: Callable[[Message], None]) -> None:
        self.folder, self.host, self.port = folder, host, port
        self._heard, self._reader = heard, TraceReader()
        self._pipe: asyncio.ReadTransport | None = None
        self._copy = (folder / "messages.log").open("ab")
        self.process: Process | None = None

    async def start(
        self,
        scenario: Path,
        target: tuple[str, int],
        keys: Mapping[str, object],
        fields: tuple[str, ...] = (),
        calls: int | None = None,
    ) -> Process:
        """Start `scenario` towards `target`; `fields` go through a file, so that passwords are no arguments.

        `calls` None: it is called, as often as somebody calls. Returns when the port is bound.
        """
        pipe = self.folder / "messages.pipe"
        os.mkfifo(pipe)
        # opened for both directions, the pipe never ends while sipp is not there
        handle = os.fdopen(os.open(pipe, os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0)
        self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: self, handle)
        options = ["-m", str(calls)] if calls else []
        if fields:
            given = self.folder / "fields.csv"
            given.touch(mode=0o600)
            given.write_text("SEQUENTIAL\n" + ";".join(fields) + "\n")
            options += ["-inf", str(given)]
        for key, value in keys.items():
            options += ["-key", key, str(value)]
        self.process = await Process.start(
            "sipp", f"{target[0]}:{target[1]}", "-sf", str(scenario), "-i", self.host, "-p", str(self.port), *options,
            "-nostdin", "-trace_msg", "-message_file", str(pipe), "-trace_err",
            "-error_file", str(self.folder / "errors.log"),
            log=self.folder / "output.log", name=f"sipp {scenario.stem}", folder=self.folder,
        )  # fmt: skip
        await self.process.ready(self._bound, SOON, [self.folder / "errors.log"])
        return self.process

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with bytes of the message log."""
        self._copy.write(data)
        self._copy.flush()
        for message in self._reader.feed(data, asyncio.get_running_loop().time()):
            self._heard(message)

    def tell(self, word: str, call_id: str, headers: str = "") -> None:
        """Tell the scenario of one call to go on at its local request `word`; `headers` end with CRLF each."""
        request = (
            f"{word} sip:phone@{self.host} SIP/2.0\r\nVia: SIP/2.0/UDP {self.host}:9;branch=z9hG4bKlocal\r\n"
            f"From: <sip:local@{self.host}>;tag=local\r\nTo: <sip:phone@{self.host}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 1 {word}\r\n{headers}Content-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(request.encode(), (self.host, self.port))

    async def close(self) -> None:
        """End the process; what it logged stays in the folder."""
        if self.process is not None:
            await self.process.kill()
        if self._pipe is not None:
            self._pipe.close()
        self._copy.close()

    async def _bound(self) -> bool:
        ended_well = self.process is not None and self.process.code == 0
        return ended_well or _is_bound(self.host, self.port)


def _is_bound(host: str, port: int) -> bool:
    """Look the UDP socket up in /proc/net/udp (proc(5)): addresses there are hexadecimal, bytes of IPv4 reversed."""
    wanted = f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"
    return any(line.split()[1] == wanted for line in Path("/proc/net/udp").read_text().splitlines()[1:])


async def complete(
    scenario: Path,
    folder: Path,
    target: tuple[str, int],
    keys: Mapping[str, object],
    fields: tuple[str, ...],
    deadline: float = SOON,
) -> None:
    """Run a scenario once to its end; raise `Late` or AssertionError with the messages if it does not succeed."""
    seen: list[Message] = []
    sipp = Sipp(folder, target[0], ports.free(target[0]), seen.append)
    try:
        process = await sipp.start(scenario, target, keys, fields, calls=1)
        if await process.wait(deadline):
            raise AssertionError(f"{scenario.stem} failed: {[message.first for message in seen]}")
    finally:
        await sipp.close()
        ports.release(sipp.port)
