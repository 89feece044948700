"""The running gateway: the only place where its parts meet. They are built here, started, and end together."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

from gateway.directory.directory import Directory
from gateway.engine import collector
from gateway.engine.callers import Callers, Names
from gateway.engine.clock import WallClock
from gateway.engine.conference.calling import Calling, Limits
from gateway.engine.conference.conferences import Conferences
from gateway.engine.conference.live import Live
from gateway.engine.conference.telling import Telling
from gateway.engine.decided import Decided, TakesPart, takes_part
from gateway.engine.mailing import Mailer
from gateway.engine.pulse import BEAT, Pulse
from gateway.engine.reconcile import Reconcile
from gateway.engine.supervise import supervise
from gateway.engine.sweep import sweep
from gateway.engine.switchboard import Switchboard
from gateway.engine.sync import Sync
from gateway.errors import RetryLater, RingplanError
from gateway.mail.smtp import Smtp
from gateway.net.services import calendar_hosts
from gateway.pbx.asterisk import people
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.ports import Clock, Connect, Pbx, Switch
from gateway.settings import Settings, SourceSettings
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.file.settings import FileSettings
from gateway.store.store import Store
from gateway.web.settings import WebSettings

log = logging.getLogger(__name__)


def source_of(settings: SourceSettings) -> Connect:
    """Return how accounts of a source are opened, by the kind that the settings name."""
    match settings:
        case CalDavSettings():
            from gateway.sources.caldav import source as caldav  # half a second, which commands need not wait for

            return caldav.connect(settings)
        case EwsSettings():
            from gateway.sources.ews import source as ews  # the same

            return ews.connect(settings)
        case ActiveDirectorySettings():
            from gateway.sources.activedirectory import source as activedirectory  # ldap3, for who has one

            return activedirectory.connect(settings)
        case FileSettings():
            from gateway.sources.file import source as file

            return file.connect(settings)


def connection(settings: Settings, source: str) -> Connect:
    """Return how accounts at a source are opened, by its name among `settings.kinds`. Raises `Misconfigured`."""
    if source in settings.sources:
        return source_of(settings.sources[source])
    return people.connect(settings.pbx[source.removeprefix("pbx:")])


def connections(settings: Settings) -> Mapping[str, Connect]:
    """Return how accounts are opened, by the name of their source; the users of a PBX are one as well."""
    return {name: connection(settings, name) for name in settings.kinds}


def pbx_of(settings: AsteriskSettings) -> Pbx:
    """Return a PBX by the kind that the settings name."""
    match settings:
        case AsteriskSettings():
            return Asterisk(settings)


async def run(settings: Settings, clock: Clock | None = None) -> None:
    """Run until SIGTERM or SIGINT. PBXs keep what they hold, so calls go on as planned while nothing runs.

    What the database cannot do for a while (locked by a backup, disk full) lets all parts begin anew once it can.
    Raises `Refused` when another gateway runs on the same store, `Misconfigured` when something cannot be used.
    """
    clock = clock or WallClock()
    async with Store.open(settings.store, alone=True) as store:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        begun, parts = partial(_begun, settings, store, clock), partial(_parts, settings, store, clock)
        running = asyncio.create_task(supervise(begun, parts, _say, clock), name="gateway")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            log.info("stopping")
            running.cancel()
        await asyncio.wait((running,))
        if not running.cancelled():
            running.result()


async def _say(error: RingplanError) -> None:
    if not isinstance(error, RetryLater):
        raise error
    log.warning("all parts begin anew: %s (%s)", error, error.remedy)


@asynccontextmanager
async def _begun(settings: Settings, store: Store, clock: Clock) -> AsyncIterator[Pulse]:
    """Say that the gateway runs; so a database that cannot be written is noticed before a server is asked."""
    pulse = Pulse(store, clock)
    await pulse.say("gateway", None)
    await pulse.tell(
        "gateway",
        {
            "version": version("ringplan"),
            "pid": os.getpid(),
            "dry_run": int(settings.run.dry_run),
            "beat_every": BEAT.total_seconds(),
        },
    )
    await pulse.only("pbx:", [f"pbx:{name}" for name in settings.pbx])
    for part in ("mail", "directory", "web"):
        await pulse.only(part, ())
    yield pulse


async def _parts(settings: Settings, store: Store, clock: Clock, pulse: Pulse) -> None:
    """Run all parts until one of them cannot go on.

    What they have in memory ends with them, as with a restart: open forms are sent once more, slowed tries forgotten.
    """
    decided, taking_part = Decided(), partial(takes_part, frozenset(settings.run.pilot))
    connect = connections(settings)
    mailer = Mailer(Smtp(settings.mail), clock, pulse) if settings.mail is not None else None
    telling = Telling(store, decided, mailer, clock) if mailer is not None and not settings.run.dry_run else None
    directory = Directory(settings.directory, store) if settings.directory is not None else None
    sync = Sync(store, decided, connect, taking_part, clock, pulse, with_contacts=directory is not None)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pulse.run(), name="pulse")
        idle = {"idle": timedelta(minutes=settings.web.idle)} if settings.web is not None else {}
        tasks.create_task(sweep(store, clock, **idle), name="sweep")
        tasks.create_task(sync.run(), name="sync")
        planning = Conferences(store, decided, taking_part, clock, is_told=telling is not None)
        tasks.create_task(planning.run(), name="conferences")
        if telling is not None:
            tasks.create_task(telling.run(), name="mail")
        if directory is not None:
            _begin_directory(tasks, directory, pulse, clock)
        names = directory.name_of if directory is not None else None
        for name, one in settings.pbx.items():
            board = _switchboard(name, one, settings.run.dry_run, store, decided, taking_part, clock, pulse, names)
            say = partial(pulse.say, f"pbx:{name}")
            tasks.create_task(supervise(pbx_of(one).connect, board.hold, say, clock), name=f"pbx {name}")
        if settings.web is not None:
            portal = _keep_portal(settings, settings.web, directory, store, decided, mailer, pulse, clock)
            tasks.create_task(portal, name="web")


def _begin_directory(tasks: asyncio.TaskGroup, directory: Directory, pulse: Pulse, clock: Clock) -> None:
    """Keep the index and each listener by themselves: what is wrong with one is said, and stops no other."""
    say = partial(pulse.say, "directory")

    async def indexed() -> None:
        collector.pass_over()
        await say(None)

    async def follow(_: None) -> None:
        await directory.follow(indexed)

    tasks.create_task(supervise(nullcontext, follow, say, clock), name="directory")
    for name in directory.listeners:
        tell = partial(pulse.say, f"directory:{name}")
        serve = partial(_serve, tell)
        tasks.create_task(supervise(partial(directory.listen, name), serve, tell, clock), name=f"directory {name}")


async def _keep_portal(
    settings: Settings,
    web: WebSettings,
    directory: Directory | None,
    store: Store,
    decided: Decided,
    mailer: Mailer | None,
    pulse: Pulse,
    clock: Clock,
) -> None:
    """Keep the portal listening, and its letters on their way; what is wrong with it is said, and stops nothing else.

    It takes a second to make, in a thread, since calls do not wait for pages.
    """
    say = partial(pulse.say, "web")
    listen, post = await asyncio.to_thread(_portal, settings, web, directory, store, decided, mailer, clock)
    async with asyncio.TaskGroup() as tasks:
        if post is not None:
            tasks.create_task(post(), name="letters")
        await supervise(listen, partial(_serve, say), say, clock)


def _portal(
    settings: Settings,
    web: WebSettings,
    directory: Directory | None,
    store: Store,
    decided: Decided,
    mailer: Mailer | None,
    clock: Clock,
) -> tuple[Callable[[], AbstractAsyncContextManager[object]], Callable[[], Coroutine[Any, Any, None]] | None]:
    """Return how the portal begins to listen, and how its letters are sent, None: none are.

    Blocking: all that pages say is read.
    """
    from gateway.web.pages.told import as_told
    from gateway.web.portal import Portal  # FastAPI is half a second, for who has a portal
    from gateway.web.posting import Posting
    from gateway.web.preparing import prepare
    from gateway.web.security.csrf import Seal
    from gateway.web.server import listening
    from gateway.web.texts import Texts

    texts = Texts()
    prepare(texts)
    portal = Portal(
        store=store,
        settings=web,
        installation=settings.installation,
        clock=clock,
        texts=texts,
        seal=Seal(),
        decided=decided,
        post=Smtp(settings.mail) if settings.mail is not None else None,
        name_of=directory.name_of if directory is not None else None,
        hosts=calendar_hosts,
        search=directory.search if directory is not None else None,
        told=as_told(settings.tables),
        file=str(settings.file.absolute()),
        read=clock.now(),
    )
    posting = Posting(portal, mailer) if mailer is not None else None
    return partial(listening, portal), posting.run if posting is not None else None


async def _serve(say: Callable[[None], Awaitable[None]], _: object) -> None:
    await say(None)
    await asyncio.Event().wait()


def _switchboard(
    name: str,
    settings: AsteriskSettings,
    dry_run: bool,
    store: Store,
    decided: Decided,
    taking_part: TakesPart,
    clock: Clock,
    pulse: Pulse,
    names: Names | None = None,
) -> Switchboard:
    """Return all that is done with one PBX; in a dry run nobody is called, nobody put out, and no caller named.

    `names`: who calls, for telephones that are about to ring; None: nobody knows, and the PBX need not ask.
    """
    ring = timedelta(seconds=settings.ring)
    limits = Limits(settings.calls_per_second, settings.calls_at_once, ring, settings.subjects)
    reconcile = Reconcile(name, store, decided, taking_part, clock, pulse, dry_run=dry_run)

    def live(switch: Switch) -> Live:
        return Live(name, switch, store, decided, clock, dry_run=dry_run)

    def calling(switch: Switch) -> Calling:
        return Calling(name, switch, limits, store, decided, taking_part, clock, pulse)

    if dry_run:
        return Switchboard(name, reconcile, live, None)
    callers = partial(Callers, name, names, clock) if names else None
    return Switchboard(name, reconcile, live, calling, callers)
