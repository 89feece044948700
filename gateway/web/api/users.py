"""API: who takes part: found, added, changed, removed, invited."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import inviting, signing
from gateway.deciding import users as deciding
from gateway.deciding.accounts import reads
from gateway.deciding.by import By
from gateway.deciding.hours import write_week
from gateway.deciding.pace import LONGEST, SHORTEST
from gateway.deciding.read import Read, Stays
from gateway.domain.code import Language
from gateway.domain.signin import Scope
from gateway.domain.user import User
from gateway.errors import Refused
from gateway.store import devices, letters, rooms, roster, signins, users
from gateway.store.rows import Rows
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Caller, Calling, good_for
from gateway.web.api.me import NAMES
from gateway.web.paging import many_pages

router = APIRouter(tags=["users"])

A_PAGE = 50

RoleName = Literal["user", "operator", "administrator"]
Only = Literal["failing", "unread", "uninvited", "waiting", "refused", "unaddressed", "staff", "disabled"]
Digits = Annotated[str, Field(pattern="^[0-9]{1,20}$")]
Email = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^\S+$")]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=200)]
Extension = Annotated[str, Path(pattern="^[0-9]{1,20}$", description="Any number of the user's.")]


class UserLine(BaseModel):
    """`email`: the main address; `role` None: not invited; `read_by` None: no calendar is read."""

    model_config = HELD

    extension: str
    name: str
    email: str | None
    enabled: bool
    role: RoleName | None
    read_by: str | None
    failing_since: datetime | None


class Users(BaseModel):
    """One page, by extension, of the `total` that are found; `pages` is how many there are, at least 1."""

    model_config = HELD

    users: tuple[UserLine, ...]
    total: int
    page: int
    pages: int


class IsRead(BaseModel):
    """What reads a calendar; `refresh` in seconds, None: only when somebody asks."""

    model_config = HELD

    source: str
    login: str
    service: bool
    address: str
    path: str | None
    refresh: int | None
    calendar: bool
    contacts: bool


class OneUser(BaseModel):
    """`operator` and `hours` None: the organisation's; `role` None: not invited; `read` None: no calendar is read.

    `letter`: whether one with an invitation waits to be sent, or the mail server refused it. `devices`: so many
    telephones may search contacts. `rooms`: their own.
    """

    model_config = HELD

    extension: str
    name: str
    emails: tuple[str, ...]
    language: Language
    zone: str
    phones: tuple[str, ...]
    pbx: str
    operator: str | None
    hours: str | None
    through: tuple[str, ...]
    enabled: bool
    role: RoleName | None
    has_password: bool
    letter: Literal["waits", "refused"] | None
    read: IsRead | None
    devices: int
    rooms: tuple[str, ...]


class NewUser(BaseModel):
    """What is left out is the organisation's, or nothing. `source`: whose service account reads the calendar; it is the
    only one where it is left out.
    """

    model_config = HELD

    extension: Digits
    name: Text = ""
    emails: Annotated[tuple[Email, ...], Field(max_length=20)] = ()
    language: Language | None = None
    zone: Word | None = None
    phones: Annotated[tuple[Digits, ...], Field(max_length=20)] = ()
    pbx: Word | None = None
    operator: Digits | None = None
    hours: Word | None = Field(None, examples=["mon-fri 08:00-12:00 13:00-17:00"])
    through: Annotated[tuple[Digits, ...], Field(max_length=20)] = ()
    enabled: bool = True
    source: Word | None = None
    path: Word | None = None


class Changed(BaseModel):
    """What is left out stays. None: of `operator` and `hours` the organisation's, of `refresh` only by Sync."""

    model_config = HELD

    extension: Digits | None = None
    name: Text | None = None
    emails: Annotated[tuple[Email, ...], Field(max_length=20)] | None = None
    language: Language | None = None
    zone: Word | None = None
    phones: Annotated[tuple[Digits, ...], Field(max_length=20)] | None = None
    pbx: Word | None = None
    operator: Digits | None = None
    hours: Word | None = None
    through: Annotated[tuple[Digits, ...], Field(max_length=20)] | None = None
    enabled: bool | None = None
    source: Word | None = None
    path: Word | None = None
    refresh: Annotated[int, Field(ge=SHORTEST, le=LONGEST)] | None = None
    calendar: bool | None = None
    contacts: bool | None = None
    role: RoleName | None = None


class NewInvitation(BaseModel):
    """`by_letter`: the link goes to the main address as soon as the mail server takes it, and is not told here."""

    model_config = HELD

    role: RoleName | None = None
    by_letter: bool = False


class Invitation(BaseModel):
    """`link` lets them choose a password, once, `until` then; both None: a letter brings it, good for a week then."""

    model_config = HELD

    link: str | None
    until: datetime | None


@router.get("/users", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def index(
    caller: Calling,
    search: Annotated[str, Query(max_length=100)] = "",
    only: Only | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Users:
    """Return fifty users, by extension.

    `search`: parts of the name or of an address, or the beginning of a number.
    """
    async with caller.portal.store.read() as rows:
        total = await roster.found(rows, search, only or "")
        lines = await roster.page(rows, search, only or "", (page - 1) * A_PAGE, A_PAGE)
    told = tuple(_line(one) for one in lines)
    return Users(users=told, total=total, page=page, pages=many_pages(total, A_PAGE))


@router.post("/users", status_code=201, dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def add(caller: Calling, new: NewUser) -> OneUser:
    """Let somebody take part."""
    async with caller.portal.store.write() as rows:
        done = await deciding.add(rows, caller.portal.installation, _by(caller), _fields(new))
        return await _told(rows, caller, done.user)


@router.get("/users/{extension}", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def show(caller: Calling, extension: Extension) -> OneUser:
    """Return one user."""
    async with caller.portal.store.read() as rows:
        return await _told(rows, caller, await _known(rows, extension))


@router.patch("/users/{extension}", dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def change(caller: Calling, extension: Extension, changed: Changed) -> OneUser:
    """Change one user. An address or a source lets a service account read the calendar of who has none."""
    unread = not changed.model_fields_set & {"source", "path", "emails"}
    async with caller.portal.store.write() as rows:
        before = await _known(rows, extension)
        done = await deciding.change(
            rows,
            caller.portal.installation,
            _by(caller),
            before,
            _fields(changed),
            _read(changed),
            unread=unread,
            whole=True,
        )
        if changed.role is not None:
            signin = await signins.of_user(rows, before.id)
            if signin is None:
                raise Refused("they are not invited", "invite them with this role")
            await signing.put_role(rows, signin, signing.ROLES[changed.role], caller.now, caller.who)
        return await _told(rows, caller, done.user)


@router.delete("/users/{extension}", status_code=204, dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def remove(caller: Calling, extension: Extension) -> Response:
    """Remove a user with all that is theirs; their room goes to the pool."""
    async with caller.portal.store.write() as rows:
        await deciding.remove(rows, _by(caller), await _known(rows, extension))
    return Response(status_code=204)


@router.post(
    "/users/{extension}/invitation", status_code=201, dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))]
)
async def invite(caller: Calling, extension: Extension, wanted: NewInvitation) -> Invitation:
    """Invite a user, or let them choose another password; a link of before ends."""
    installation, role = caller.portal.installation, signing.ROLES[wanted.role] if wanted.role else None
    async with caller.portal.store.write() as rows:
        user = await _known(rows, extension)
        if wanted.by_letter:
            await inviting.want(rows, installation, user, caller.now, caller.who, role)
            return Invitation(link=None, until=None)
        made = await signing.invite(rows, user, caller.now, caller.who, role)
        return Invitation(link=signing.link(installation, made.secret), until=made.until)


def _by(caller: Caller) -> By:
    return By(caller.now, caller.who)


async def _known(rows: Rows, extension: str) -> User:
    user = await users.by_extension(rows, extension)
    if user is None:
        raise HTTPException(404)
    return user


def _fields(given: NewUser | Changed) -> dict[str, str]:
    """Return what was sent as `person` reads it; None of what can be the organisation's takes it away."""
    sent: dict[str, Any] = given.model_dump(exclude_unset=True)
    fields: dict[str, str] = {}
    for name, value in sent.items():
        if name in ("refresh", "calendar", "contacts", "role") or (value is None and name not in ("operator", "hours")):
            continue
        match value:
            case bool():
                fields[name] = "yes" if value else "no"
            case tuple():
                fields["email" if name == "emails" else name] = " ".join(value)
            case _:
                fields[name] = value or ""
    return fields


def _read(changed: Changed) -> Read | None:
    refresh = changed.refresh if "refresh" in changed.model_fields_set else Stays.STAYS
    read = Read(refresh, changed.calendar, changed.contacts)
    return None if read == Read() else read


def _line(one: roster.Line) -> UserLine:
    return UserLine(
        extension=one.extension,
        name=one.name,
        email=one.email or None,
        enabled=one.enabled,
        role=NAMES[one.role] if one.role else None,
        read_by=f"{one.reader} at {one.source}" if one.reader else None,
        failing_since=one.failing,
    )


async def _told(rows: Rows, caller: Caller, user: User) -> OneUser:
    signin = await signins.of_user(rows, user.id)
    letter = await letters.of(rows, signin.id) if signin is not None else None
    found = await reads(rows, caller.portal.installation, user.id)
    box, account = found.mailbox, found.account
    read = None
    if box is not None and account is not None:
        read = IsRead(
            source=account.source,
            login=account.login,
            service=account.service,
            address=box.address,
            path=box.path,
            refresh=box.refresh,
            calendar=box.calendar,
            contacts=found.book is not None and found.book.enabled,
        )
    return OneUser(
        extension=user.extension,
        name=user.name,
        emails=user.emails,
        language=user.language,
        zone=user.zone.key,
        phones=user.phones,
        pbx=user.pbx,
        operator=user.operator,
        hours=write_week(user.hours.week) if user.hours else None,
        through=user.through,
        enabled=user.enabled,
        role=NAMES[signin.role] if signin else None,
        has_password=signin is not None and signin.has_password,
        letter=None if letter is None else "refused" if letter.refused else "waits",
        read=read,
        devices=len(await devices.of(rows, user.id)),
        rooms=tuple(room.number for room in await rooms.of(rows, user.id)),
    )
