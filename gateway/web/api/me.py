"""API: who the token's owner is, and what the token may be used for. The pattern of all files beside it."""

from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from gateway.domain.code import Language
from gateway.domain.signin import Role, Scope
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["me"])

NAMES: dict[Role, Literal["user", "operator", "administrator"]] = {
    Role.USER: "user",
    Role.OPERATOR: "operator",
    Role.ADMINISTRATOR: "administrator",
}


class Me(BaseModel):
    """`extension`, `name`, `language` and `zone` are None for an administrator who has no telephone here."""

    model_config = HELD

    role: Literal["user", "operator", "administrator"]
    extension: str | None
    name: str | None
    language: Language | None
    zone: str | None
    scopes: tuple[Scope, ...]


@router.get("/me", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def show(caller: Calling) -> Me:
    """Say whose token this is, and its scopes; those that its owner's role does not allow are left out."""
    user = caller.user
    return Me(
        role=NAMES[caller.role],
        extension=user.extension if user else None,
        name=user.name if user else None,
        language=user.language if user else None,
        zone=str(user.zone) if user else None,
        scopes=tuple(scope for scope in Scope if scope in caller.scopes),
    )
