"""A call of the API: whose token it brings, and what that token is good for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.domain.signin import Role, Scope, SignIn, Token
from gateway.domain.user import User
from gateway.store import tokens, users
from gateway.web.portal import Portal

BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token, made in the portal under Sign-in and security."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """`user` None: an administrator without a telephone here."""

    portal: Portal
    signin: SignIn
    token: Token
    user: User | None

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.portal.clock.now()

    @property
    def who(self) -> str:
        """Who does something, for the audit log."""
        return f"token {self.token.id}"

    @property
    def role(self) -> Role:
        """What its owner may do."""
        return self.signin.role

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it may be used for now: the scopes of a role that its owner has lost are lost at once."""
        return frozenset(scope for scope in self.token.scopes if scope.role <= self.role)

    @property
    def mine(self) -> User:
        """The user whose token it is. Answers 404 for who has no telephone here."""
        if self.user is None:
            raise HTTPException(404, "you have no telephone here")
        return self.user


async def caller_of(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Caller:
    """Find out who calls. Answers 401 for a token that is none, or no longer; 429 where many wrong ones come from."""
    portal: Portal = request.app.state.portal
    now = portal.clock.now()
    async with portal.store.read() as rows:
        found = await tokens.found(rows, given.credentials, now) if given else None
        if found is not None:
            token, signin = found
            user = await users.get(rows, signin.user) if signin.user is not None else None
    if found is None or (user is not None and not user.enabled):
        wait = portal.strangers.wrong(request.client.host if request.client else "", now.timestamp()) if given else 0
        if wait:
            raise HTTPException(429, "too many wrong tokens", headers={"Retry-After": str(wait)})
        raise HTTPException(401, "this needs a token", headers={"WWW-Authenticate": "Bearer"})
    if tokens.is_noted_anew(token, now):
        async with portal.store.write() as rows:
            await tokens.used(rows, token, now)
    return Caller(portal, signin, token, user)


Calling = Annotated[Caller, Depends(caller_of)]


@dataclass(frozen=True, slots=True)
class GoodFor:
    """Lets in whoever has a token of this scope, and still the role for it."""

    scope: Scope

    async def __call__(self, caller: Calling) -> None:
        """Let them in, or answer 403."""
        if self.scope not in caller.scopes:
            raise HTTPException(403, f"this needs a token with the scope {self.scope.value}")


def good_for(scope: Scope) -> GoodFor:
    """Return what each operation depends on: `dependencies=[Depends(good_for(Scope.OWN_READ))]`."""
    return GoodFor(scope)
