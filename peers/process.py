"""One child process: started with its output in a file, waited for, ended by its process id.

`setpriv --pdeathsig` (util-linux) has the kernel end the child if the process that started it dies first, so that a
test run that is killed leaves nothing behind.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

POLL = 0.01
LOOK = 0.05  # seconds between questions to a server or a store, each of which is some work for both
SOON = 60.0  # seconds, for what takes less than one: a wait costs nothing where what is waited for comes


class StartFailed(RuntimeError):
    """A server or phone did not come up; the text carries the end of its log."""


class Late(AssertionError):
    """A condition that was waited for did not come true before its deadline."""


async def until(condition: Callable[[], object], deadline: float, what: str) -> None:
    """Return as soon as `condition()` is true; after `deadline` seconds raise `Late` naming `what`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while not condition():
        if loop.time() > end:
            raise Late(f"after {deadline} s still not: {what}")
        await asyncio.sleep(POLL)


def tail(log: Path, lines: int = 25) -> str:
    """Return the last `lines` of a log file, or a note that there is none."""
    if not log.exists():
        return f"(no {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Process:
    """A running child process; `pid` is its id, `log` the file with its output."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, name: str, *, family: bool) -> None:
        self._process, self.log, self.name, self._family = process, log, name, family

    @classmethod
    async def start(
        cls,
        *command: str,
        log: Path,
        name: str = "",
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        run_as: str | None = None,
        family: bool = False,
    ) -> "Process":
        """Start `command` in `folder`, its output appended to `log`; as the system's user `run_as` if given.

        With `family`, SIGKILL also ends the processes that it has started itself.
        """
        identity = ["--reuid", run_as, "--regid", run_as, "--clear-groups"] if run_as else []
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", *identity, "--", *command,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=environment,
                start_new_session=family,
            )  # fmt: skip
        return cls(process, log, name or Path(command[0]).name, family=family)

    @property
    def pid(self) -> int:
        """The process id; the same as the command's, because the wrapper replaces itself by it."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def ready(self, check: Callable[[], Awaitable[bool]], deadline: float, logs: Sequence[Path] = ()) -> None:
        """Wait until `check` says yes; if the process ends first or is late, end it and raise `StartFailed`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline
        while not await check():
            if self.code is not None or loop.time() > end:
                state = "is not ready" if self.code is None else f"ended with {self.code}"
                await self.kill()
                ends = "\n".join(f"--- {log}\n{tail(log)}" for log in (self.log, *logs))
                raise StartFailed(f"{self.name} {state} within {deadline} s\n{ends}")
            await asyncio.sleep(LOOK)

    async def wait(self, deadline: float) -> int:
        """Return the exit code; raise `Late` if the process still runs after `deadline` seconds."""
        try:
            return await asyncio.wait_for(self._process.wait(), deadline)
        except TimeoutError:
            raise Late(f"{self.name} still runs after {deadline} s") from None

    async def stop(self, patience: float = 5.0) -> None:
        """Ask the process to end (SIGTERM), kill it after `patience` seconds."""
        if self.code is None:
            self._signal(signal.SIGTERM)
            try:
                await self.wait(patience)
            except Late:
                await self.kill()

    async def kill(self) -> None:
        """End the process at once (SIGKILL)."""
        if self.code is None:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        # Popen's own way polls first and so takes the exit status away from asyncio's watcher
        with suppress(ProcessLookupError):
            if self._family and number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)


async def answers(host: str, port: int) -> bool:
    """Tell whether something accepts TCP connections at `host`:`port`."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def run(*command: str, environment: Mapping[str, str] | None = None, deadline: float = SOON) -> str:
    """Run a short command to its end and return what it wrote; raise `StartFailed` unless it exits with 0."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), deadline)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    text = output.decode(errors="replace")
    if process.returncode:
        raise StartFailed(f"{command[0]} ended with {process.returncode}\n{text}")
    return text
