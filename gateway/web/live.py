"""Server-sent events (HTML Living Standard, 9.2): that something has changed, never what. A page then asks for itself.

A stream tells its page of what the page's user may see: it looks, and says nothing where it sees what it saw before. So
nobody learns from it when others do something, and a change of one person is no work for all pages that are open. What
operators and administrators see is everybody's: they are told of each change, but not so often.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from gateway.deciding import accounts, sync
from gateway.domain.signin import Role, SignIn
from gateway.domain.user import User
from gateway.errors import RetryLater
from gateway.store import absences, attendances, calls, conferences, diversions
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows
from gateway.web.visit import Visit, Visiting, entered

Glance = Callable[[Rows, Visit, User], Awaitable[object]]

APART = 2.0  # seconds between two looks of one stream, at least
APART_FOR_ALL = 5.0  # where everybody's changes are told
LONGEST = 600.0  # seconds of one stream; a browser comes again by itself
BEGINNING = "retry: 3000\n\n"


@dataclass(frozen=True, slots=True)
class Topic:
    """What wakes a stream: a change of one of `nouns`. It is told where what `seen` returns is another one than before.

    `seen` None: always, to whoever is at least `least`.
    """

    nouns: tuple[str, ...]
    seen: Glance | None = None
    least: Role = Role.USER


async def _absences(rows: Rows, _: Visit, user: User) -> object:
    by_hand, codes = await absences.of(rows, user.id), await revisions_of(rows.connection, ("codes",))
    return await diversions.of(rows, user.id), by_hand, codes


async def _sync(rows: Rows, visit: Visit, user: User) -> object:
    portal = visit.portal
    how = await sync.synced(rows, portal.installation, user, portal.asked.of(user.id), visit.now)
    return how, await accounts.reads(rows, portal.installation, user.id)


async def _conferences(rows: Rows, _: Visit, user: User) -> object:
    theirs = await conferences.of_user(rows, user.id)
    own = [one.key for one in theirs if one.organiser == user.id]
    return theirs, await attendances.among(rows, [one.key for one in theirs]), await calls.among(rows, own)


TOPICS: Mapping[str, Topic] = {
    "absences": Topic(("absences", "diversions", "codes"), _absences),
    "sync": Topic(("progress", "health", "mailboxes", "accounts", "contacts", "wishes"), _sync),
    "conferences": Topic(("conferences", "calls", "attendances"), _conferences),
    "people": Topic(("absences", "diversions", "users"), least=Role.OPERATOR),
    "accounts": Topic(("progress", "health", "mailboxes", "accounts"), least=Role.ADMINISTRATOR),
    "status": Topic(("health", "progress", "absences", "diversions", "conferences"), least=Role.ADMINISTRATOR),
}

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@router.get("/live/{topic}")
async def live(topic: str, visit: Visiting) -> Response:
    """Tell of changes. A browser that comes again says what it was told last (`Last-Event-ID`)."""
    about, signin = TOPICS.get(topic), visit.signin
    if about is None or signin is None or signin.role < about.least or (about.seen and visit.user is None):
        raise HTTPException(404)
    if visit.portal.streams.are_enough(signin.id):
        raise HTTPException(429)
    known = visit.request.headers.get("last-event-id", "")
    return StreamingResponse(_events(visit, signin, about, known), media_type="text/event-stream")


async def _events(visit: Visit, signin: SignIn, about: Topic, known: str) -> AsyncIterator[str]:
    """Tell at first, and then of changes: something may have changed since the page was made."""
    portal, least = visit.portal, APART if about.seen else APART_FOR_ALL
    try:
        with portal.streams.one(signin.id):
            async with asyncio.timeout(LONGEST), aclosing(portal.store.watch(*about.nouns)) as changes:
                yield BEGINNING
                async for _ in changes:
                    async with portal.streams.looking, portal.store.read() as rows:
                        if not await visit.is_still(rows, about.least):
                            return
                        seen = await _looked(rows, visit, about)
                    if not seen or seen != known:
                        known = seen
                        yield f"id: {seen}\ndata: changed\n\n" if seen else "data: changed\n\n"
                    await asyncio.sleep(portal.streams.apart(least))
    except (TimeoutError, RetryLater):
        return


async def _looked(rows: Rows, visit: Visit, about: Topic) -> str:
    """Return a name for what there is to be seen, "" where that is everybody's."""
    if about.seen is None or visit.user is None:
        return ""
    return sha256(repr(await about.seen(rows, visit, visit.user)).encode()).hexdigest()[:32]
