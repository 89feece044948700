"""The settings file: everything that it says, to be read here and changed there."""

import re
from collections.abc import Mapping

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.web.visit import Visiting, entered

SET = "set"  # all that is told of a secret
_CREDENTIALS = re.compile(r"//[^/]*@")  # in an address

router = APIRouter(dependencies=[Depends(entered(Role.ADMINISTRATOR))])


@router.get("/administration/settings")
async def show(visit: Visiting) -> Response:
    """Show it."""
    portal = visit.portal
    return visit.page("told.html", tables=portal.told, file=portal.file, read=portal.read)


def as_told(tables: Mapping[str, BaseModel]) -> dict[str, dict[str, str]]:
    """Return what tables of the settings hold as text, usual values too; nothing of a secret, but that it is set."""
    return {
        table: {name: _as_text(getattr(model, name)) for name in type(model).model_fields}
        for table, model in tables.items()
    }


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case Secret():
            return SET
        case bool():
            return str(value).lower()
        case Mapping():
            return ", ".join(f"{key} = {_as_text(one)}" for key, one in value.items())
        case tuple() | list() | set() | frozenset():
            return ", ".join(_as_text(one) for one in value)
    return _CREDENTIALS.sub("//", str(value))
