"""Users: everybody who takes part, found and listed; one of them added, changed, switched off, removed."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import users as deciding
from gateway.deciding.accounts import Reads, reads
from gateway.deciding.by import By
from gateway.deciding.hours import write_week
from gateway.deciding.pace import as_given, pace
from gateway.deciding.person import said_of
from gateway.deciding.read import Read
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.store import claims, devices, letters, rooms, roster, sessions, signins, users
from gateway.store.rows import Rows
from gateway.web.pages import users_access
from gateway.web.paging import asked_page, many_pages
from gateway.web.texts import NAMES
from gateway.web.visit import Given as Form
from gateway.web.visit import Id, Visit, Visiting, entered

PLACE = "/administration/users"
A_PAGE = 50
LONGEST = 100  # characters that are looked for
UNREAD = "-"  # the choice of a calendar that no service account reads
TEXTS = ("extension", "name", "email", "language", "zone", "phones", "pbx", "operator", "hours", "through")
OF_CALENDAR = ("source", "path")

Errors = RingplanError | BaseExceptionGroup[RingplanError]

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show them, fifty at a time."""
    query = visit.request.query_params
    search, only = query.get("search", "").strip()[:LONGEST], query.get("only", "")
    only = only if only in roster.ONLY else ""
    at = asked_page(visit.request)
    async with visit.portal.store.read() as rows:
        total, counts = await roster.found(rows, search, only), await roster.counts(rows)
        lines = await roster.page(rows, search, only, (at - 1) * A_PAGE, A_PAGE)
        claimed = [(one, await users.get(rows, one.user)) for one in await claims.waiting(rows, visit.now)]
        to_be_sent = len(await letters.waiting(rows))
    pages = many_pages(total, A_PAGE)
    if at > pages:
        return visit.to(PLACE, search=search, only=only, page=str(pages))
    values: dict[str, Any] = {
        "search": search,
        "only": only,
        "lines": lines,
        "total": total,
        "page": at,
        "pages": pages,
    }
    sends = visit.portal.installation.sends_mail
    return visit.page("users.html", **values, counts=counts, waiting=claimed, letters=to_be_sent, sends=sends)


@router.get("/add")
async def ask(visit: Visiting) -> Response:
    """Ask who takes part."""
    ours = visit.ours
    typed = dict.fromkeys(TEXTS + OF_CALENDAR, "") | {"zone": ours.zone.key, "language": ours.language}
    async with visit.portal.store.read() as rows:
        sources = await _sources(visit, rows)
    typed["source"] = sources[0] if len(sources) == 1 else UNREAD
    return await _form(visit, None, typed)


@router.post("/add")
async def add(visit: Visiting) -> Response:
    """Let somebody take part."""
    form, portal = await visit.form(), visit.portal
    try:
        async with portal.store.write() as rows:
            done = await deciding.add(
                rows, portal.installation, _by(visit), _fields(form), unread=_unread(form), whole=True
            )
    except* RingplanError as error:
        wrong = error
    else:
        return visit.to(f"{PLACE}/{done.user.id}", told="added")
    return await _form(visit, None, _typed(form), wrong)


@router.get("/{user}")
async def look(user: Id, visit: Visiting) -> Response:
    """Show one user: who they are, what is read for them, how they sign in, what is theirs."""
    async with visit.portal.store.read() as rows:
        one = await known(rows, user)
        signin = await signins.of_user(rows, user)
        values: dict[str, Any] = {
            "one": one,
            "hours": write_week(one.hours.week) if one.hours else "",
            "reads": await reads(rows, visit.portal.installation, user),
            "failing": await roster.failing(rows, user),
            "signin": signin,
            "letter": await letters.of(rows, signin.id) if signin else None,
            "sessions": len(await sessions.of(rows, signin.id)) if signin else 0,
            "claims": await claims.of(rows, user, visit.now),
            "devices": await devices.of(rows, user),
            "rooms": await rooms.of(rows, user),
        }
    return visit.page("users_one.html", **values, languages_named=NAMES, sends=visit.portal.installation.sends_mail)


@router.get("/{user}/change")
async def consider_change(user: Id, visit: Visiting) -> Response:
    """Show one user's fields."""
    async with visit.portal.store.read() as rows:
        one = await known(rows, user)
        read = await reads(rows, visit.portal.installation, user)
    return await _form(visit, one, _as_typed(one, read))


@router.post("/{user}/change")
async def change(user: Id, visit: Visiting) -> Response:
    """Change one user."""
    form, portal = await visit.form(), visit.portal
    async with portal.store.read() as rows:
        before = await known(rows, user)
    try:
        read = _read(form)
        async with portal.store.write() as rows:
            before = await known(rows, user)
            await deciding.change(
                rows, portal.installation, _by(visit), before, _fields(form), read, unread=_unread(form), whole=True
            )
    except* RingplanError as error:
        wrong = error
    else:
        return visit.to(f"{PLACE}/{user}", told="changed")
    return await _form(visit, before, _typed(form), wrong)


@router.post("/{user}/enabled")
async def switch(user: Id, visit: Visiting) -> Response:
    """Let somebody take part again, or not for a while."""
    enabled = (await visit.form()).text("enabled") == "yes"
    async with visit.portal.store.write() as rows:
        one = await known(rows, user)
        fields = {"enabled": "yes" if enabled else "no"}
        await deciding.change(rows, visit.portal.installation, _by(visit), one, fields, unread=True)
    return visit.to(f"{PLACE}/{user}", told="enabled" if enabled else "disabled")


@router.get("/{user}/remove")
async def consider_removal(user: Id, visit: Visiting) -> Response:
    """Say what goes with somebody."""
    async with visit.portal.store.read() as rows:
        one = await known(rows, user)
        values: dict[str, Any] = {"devices": await devices.of(rows, user), "rooms": await rooms.of(rows, user)}
        read = await reads(rows, visit.portal.installation, user)
        signin = await signins.of_user(rows, user)
    return visit.page("users_remove.html", one=one, reads=read, signin=signin, **values)


@router.post("/{user}/remove")
async def remove(user: Id, visit: Visiting) -> Response:
    """Remove somebody."""
    async with visit.portal.store.write() as rows:
        await deciding.remove(rows, _by(visit), await known(rows, user))
    return visit.to(PLACE, told="removed")


router.include_router(users_access.router)


async def known(rows: Rows, user: int) -> User:
    """Return a user. Answers 404 where there is none."""
    found = await users.get(rows, user)
    if found is None:
        raise HTTPException(404)
    return found


def _by(visit: Visit) -> By:
    return By(visit.now, visit.who)


async def _sources(visit: Visit, rows: Rows) -> list[str]:
    """Return the sources that a service account reads calendars at."""
    return sorted({one.source for one in await deciding.services(rows, visit.portal.installation)})


async def _form(visit: Visit, one: User | None, typed: dict[str, Any], error: Errors | None = None) -> Response:
    async with visit.portal.store.read() as rows:
        sources = await _sources(visit, rows)
        read = await reads(rows, visit.portal.installation, one.id) if one else Reads()
    values: dict[str, Any] = {"one": one, "typed": typed, "sources": sources, "reads": read, "unread": UNREAD}
    return visit.page("users_form.html", error=error, **values, named=NAMES, pbxs=visit.portal.installation.pbxs)


def _fields(form: Form) -> dict[str, str]:
    """Return what a form says, which says everything of a user but where the calendar of one who has it is."""
    fields = {name: form.text(name) for name in TEXTS}
    return fields | {name: form.text(name) for name in OF_CALENDAR if form.text(name) not in ("", UNREAD)}


def _unread(form: Form) -> bool:
    return form.text("source") in ("", UNREAD)


def _read(form: Form) -> Read | None:
    """Return what is to be read, where the form asks for that."""
    if not form.text("refresh"):
        return None
    return Read(pace("refresh", form.text("refresh")), form.flag("calendar"), form.flag("contacts"))


def _typed(form: Form) -> dict[str, Any]:
    """Return what stands in the fields: what somebody typed."""
    typed: dict[str, Any] = {name: form.text(name) for name in (*TEXTS, *OF_CALENDAR, "refresh")}
    return typed | {name: form.flag(name) for name in ("calendar", "contacts")}


def _as_typed(one: User, read: Reads) -> dict[str, Any]:
    """Return what stands in the fields of a user who is there."""
    return said_of(one) | {
        "source": UNREAD,
        "path": "",
        "refresh": as_given(read.mailbox.refresh) if read.mailbox else "",
        "calendar": read.mailbox is not None and read.mailbox.calendar,
        "contacts": read.book is not None and read.book.enabled,
    }
