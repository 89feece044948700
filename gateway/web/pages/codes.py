"""Codes: what people may write in a subject, and what callers then meet."""

import re
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.deciding import codes as deciding
from gateway.deciding.codes import AVAILABLE, TAKES, Given, presence
from gateway.deciding.given import wrong
from gateway.deciding.treatments import THEN
from gateway.domain.code import LANGUAGES, Code
from gateway.domain.signin import Role
from gateway.errors import RingplanError
from gateway.planning.codes import LONGEST_SUBJECT
from gateway.store import codes
from gateway.web.texts import NAMES
from gateway.web.visit import Given as Form
from gateway.web.visit import Visit, Visiting, entered

PLACE = "/administration/codes"
_APART = re.compile(r"[\s,;]+")

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("")
async def show(visit: Visiting) -> Response:
    """Show all codes."""
    return await _list(visit)


@router.post("/try")
async def attempt(visit: Visiting) -> Response:
    """Say what a subject comes to. It is in no address and is not kept."""
    subject = (await visit.form()).text("subject")[:LONGEST_SUBJECT]
    async with visit.portal.store.read() as rows:
        tried = await deciding.tried(rows, subject)
    return await _list(visit, subject=subject, tried=tried)


@router.get("/new")
async def ask(visit: Visiting) -> Response:
    """Ask what a new code shall be."""
    return _form(visit, None, _typed(None))


@router.post("/new")
async def add(visit: Visiting) -> Response:
    """Add a code."""
    form = await visit.form()
    key = form.text("key")
    try:
        async with visit.portal.store.write() as rows:
            if await codes.get(rows, key) is not None:
                raise wrong("key", key, "is a code already", "change that one, or give another name")
            await deciding.put(rows, visit.now, visit.who, key, _given(form))
    except RingplanError as error:
        return _form(visit, None, _typed(form), error)
    return visit.to(PLACE, told="added")


@router.get("/edit/{key}")
async def look(key: str, visit: Visiting) -> Response:
    """Show one code as it is."""
    code = await _known(visit, key)
    return _form(visit, code, _as_typed(code))


@router.post("/edit/{key}")
async def change(key: str, visit: Visiting) -> Response:
    """Change a code."""
    form, code = await visit.form(), await _known(visit, key)
    try:
        async with visit.portal.store.write() as rows:
            if await codes.get(rows, key) is None:
                raise HTTPException(404)
            await deciding.put(rows, visit.now, visit.who, key, _given(form))
    except RingplanError as error:
        return _form(visit, code, _typed(form), error)
    return visit.to(PLACE, told="changed")


@router.get("/remove/{key}")
async def consider(key: str, visit: Visiting) -> Response:
    """Say what follows from removing a code."""
    code = await _known(visit, key)
    async with visit.portal.store.read() as rows:
        diversions, absences = await codes.made(rows, key)
    return visit.page("codes_remove.html", code=code, diversions=diversions, absences=absences)


@router.post("/remove/{key}")
async def remove(key: str, visit: Visiting) -> Response:
    """Remove a code."""
    await _known(visit, key)
    async with visit.portal.store.write() as rows:
        await deciding.remove(rows, visit.now, visit.who, key)
    return visit.to(PLACE, told="removed")


async def _known(visit: Visit, key: str) -> Code:
    async with visit.portal.store.read() as rows:
        code = await codes.get(rows, key)
    if code is None:
        raise HTTPException(404)
    return code


async def _list(visit: Visit, **values: Any) -> Response:
    async with visit.portal.store.read() as rows:
        every = await codes.every(rows)
    return visit.page("codes.html", **({"every": every, "subject": "", "tried": None} | values))


def _form(visit: Visit, code: Code | None, typed: dict[str, Any], error: RingplanError | None = None) -> Response:
    known: dict[str, Any] = {"behaviours": list(THEN), "availabilities": list(AVAILABLE), "what_it_takes": list(TAKES)}
    return visit.page("codes_form.html", error=error, code=code, typed=typed, names=NAMES, **known)


def _given(form: Form) -> Given:
    """Return what a form says; it says everything of a code."""
    return Given(
        names=_split(form.text("name")),
        reason=form.text("reason") or None,
        texts={language: form.text(f"text_{language}") for language in LANGUAGES},
        internal=_treatment(form, "internal"),
        external=_treatment(form, "external"),
        target=form.text("target"),
        shown=form.flag("shown"),
        sensitive=form.flag("sensitive"),
        presence=form.text("presence"),
        digit=form.text("digit"),
        takes=form.text("takes"),
        until_next_working=form.flag("until_next_working"),
    )


def _treatment(form: Form, whom: str) -> str:
    return f"{'announce' if form.flag(f'{whom}_announce') else 'quiet'},{form.text(whom)}"


def _split(text: str) -> list[str]:
    return [one for one in _APART.split(text) if one]


def _typed(form: Form | None) -> dict[str, Any]:
    """Return what stands in the fields: what somebody typed, or what is usual for a new code."""
    if form is None:
        usual = {"text_sv": "", "text_de": "", "text_en": "", "key": "", "name": "", "reason": "away", "target": ""}
        usual |= {"internal": "target", "external": "target", "presence": "away", "digit": "", "takes": "time"}
        marks = {"shown": False, "sensitive": False, "until_next_working": False}
        return {**usual, **marks, "internal_announce": True, "external_announce": True}
    texts = ("key", "name", "reason", "target", "internal", "external", "presence", "digit", "takes")
    typed: dict[str, Any] = {name: form.text(name) for name in texts}
    typed |= {f"text_{language}": form.text(f"text_{language}") for language in LANGUAGES}
    ticks = ("shown", "sensitive", "until_next_working", "internal_announce", "external_announce")
    return typed | {name: form.flag(name) for name in ticks}


def _as_typed(code: Code) -> dict[str, Any]:
    """Return what stands in the fields for a code that there is."""
    return {
        "key": code.key,
        "name": " ".join(code.names),
        "reason": code.reason,
        **{f"text_{language}": code.texts.get(language, "") for language in LANGUAGES},
        "internal": code.internal.then.name.lower(),
        "internal_announce": code.internal.announce,
        "external": code.external.then.name.lower(),
        "external_announce": code.external.announce,
        "target": code.target or "",
        "shown": code.shown,
        "sensitive": code.sensitive,
        "presence": presence(code),
        "digit": code.digit or "",
        "takes": code.takes.value,
        "until_next_working": code.until_next_working,
    }
