"""Many users at once: a CSV file is uploaded, shown line by line, and written once somebody has said so. And all of
them as such a file.
"""

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass, fields

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.deciding.by import By
from gateway.deciding.exporting import everybody, written
from gateway.deciding.importing import Kind, Line, Plan, is_current, plan, records, text_of, write
from gateway.deciding.person import FIELDS
from gateway.domain.signin import Role
from gateway.domain.user import User
from gateway.errors import Misconfigured, RingplanError
from gateway.store.rows import Rows
from gateway.store.signins import verifier_of
from gateway.web.paging import asked_page, many_pages
from gateway.web.uploads import LASTING, Upload
from gateway.web.visit import Visit, Visiting, entered

PLACE = "/administration/users"
IMPORT = f"{PLACE}/import"
A_PAGE = 100

router = APIRouter(prefix=PLACE, dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as the page shows it: what it does, what of a user it changes, and what is wrong with it, if anything."""

    line: Line
    kind: Kind
    changes: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]


@router.get("/import")
async def ask(visit: Visiting) -> Response:
    """Ask for a file."""
    return visit.page("uploading.html", fields=FIELDS, update=False)


@router.post("/import")
async def upload(visit: Visiting) -> Response:
    """Take a file, and lead to what it would do."""
    form = await visit.form()
    file, update = form.file("file"), form.flag("update")
    try:
        if file is None or not file.filename:
            raise Misconfigured("{field}: is missing", "choose a CSV file", field="file")
        content = await file.read()
        await file.close()
        text = text_of(content, file.filename)
        await asyncio.to_thread(records, text, file.filename)
    except* RingplanError as error:
        wrong = error
    else:
        uploads = visit.portal.uploads
        key = uploads.keep(_owner(visit), file.filename, text, visit.now, update=update)
        asyncio.get_running_loop().call_later(LASTING.total_seconds(), uploads.forget, key)  # also if nobody comes back
        return visit.to(f"{IMPORT}/{key}")
    return visit.page("uploading.html", error=wrong, fields=FIELDS, update=update)


@router.get("/import/template")
async def template(visit: Visiting) -> Response:
    """Return a file with a head line alone."""
    return _file("users-template.csv", await asyncio.to_thread(written, []))


@router.get("/export")
async def export(visit: Visiting) -> Response:
    """Return everybody as a file that can be imported again."""
    async with visit.portal.store.read() as rows:
        lines = await everybody(rows)
    return _file("users.csv", await asyncio.to_thread(written, lines))


@router.get("/import/{key}")
async def look(key: str, visit: Visiting) -> Response:
    """Show what a file would do, line by line."""
    found = visit.portal.uploads.get(key, _owner(visit), visit.now)
    if found is None:
        return visit.to(IMPORT, told="late")
    if found.is_written:
        return visit.to(PLACE, told="imported")
    async with visit.portal.store.read() as rows:
        wanted = await _plan(visit, rows, found)
    return await _preview(visit, found, wanted)


@router.post("/import/{key}")
async def confirm(key: str, visit: Visiting) -> Response:
    """Write a file, if it still does what was shown."""
    found = visit.portal.uploads.get(key, _owner(visit), visit.now)
    if found is None:
        return visit.to(IMPORT, told="late")
    if found.is_written:
        return visit.to(PLACE, told="imported")
    shown = (await visit.form()).text("print")
    async with visit.portal.store.read() as rows:
        wanted = await _plan(visit, rows, found)
    is_same = not wanted.wrong and await asyncio.to_thread(_print, wanted) == shown
    if is_same:
        async with visit.portal.store.write() as rows:
            is_same = await is_current(rows, wanted)
            if is_same:
                await write(rows, visit.portal.installation, By(visit.now, visit.who), wanted)
    if not is_same:
        return visit.to(f"{IMPORT}/{key}", told="different")
    visit.portal.uploads.written(key)
    return visit.to(PLACE, told="imported")


async def _plan(visit: Visit, rows: Rows, found: Upload) -> Plan:
    some = await asyncio.to_thread(records, found.text, found.name)
    return await plan(rows, visit.portal.installation, some, update=found.update)


async def _preview(visit: Visit, found: Upload, wanted: Plan) -> Response:
    """Show a hundred lines, those that are wrong before the others."""
    seen = await asyncio.to_thread(_seen, visit, wanted)
    pages, at = many_pages(len(seen), A_PAGE), asked_page(visit.request)
    at = min(at, pages)
    wrong = {one.number for one in wanted.wrong}
    return visit.page(
        "uploading_look.html",
        name=found.name,
        update=found.update,
        seen=seen[(at - 1) * A_PAGE : at * A_PAGE],
        counts=Counter(one.kind for one in wanted.lines if one.number not in wrong),
        Kind=Kind,
        many_wrong=len(wrong),
        page=at,
        pages=pages,
        print=await asyncio.to_thread(_print, wanted),
    )


def _seen(visit: Visit, wanted: Plan) -> list[Seen]:
    told: dict[int, list[tuple[str, str]]] = {}
    for one in wanted.wrong:
        told.setdefault(one.number, []).append(visit.portal.texts.error(visit.language, one.error))
    seen = [Seen(line, line.kind, _changes(line), tuple(told.get(line.number, ()))) for line in wanted.lines]
    return sorted(seen, key=lambda one: (not one.wrong, one.kind is Kind.NOTHING, one.line.number))


def _changes(line: Line) -> tuple[str, ...]:
    """Return the names of what a line changes about somebody; they are messages."""
    if line.before is None:
        return ()
    names = [one.name for one in fields(User) if getattr(line.before, one.name) != getattr(line.user, one.name)]
    read = ["source"] if line.account is not None and line.user.emails else []
    return tuple("email" if name == "emails" else name for name in [*names, *read])


def _print(wanted: Plan) -> str:
    """Return a hash of all that a plan does."""
    done = [(line.user, line.before, line.account and line.account.id, line.path) for line in wanted.lines]
    return hashlib.sha256(repr(done).encode()).hexdigest()


def _owner(visit: Visit) -> bytes:
    return verifier_of(visit.cookie)


def _file(name: str, text: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
