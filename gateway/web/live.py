"""Server-sent events (HTML Living Standard, 9.2): that something has changed, never what. A page then asks for itself.

Who may see what is decided where it is shown; here it is only said that it may be worth looking.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from gateway.domain.signin import Role
from gateway.store.store import Store
from gateway.web.visit import Visiting, entered

TOPICS: Mapping[str, tuple[str, ...]] = {
    "absences": ("absences", "diversions", "codes"),
    "sync": ("progress", "health", "mailboxes", "accounts", "contacts", "wishes"),
    "conferences": ("conferences", "calls", "attendances", "meetings"),
    "people": ("absences", "diversions", "users"),
    "status": ("health", "progress", "absences", "diversions", "conferences"),
}
APART = 1.0  # seconds between two events
LONGEST = 600.0  # seconds of one stream; a browser comes again by itself
MOST = 6  # streams of one person: as many as browsers open to one host
MOST_OF_ALL = 500

router = APIRouter(dependencies=[Depends(entered(Role.USER))])
_open: Counter[int] = Counter()


@router.get("/live/{topic}")
async def live(topic: str, visit: Visiting) -> Response:
    """Tell of changes."""
    nouns, signin = TOPICS.get(topic), visit.signin
    if nouns is None or signin is None:
        raise HTTPException(404)
    if _open[signin.id] >= MOST or _open.total() >= MOST_OF_ALL:
        raise HTTPException(429)
    return StreamingResponse(_events(visit.portal.store, nouns, signin.id), media_type="text/event-stream")


async def _events(store: Store, nouns: tuple[str, ...], signin: int) -> AsyncIterator[str]:
    _open[signin] += 1
    try:
        async with asyncio.timeout(LONGEST), aclosing(store.watch(*nouns)) as changes:
            yield "retry: 3000\n\n"
            async for _ in changes:
                yield "data: changed\n\n"
                await asyncio.sleep(APART)
    except TimeoutError:
        return
    finally:
        _open[signin] -= 1
        if not _open[signin]:
            del _open[signin]
