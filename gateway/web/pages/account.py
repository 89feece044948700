"""My account: what the calendar and the contacts are read through, how often, the own room, and the language."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding import accounts, mine, own_room, sync
from gateway.deciding.accounts import Reads
from gateway.deciding.given import wrong
from gateway.deciding.mine import Mine
from gateway.domain.conference import Room, RoomOf
from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.errors import RingplanError
from gateway.store.rows import Rows
from gateway.web.portal import Portal
from gateway.web.texts import NAMES
from gateway.web.visit import LANGUAGE, Given, Visit, Visiting, entered

OFF = "off"
NONE = ""
MINUTES = (1, 2, 5, 10, 15, 30, 60, 120)

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form shows, or says."""

    login: str
    server: str
    calendar: bool
    contacts: bool
    room: str
    refresh: str
    language: str
    password: Secret | None = field(default=None, repr=False)


@router.get("/account")
async def show(visit: Visiting) -> Response:
    """Show it."""
    async with visit.portal.store.read() as rows:
        values = await _values(rows, visit)
    return visit.page("account.html", **values)


@router.post("/account")
async def save(visit: Visiting) -> Response:
    """Save what the form says."""
    form, portal, user = await visit.form(), visit.portal, visit.mine
    typed = _typed(form)
    try:
        secret = accounts.password("password", form.secret("password"), form.secret("again"))
        async with portal.store.read() as rows:
            before = await accounts.reads(rows, portal.installation, user.id)
        wanted = Mine(
            entered=await accounts.entered(
                portal.installation, before, typed.login, typed.server, secret, portal.hosts
            ),
            calendar=typed.calendar if _servers(portal) else None,
            contacts=typed.contacts if portal.installation.directory is not None else None,
            refresh=_seconds(typed.refresh),
            room=typed.room or None,
            language=typed.language,
        )
        async with portal.store.write() as rows:
            is_new = await mine.save(rows, portal.installation, user, wanted, who=visit.who, now=visit.now)
    except RingplanError as error:
        async with portal.store.read() as rows:
            values = await _values(rows, visit, typed)
        return visit.page("account.html", error=error, **values)
    answer = visit.to("/account", told="entered" if is_new else "saved")
    answer.delete_cookie(LANGUAGE, path="/")
    return answer


@router.post("/account/service")
async def use_service(visit: Visiting) -> Response:
    """Let a service account read the calendar again, and remove the own one."""
    given = (await visit.form()).text("account")
    return await _leave(visit, int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0)


@router.post("/account/remove")
async def remove(visit: Visiting) -> Response:
    """Remove the own account."""
    return await _leave(visit, None)


async def _leave(visit: Visit, service: int | None) -> Response:
    portal, user = visit.portal, visit.mine
    try:
        async with portal.store.write() as rows:
            await accounts.leave(rows, portal.installation, user, service, who=visit.who, now=visit.now)
    except RingplanError as error:
        async with portal.store.read() as rows:
            values = await _values(rows, visit)
        return visit.page("account.html", error=error, **values)
    return visit.to("/account", told="removed" if service is None else "service")


def _typed(form: Given) -> Typed:
    return Typed(
        login=form.text("login"),
        server=form.text("server"),
        calendar=form.flag("calendar"),
        contacts=form.flag("contacts"),
        room=form.text("room"),
        refresh=form.text("refresh"),
        language=form.text("language"),
    )


def _seconds(given: str) -> int | None:
    if given == OFF:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 7):
        raise wrong("refresh", given, "is no number of seconds", "Choose one of the list.")
    return int(given)


async def _values(rows: Rows, visit: Visit, typed: Typed | None = None) -> dict[str, Any]:
    """Return what the page shows; `typed`: what a form said that could not be saved."""
    portal, user = visit.portal, visit.mine
    found = await accounts.reads(rows, portal.installation, user.id)
    own_one, free = await own_room.choices(rows, user, visit.now)
    asked = portal.asked.of(user.id)
    is_waited_for = asked is not None and visit.now - asked < sync.PATIENCE
    return {
        "reads": found,
        "user": user,
        "typed": typed or _as_is(visit, found, own_one),
        "synced": await sync.synced(rows, portal.installation, user, asked if is_waited_for else None, visit.now),
        "takes_part": sync.takes_part(user, portal.installation),
        "servers": _servers(portal),
        "has_contacts": portal.installation.directory is not None,
        "paces": _paces(found, _usual(portal)),
        "rooms": _rooms(own_one, free),
        "names": list(NAMES.items()),
        "off": OFF,
    }


def _as_is(visit: Visit, found: Reads, room: RoomOf | None) -> Typed:
    user, box, own = visit.mine, found.mailbox, found.own
    refresh = box.refresh if box is not None else _usual(visit.portal)
    return Typed(
        login=own.login if own is not None else next(iter(user.emails), ""),
        server=own.source if own is not None else "",
        calendar=box is None or box.calendar,
        contacts=found.book is None or found.book.enabled,
        room=room.number if room is not None else NONE,
        refresh=OFF if refresh is None else str(refresh),
        language=user.language,
    )


def _usual(portal: Portal) -> int:
    return portal.installation.refresh(next(iter(_servers(portal)), ""))


def _paces(found: Reads, usual: int) -> list[int]:
    """Return how often one may be read, in seconds: what is offered, and what is so already."""
    offered = {60 * minutes for minutes in MINUTES} | {usual}
    now = found.mailbox.refresh if found.mailbox is not None else None
    return sorted(offered | ({now} if now is not None else set()))


def _servers(portal: Portal) -> list[str]:
    return [name for name, one in portal.installation.sources.items() if one.has_calendars]


def _rooms(own: RoomOf | None, free: tuple[Room, ...]) -> list[Room]:
    return [own.number, *free] if own is not None else [*free]
