"""API: accounts at servers, of the company and, where they fail, of people themselves. Passwords only go in."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field, SecretStr, StringConstraints
from starlette.exceptions import HTTPException

from gateway.deciding import service_accounts
from gateway.deciding.installation import SourceAt
from gateway.deciding.service_accounts import LONGEST_PASSWORD, How
from gateway.domain.secret import Secret
from gateway.domain.signin import Scope
from gateway.store import accounts, overview
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

READ, WRITE = [Depends(good_for(Scope.ADMINISTRATION_READ))], [Depends(good_for(Scope.ADMINISTRATION_WRITE))]
A_PAGE, MOST = 50, 2**53 - 1  # numbers that every program can read

router = APIRouter(tags=["accounts"])

Id = Annotated[int, InPath(ge=1, le=MOST)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class AccountTold(BaseModel):
    """An account of the company. `refused`: how often its password was since it last worked; `tried`: when it is next.

    `ok` null: it has not been used yet.
    """

    model_config = HELD

    id: int
    source: str
    login: str
    calendars: int
    ok: bool | None
    said: str
    refused: int
    tried: datetime | None


class OwnTold(BaseModel):
    """Somebody's own account, through which something cannot be read."""

    model_config = HELD

    id: int
    source: str
    login: str
    extension: str | None
    since: datetime | None
    said: str
    refused: int


class AccountsTold(BaseModel):
    """`services` are the company's; `own_failing` a page of people's own that fail, of `own_failing_count`."""

    model_config = HELD

    services: tuple[AccountTold, ...]
    own_failing_count: int
    own_failing: tuple[OwnTold, ...]


class SourceTold(BaseModel):
    """A source. `kind` null: it is not in the settings any more. `own`: accounts of people themselves among all.

    `refused`: accounts that were refused, or not answered. `failing`: of its `calendars`, those that cannot be read.
    """

    model_config = HELD

    name: str
    kind: str | None
    accounts: int
    own: int
    refused: int
    calendars: int
    failing: int


class AccountGiven(BaseModel):
    """A new account of the company."""

    model_config = HELD

    source: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    login: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Password


class PasswordGiven(BaseModel):
    """Another password."""

    model_config = HELD

    password: Password


class Tried(BaseModel):
    """Whether it waited, and is tried now."""

    model_config = HELD

    tried: bool


@router.get("/accounts", dependencies=READ)
async def every(caller: Calling, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> AccountsTold:
    """Return the company's accounts, and a page of people's own that fail."""
    async with caller.portal.store.read() as rows:
        hows = await service_accounts.services(rows)
        many, failing = await overview.own_failing(rows, A_PAGE, (page - 1) * A_PAGE)
    own = tuple(
        OwnTold(
            id=one.account,
            source=one.source,
            login=one.login,
            extension=one.extension,
            since=one.since,
            said=one.said or "",
            refused=one.refusals,
        )
        for one in failing
    )
    return AccountsTold(services=tuple(_told(one) for one in hows), own_failing_count=many, own_failing=own)


@router.get("/accounts/sources", name="sources", dependencies=READ)
async def every_source(caller: Calling) -> tuple[SourceTold, ...]:
    """Return where accounts can be, and how reading through them goes."""
    installation = caller.portal.installation
    async with caller.portal.store.read() as rows:
        there = {one.name: one for one in await overview.sources(rows, installation.pilot)}
    names = dict.fromkeys([*service_accounts.sources(installation), *there])
    return tuple(_source(name, installation.sources.get(name), there.get(name)) for name in names)


@router.get("/accounts/{account}", name="one", dependencies=READ)
async def one_account(account: Id, caller: Calling) -> AccountTold:
    """Return one account, of the company or somebody's own."""
    async with caller.portal.store.read() as rows:
        found = await accounts.shown(rows, account)
        if found is None:
            raise HTTPException(404, "there is no such account")
        return _told(await service_accounts.how(rows, found))


@router.post("/accounts", dependencies=WRITE, status_code=201)
async def add(body: AccountGiven, caller: Calling) -> AccountTold:
    """Add an account of the company; everybody is read through it whose calendar is not read yet."""
    portal, secret = caller.portal, Secret(body.password.get_secret_value())
    async with portal.store.write() as rows:
        account, _ = await service_accounts.add(
            rows, portal.installation, caller.now, caller.who, body.source, body.login, secret
        )
        return _told(await service_accounts.how(rows, account))


@router.put("/accounts/{account}/password", dependencies=WRITE, status_code=204)
async def change(account: Id, body: PasswordGiven, caller: Calling) -> None:
    """Give an account another password, which is tried at once."""
    secret = Secret(body.password.get_secret_value())
    async with caller.portal.store.write() as rows:
        if not await service_accounts.put_password(rows, caller.now, caller.who, account, secret):
            raise HTTPException(404, "there is no such account")


@router.post("/accounts/{account}/retry", dependencies=WRITE)
async def retry(account: Id, caller: Calling) -> Tried:
    """Let refused credentials be tried now. Each try that is refused again counts at the server."""
    async with caller.portal.store.write() as rows:
        if await accounts.shown(rows, account) is None:
            raise HTTPException(404, "there is no such account")
        tried = await service_accounts.retry(rows, caller.now, caller.who, None, account)
    return Tried(tried=bool(tried))


@router.delete("/accounts/{account}", dependencies=WRITE, status_code=204)
async def remove(account: Id, caller: Calling) -> None:
    """Remove an account with all that is read through it."""
    async with caller.portal.store.write() as rows:
        if not await service_accounts.remove(rows, caller.now, caller.who, account):
            raise HTTPException(404, "there is no such account")


def _source(name: str, known: SourceAt | None, there: overview.Source | None) -> SourceTold:
    return SourceTold(
        name=name,
        kind=known.kind if known else None,
        accounts=there.accounts if there else 0,
        own=there.own if there else 0,
        refused=there.refused if there else 0,
        calendars=there.calendars if there else 0,
        failing=there.failing if there else 0,
    )


def _told(one: How) -> AccountTold:
    return AccountTold(
        id=one.account.id,
        source=one.account.source,
        login=one.account.login,
        calendars=one.calendars,
        ok=one.state.ok if one.state else None,
        said=one.state.said if one.state else "",
        refused=one.past.many,
        tried=one.due if one.waits else None,
    )
