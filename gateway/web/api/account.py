"""API: what one's calendar and contacts are read through, and reading them now. A password goes in, never out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, SecretStr

from gateway.deciding import accounts, mine, own_room, sync
from gateway.deciding.accounts import SHORTEST_REFRESH
from gateway.deciding.mine import Mine
from gateway.deciding.pace import LONGEST, SHORTEST
from gateway.deciding.service_accounts import LONGEST_PASSWORD
from gateway.deciding.sync import Part, Stage, Synced, Trouble
from gateway.domain.code import Language
from gateway.domain.conference import Room
from gateway.domain.signin import Scope
from gateway.store import users
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for

router = APIRouter(tags=["account"])

OFTEN = f"Less than {SHORTEST_REFRESH} only where the server is asked as often anyway."
Seconds = Annotated[int, Field(strict=True, ge=SHORTEST, le=LONGEST, description=OFTEN)]
YesNo = Annotated[bool, Field(strict=True)]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]


class Service(BaseModel):
    """A service account that can read the calendar in the place of one's own."""

    model_config = HELD

    id: int
    server: str


class AccountNow(BaseModel):
    """`through` None: nothing is read. `refresh`: seconds, None: only when asked. `login` is that of one's own account.

    `servers` are those that there are for calendars, `rooms` those that are free.
    """

    model_config = HELD

    through: Literal["own", "service"] | None
    server: str | None
    login: str | None
    calendar: bool
    contacts: bool
    refresh: int | None
    room: Room | None
    language: Language
    servers: tuple[str, ...]
    services: tuple[Service, ...]
    rooms: tuple[Room, ...]


class AccountWanted(BaseModel):
    """`login`, `server` and `password` None: as they are; a `server` that is not given is found from the login.

    Another login or server needs the password anew. `refresh`: seconds, None: only when asked; `room` None: none of
    one's own.
    """

    model_config = HELD

    login: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)] | None = None
    server: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    calendar: YesNo
    contacts: YesNo
    refresh: Seconds | None
    room: Number | None
    language: Language


class PartNow(BaseModel):
    """How far one is; `found` and `remarks` are counts. `trouble` and `said` are there where it failed."""

    model_config = HELD

    what: Literal["calendar", "contacts"]
    stage: Stage
    read: datetime | None
    found: Mapping[str, int]
    set_aside: int
    remarks: Mapping[str, int]
    offered: bool
    trouble: Trouble | None
    until: datetime | None
    said: str


class SyncNow(BaseModel):
    """`asked` None: nobody has asked since the gateway began; `parts` tell of the last readings then."""

    model_config = HELD

    asked: datetime | None
    over: bool
    parts: tuple[PartNow, ...]


@router.get("/account", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> AccountNow:
    """Return what your calendar and contacts are read through."""
    async with caller.portal.store.read() as rows:
        return await _now(rows, caller)


@router.put("/account", dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def save(caller: Calling, wanted: AccountWanted) -> AccountNow:
    """Change it."""
    portal, user = caller.portal, caller.mine
    given = wanted.password.get_secret_value() if wanted.password is not None else ""
    secret = accounts.password("password", given, given)
    async with portal.store.read() as rows:
        before = await accounts.reads(rows, portal.installation, user.id)
    login = wanted.login or (next(iter(user.emails), "") if before.own is None else "")
    entered = await accounts.entered(portal.installation, before, login, wanted.server or "", secret, portal.hosts)
    new = Mine(entered, wanted.calendar, wanted.contacts, wanted.refresh, wanted.room, wanted.language)
    async with portal.store.write() as rows:
        await mine.save(rows, portal.installation, user, new, who=caller.who, now=caller.now)
        return await _now(rows, caller)


@router.delete("/account", status_code=204, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def remove(caller: Calling, service: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> None:
    """Remove your own account with what it brought; `service`: the service account that reads your calendar then."""
    portal = caller.portal
    async with portal.store.write() as rows:
        await accounts.leave(rows, portal.installation, caller.mine, service, who=caller.who, now=caller.now)


@router.post("/account/sync", status_code=202, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def ask(caller: Calling) -> SyncNow:
    """Let calendar and contacts be read now; within ten seconds this is one and the same wish."""
    async with caller.portal.store.write(patient=True) as rows:
        asked = await caller.portal.asked.ask(rows, caller.mine.id, caller.now)
    async with caller.portal.store.read() as rows:
        return await _synced(rows, caller, asked)


@router.get("/account/sync", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def progress(caller: Calling) -> SyncNow:
    """Return how far that is, and what came of it."""
    async with caller.portal.store.read() as rows:
        return await _synced(rows, caller, caller.portal.asked.of(caller.mine.id))


async def _now(rows: Rows, caller: Caller) -> AccountNow:
    installation, now = caller.portal.installation, caller.now
    user = await users.get(rows, caller.mine.id) or caller.mine
    found = await accounts.reads(rows, installation, user.id)
    room, free = await own_room.choices(rows, user, now)
    through: Literal["own", "service"] = "service" if found.is_by_service else "own"
    return AccountNow(
        through=None if found.account is None else through,
        server=found.account.source if found.account else None,
        login=found.own.login if found.own else None,
        calendar=found.mailbox is not None and found.mailbox.calendar,
        contacts=found.book is not None and found.book.enabled,
        refresh=found.mailbox.refresh if found.mailbox else None,
        room=room.number if room else None,
        language=user.language,
        servers=tuple(name for name, one in installation.sources.items() if one.has_calendars),
        services=tuple(Service(id=one.id, server=one.source) for one in found.services),
        rooms=free,
    )


async def _synced(rows: Rows, caller: Caller, asked: datetime | None) -> SyncNow:
    return _told(await sync.synced(rows, caller.portal.installation, caller.mine, asked, caller.now))


def _told(found: Synced) -> SyncNow:
    return SyncNow(asked=found.asked, over=found.is_over, parts=tuple(_part(part) for part in found.parts))


def _part(part: Part) -> PartNow:
    return PartNow(
        what="contacts" if part.what == "contacts" else "calendar",
        stage=part.stage,
        read=part.read,
        found=part.found,
        set_aside=part.set_aside,
        remarks=part.remarks,
        offered=part.offered,
        trouble=part.trouble,
        until=part.until,
        said=part.said,
    )
