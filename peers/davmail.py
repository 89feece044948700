"""A real DavMail (Debian `davmail-server default-jre-headless`): a client of Exchange that serves CalDAV.

Its settings are those of its own page "Advanced DavMail configuration"; it reads no other file than the one in its
folder. It signs in at the Exchange with the login and password of each CalDAV request.

    async with Davmail.start(folder, exchange.url) as davmail:
        items = await davmail.calendar("alice@example.test", Person("alice", "secret")).events()
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from peers import ports
from peers.dav import Calendar, Person
from peers.process import Process, answers

PROGRAM = "/usr/share/davmail/davmail.jar"
SETTINGS = """davmail.server=true
davmail.mode=EWS
davmail.url={url}
davmail.caldavPort={port}
davmail.caldavPastDelay=0
davmail.folderFetchPageSize=2
davmail.bindAddress=127.0.0.1
davmail.allowRemote=false
davmail.disableUpdateCheck=true
davmail.useSystemProxies=false
davmail.enableProxy=false
davmail.logFilePath={log}
davmail.logFileSize=0
log4j.rootLogger=WARN
log4j.logger.davmail=DEBUG
log4j.logger.httpclient.wire=WARN
"""
# Other protocols have no port, and so are not served. Pages are small, so that a few items make several.
READY = 60.0


class Davmail:
    """A running DavMail: `url` of its CalDAV tree, `log`."""

    def __init__(self, folder: Path, exchange: str) -> None:
        self.folder, self.exchange = folder.absolute(), exchange
        self.port = ports.free()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = self.folder / "davmail.log"

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, exchange: str) -> AsyncIterator["Davmail"]:
        """Start it in the new or empty `folder`; `exchange` is the address of Exchange Web Services."""
        davmail = cls(folder, exchange)
        davmail.folder.mkdir(parents=True, exist_ok=True)
        settings = davmail.folder / "davmail.properties"
        settings.write_text(SETTINGS.format(url=exchange, port=davmail.port, log=davmail.log))
        process = await Process.start(
            "java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Duser.home={davmail.folder}",
            "-jar", PROGRAM, "-server", str(settings), log=davmail.folder / "java.log", name="DavMail",
            folder=davmail.folder, environment={**os.environ, "HOME": str(davmail.folder)},
        )  # fmt: skip
        try:
            await process.ready(lambda: answers("127.0.0.1", davmail.port), READY, [davmail.log])
            yield davmail
        finally:
            await process.stop()
            ports.release(davmail.port)

    def calendar(self, address: str, person: Person) -> Calendar:
        """The calendar of `address` as `person`, a login at the Exchange, sees it."""
        return Calendar(f"{self.url}users/{address}/calendar/", person)
