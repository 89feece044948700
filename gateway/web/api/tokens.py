"""API: one's own tokens. None makes one that may more, or lasts longer, than itself."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.deciding import tokens as deciding
from gateway.domain.signin import Scope, Token
from gateway.store import tokens
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["tokens"])

Id = Annotated[int, Path(ge=1, le=2**53)]


class OneToken(BaseModel):
    """`used` is exact to a minute; `until` None: it has no end."""

    model_config = HELD

    id: int
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    used: datetime | None
    until: datetime | None


class NewToken(BaseModel):
    """What a token is to be."""

    model_config = HELD

    name: Annotated[str, Field(min_length=1, max_length=deciding.LONGEST_NAME)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    until: AwareDatetime | None = None


class MadeToken(OneToken):
    """`secret` is told this once: it is what the program sends along."""

    secret: str


@router.get("/tokens", dependencies=[Depends(good_for(Scope.OWN_READ))])
async def index(caller: Calling) -> tuple[OneToken, ...]:
    """Return your tokens, without what programs show."""
    async with caller.portal.store.read() as rows:
        found = await tokens.of(rows, caller.signin.id)
    return tuple(_told(one) for one in found)


@router.post("/tokens", status_code=201, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def make(caller: Calling, new: NewToken) -> MadeToken:
    """Make a token."""
    async with caller.portal.store.write() as rows:
        made, secret = await deciding.make(
            rows,
            caller.signin.id,
            caller.who,
            new.name.strip(),
            frozenset(new.scopes),
            new.until,
            caller.now,
            caller.scopes,
            caller.token.until,
        )
    return MadeToken(**_told(made).model_dump(), secret=secret.reveal())


@router.delete("/tokens/{token}", status_code=204, dependencies=[Depends(good_for(Scope.OWN_WRITE))])
async def revoke(caller: Calling, token: Id) -> None:
    """Let one of your tokens be good for nothing, at once."""
    async with caller.portal.store.write() as rows:
        found = await deciding.revoke(rows, caller.signin.id, caller.who, token, caller.now)
    if not found:
        raise HTTPException(404)


def _told(token: Token) -> OneToken:
    return OneToken(
        id=token.id,
        name=token.name,
        scopes=tuple(scope for scope in Scope if scope in token.scopes),
        created=token.created,
        used=token.used,
        until=token.until,
    )
