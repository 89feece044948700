"""API: codes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field, StringConstraints
from starlette.exceptions import HTTPException

from gateway.deciding import codes as deciding
from gateway.deciding.codes import MOST_NAMES, Given, presence
from gateway.deciding.treatments import words
from gateway.domain.code import Code
from gateway.domain.signin import Scope
from gateway.store import codes
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]

router = APIRouter(tags=["codes"])

Key = Annotated[str, InPath(pattern=r"^[a-z0-9_]{1,40}$", description="The code's own name, such as meeting.")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Digit = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?)?$")]
Line = Annotated[str, StringConstraints(max_length=200)]
Language = Literal["sv", "de", "en"]
Meets = Literal[
    "announce,target", "announce,voicemail", "announce,operator", "announce,busy", "announce,ring",
    "quiet,target", "quiet,voicemail", "quiet,operator", "quiet,busy", "quiet,ring",
]  # fmt: skip


class CodeTold(BaseModel):
    """A code: what people write (`names`), and what callers then meet."""

    model_config = HELD

    key: str
    names: tuple[str, ...]
    reason: str = Field(description="The spoken reason is the sound reason-<reason>.")
    texts: dict[str, str]
    internal: str
    external: str
    target: str | None
    shown: bool
    sensitive: bool
    presence: str
    digit: str | None
    takes: str
    until_next_working: bool


class CodeGiven(BaseModel):
    """What a code shall be; what is not given stays as it is, or is usual for a new code."""

    model_config = HELD

    names: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=40)], ...] | None, Field(max_length=MOST_NAMES)
    ] = None
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")] | None = None
    texts: dict[Language, Line] = Field(default_factory=dict, description='"" takes one away.')
    internal: Meets | None = None
    external: Meets | None = None
    target: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,20}$")] | None = Field(None, description='"" is none.')
    shown: bool | None = None
    sensitive: bool | None = None
    presence: Literal["available", "away", "extended-away", "chat", "do-not-disturb"] | None = None
    digit: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?)?$")] | None = Field(
        None, description='"" is none.'
    )
    takes: Literal["time", "date", "nothing"] | None = None
    until_next_working: bool | None = None


class Subject(BaseModel):
    """A subject of an appointment, which is not kept."""

    model_config = HELD

    subject: Annotated[str, StringConstraints(max_length=10_000)]


class TriedTold(BaseModel):
    """What a subject comes to; `code` null: nothing changes, and nothing of it is kept.

    `by_show_as`: the organisation goes by how appointments are shown, not by codes. `number`: what stands behind `>`.
    """

    model_config = HELD

    code: str | None
    by_show_as: bool
    diverts: bool
    number: str | None
    permitted: bool
    description_kept: bool


@router.get("/codes", dependencies=READ)
async def every(caller: Calling) -> list[CodeTold]:
    """Return all codes, in the order in which they were added."""
    async with caller.portal.store.read() as rows:
        return [_told(code) for code in await codes.every(rows)]


@router.post("/codes/test", dependencies=READ)
async def attempt(body: Subject, caller: Calling) -> TriedTold:
    """Say what a subject comes to."""
    async with caller.portal.store.read() as rows:
        tried = await deciding.tried(rows, body.subject)
    return TriedTold(
        code=tried.code.key if tried.code else None,
        by_show_as=tried.by_show_as,
        diverts=tried.diverts,
        number=tried.number,
        permitted=tried.permitted,
        description_kept=not tried.hidden,
    )


@router.put("/codes/{key}", dependencies=WRITE, responses={201: {"model": CodeTold, "description": "It is new."}})
async def put(key: Key, body: CodeGiven, caller: Calling, response: Response) -> CodeTold:
    """Add a code, or change what is given of it. Every calendar is then read anew."""
    async with caller.portal.store.write() as rows:
        is_new = await deciding.put(rows, caller.now, caller.who, key, Given(**body.model_dump()))
        code = await codes.get(rows, key)
    if code is None:
        raise HTTPException(404)
    response.status_code = 201 if is_new else 200
    return _told(code)


@router.delete("/codes/{key}", dependencies=WRITE, status_code=204)
async def remove(key: Key, caller: Calling) -> None:
    """Remove a code; diversions and absences that it made end."""
    async with caller.portal.store.write() as rows:
        if await codes.get(rows, key) is None:
            raise HTTPException(404, "there is no such code")
        await deciding.remove(rows, caller.now, caller.who, key)


def _told(code: Code) -> CodeTold:
    return CodeTold(
        key=code.key,
        names=code.names,
        reason=code.reason,
        texts=dict(code.texts),
        internal=words(code.internal),
        external=words(code.external),
        target=code.target,
        shown=code.shown,
        sensitive=code.sensitive,
        presence=presence(code),
        digit=code.digit,
        takes=code.takes.value,
        until_next_working=code.until_next_working,
    )
