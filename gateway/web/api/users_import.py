"""API: many users at once, out of a CSV file: all of them, or nobody."""

import asyncio
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.deciding.by import By
from gateway.deciding.importing import Kind, Plan, is_current, plan, records, text_of, write
from gateway.domain.signin import Scope
from gateway.errors import Misconfigured
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["users"])
NAME = "the file"
CSV, FORM = "text/csv", "multipart/form-data"
BODY = {
    "required": True,
    "content": {
        CSV: {"schema": {"type": "string", "description": "UTF-8, with a head line that names the columns."}},
        FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "contentMediaType": CSV}},
                "required": ["file"],
            }
        },
    },
}


class Imported(BaseModel):
    """How many users were added and changed, or, with `check`, would be."""

    model_config = HELD

    added: int
    changed: int


@router.post(
    "/users/import",
    dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))],
    openapi_extra={"requestBody": BODY},
)
async def from_file(
    caller: Calling,
    request: Request,
    update: Annotated[bool, Query(description="Change those who are there already.")] = False,
    check: Annotated[bool, Query(description="Only say what would be done.")] = False,
) -> Imported:
    """Add all users of a CSV file, or nobody.

    The columns are those of `ringplan users import`: extension, name, email, language, zone, phones, pbx, operator,
    hours, through, enabled, source, path.
    """
    content = await _content(request)
    installation, store = caller.portal.installation, caller.portal.store
    some = await asyncio.to_thread(lambda: records(text_of(content, NAME), NAME))
    async with store.read() as rows:
        wanted = _whole(await plan(rows, installation, some, update=update))
    if check:
        return _counted(wanted)
    async with store.write() as rows:
        if not await is_current(rows, wanted):
            wanted = _whole(await plan(rows, installation, some, update=update))
        await write(rows, installation, By(caller.now, caller.who), wanted)
    return _counted(wanted)


async def _content(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == CSV:
        return await request.body()
    if kind != FORM:
        raise HTTPException(415, f"send {CSV} or {FORM}")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Misconfigured("{field}: is missing", "send a CSV file", field="file")
        return await file.read()


def _whole(wanted: Plan) -> Plan:
    """Return a plan in which nothing is wrong. Raises an `ExceptionGroup` of `Misconfigured`, each with its line."""
    if wanted.wrong:
        told = [Misconfigured(f"line {one.number}: {one.error}", one.error.remedy) for one in wanted.wrong]
        raise ExceptionGroup("the file cannot be imported", told)
    return wanted


def _counted(wanted: Plan) -> Imported:
    kinds = Counter(line.kind for line in wanted.lines)
    return Imported(added=kinds[Kind.ADDS], changed=kinds[Kind.CHANGES])
