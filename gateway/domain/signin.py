"""Who may enter the portal, and as what; and the programs that may use the API in somebody's place."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum


class Role(IntEnum):
    """What somebody may do; each may all that the one before may."""

    USER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


class Scope(Enum):
    """What a token may be used for, at most: never for more than its owner's role allows."""

    OWN_READ = "own:read"
    OWN_WRITE = "own:write"
    LOOKUP = "lookup"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    ADMINISTRATION_READ = "administration:read"
    ADMINISTRATION_WRITE = "administration:write"

    @property
    def role(self) -> Role:
        """The least role whose tokens may have it."""
        return _LEAST[self]


_LEAST = {
    Scope.OWN_READ: Role.USER,
    Scope.OWN_WRITE: Role.USER,
    Scope.LOOKUP: Role.USER,
    Scope.PEOPLE_READ: Role.OPERATOR,
    Scope.PEOPLE_WRITE: Role.OPERATOR,
    Scope.ADMINISTRATION_READ: Role.ADMINISTRATOR,
    Scope.ADMINISTRATION_WRITE: Role.ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who may sign in: with an address or a number of the user `user`, or, where that is None, with `name`.

    `name`: an address in lower case, "" for a user's. `has_password`: one has been chosen; before, only an invitation
    lets them in.
    """

    id: int
    user: int | None
    name: str
    role: Role
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A program's access in the place of `signin`; what it shows is kept as a hash alone. `until` None: no end."""

    id: int
    signin: int
    name: str
    scopes: frozenset[Scope]
    created: datetime
    used: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. `used` is written at most once a minute."""

    signin: int
    created: datetime
    used: datetime
    until: datetime
    agent: str = ""
