"""API: what the settings file says, to be read here and changed there; never a secret, but that it is set."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from gateway.domain.signin import Scope
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["status"])


class SettingsTold(BaseModel):
    """`tables` by name, each with its keys and what they hold as text, usual values too: "" is not set.

    `file`: its path; `read`: when it was read.
    """

    model_config = HELD

    file: str
    read: datetime | None
    tables: dict[str, dict[str, str]]


@router.get("/settings", name="settings_file", dependencies=[Depends(good_for(Scope.ADMINISTRATION_READ))])
async def show(caller: Calling) -> SettingsTold:
    """Return what the settings file says."""
    portal = caller.portal
    return SettingsTold(file=portal.file, read=portal.read, tables=portal.told)
