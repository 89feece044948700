"""An installation of its own, as an administrator makes one: commands as processes, on a real Asterisk and Radicale."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.store import health
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from peers.asterisk import Asterisk
from peers.process import SOON, Process
from peers.radicale import Radicale

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("RINGPLAN_")}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Installation:
    """Commands with the settings in `folder`."""

    folder: Path

    @property
    def command(self) -> tuple[str, ...]:
        return sys.executable, "-m", "gateway", "--config", str(self.folder / "ringplan.toml")

    async def __call__(self, *words: str, says: str = "") -> Ended:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self.command, *words, stdin=pipe, stdout=pipe, stderr=pipe, env=ENVIRONMENT
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate(says.encode())
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def told(self) -> dict[str, object]:
        """What `status --json` tells."""
        found = json.loads((await self("status", "--json")).out)
        assert isinstance(found, dict)
        return found

    async def run(self) -> Process:
        """Start the gateway, and wait until it is connected to its PBX and has opened its account."""
        began = datetime.now(UTC)
        process = await Process.start(
            *self.command, "run", log=self.folder / "run.log", name="ringplan run", environment=ENVIRONMENT
        )
        async with Store.open(StoreSettings(path=self.folder / "ringplan.db")) as store:

            async def is_up() -> bool:
                async with store.read() as rows:
                    up = {part.name for part in await health.every(rows) if part.ok and part.beat >= began}
                return {"gateway", "pbx:main", "account:1"} <= up

            await process.ready(is_up, SOON)
        return process


async def installed(asterisk: Asterisk, radicale: Radicale, folder: Path) -> Installation:
    """Do what `init` says is to be done."""
    ringplan = Installation(folder)
    words = ("--host", asterisk.host, "--port", str(asterisk.ami_port), "--user", asterisk.ami.user)
    done = await ringplan("init", "--yes", *words, "--url", radicale.url, "--zone", "Europe/Stockholm")
    assert done.status == 0, done.err
    assert (await ringplan("check")).status == 1  # nobody is there, and the secret is not Asterisk's
    (folder / "ami.secret").write_text(f"{asterisk.ami.secret}\n")
    settings = folder / "ringplan.toml"
    where = f'url = "{radicale.url}"'
    settings.write_text(settings.read_text().replace(where, f'{where}\ncalendars = "/{{local}}/"\nrefresh = 10'))
    return ringplan
