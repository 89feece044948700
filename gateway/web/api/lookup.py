"""API: the name of who calls, as a telephone would show it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from gateway.domain.signin import Role, Scope
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["lookup"])

PLAIN = "text/plain"
COMPANYS = ""  # nobody's extension: the company's contacts alone
BOTH: dict[int | str, dict[str, Any]] = {
    200: {"content": {PLAIN: {"schema": {"type": "string"}}}, "description": "Whose number it is, or nobody's."}
}


class Lookup(BaseModel):
    """`number` as it was asked; `name` None: nobody has it."""

    model_config = HELD

    number: str
    name: str | None


@router.get(
    "/lookup/{number}",
    dependencies=[Depends(good_for(Scope.LOOKUP))],
    response_model=Lookup,
    responses=BOTH,
)
async def found(
    caller: Calling,
    number: Annotated[
        str, Path(pattern=r"^[^/\n]{1,100}$", description="As a trunk sends it: +46…, 0046…, 08…, or an extension.")
    ],
    extension: Annotated[
        str | None,
        Query(pattern="^[0-9]{1,20}$", description="Whose own contacts count before the company's: the called one's."),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Lookup | Response:
    """Find the name for a number, out of memory.

    Without `extension`, the company's contacts alone count. Whoever is no operator may name only their own. Who accepts
    `text/plain`, as dialplans do, gets the bare name, empty where nobody has the number.
    """
    own = caller.user.places if caller.user else ()
    if extension is not None and extension not in own and caller.role < Role.OPERATOR:
        raise HTTPException(403, "operators alone may ask for somebody else")
    look = caller.portal.name_of
    name = look(extension or COMPANYS, number) if look else None
    if _wants_text(accept):
        return PlainTextResponse(name or "")
    return Lookup(number=number, name=name)


def _wants_text(accept: str) -> bool:
    """Say whether plain text is named, and before JSON (RFC 9110, section 12.5.1; weights are not looked at)."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return PLAIN in kinds and "application/json" not in kinds[: kinds.index(PLAIN)]
