"""What people have decided (users, codes, the organisation), kept in memory while the store says that it is unchanged.

Every reading of every mailbox needs it; taking thousands of users from the database each time would be most of the
work. Codes and the organisation are kept by themselves as well: pages need no more, and users change all the time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from gateway.domain.user import Extension, User
from gateway.planning.conference.meetings import People, people_of
from gateway.planning.rules import Rules
from gateway.store import codes, organisation, users
from gateway.store.revisions import revisions_of
from gateway.store.rows import Rows

HOUSE = ("codes", "organisation")
NOUNS = ("users", *HOUSE)

TakesPart = Callable[[User], bool]  # whether somebody takes part at all: `takes_part` in a pilot group


def takes_part(pilot: Collection[Extension], user: User) -> bool:
    """Say whether `user` is of the pilot group; without one everybody takes part."""
    return not pilot or any(place in pilot for place in user.places)


@dataclass(frozen=True, slots=True)
class Decisions:
    """`users` by id, those who are disabled too; `people` are theirs by address, `owners` they by each number."""

    users: Mapping[int, User]
    rules: Rules
    people: People
    owners: Mapping[Extension, User]


class Decided:
    """Asks for revisions in the reader's own transaction, so what it returns belongs to the reader's other rows."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[int | None, ...], Decisions] | None = None
        self._house: tuple[tuple[int | None, ...], Rules] | None = None

    async def now(self, rows: Rows) -> Decisions:
        """Return what is decided, as `rows` sees it."""
        mine = await revisions_of(rows.connection, NOUNS)
        if self._kept is None or self._kept[0] != mine:
            everybody = await users.every(rows)
            users_by_id = {user.id: user for user in everybody}
            owners = {place: user for user in everybody for place in user.places}
            self._kept = mine, Decisions(users_by_id, await _rules(rows, everybody), people_of(everybody), owners)
        return self._kept[1]

    async def house(self, rows: Rows) -> Rules:
        """Return codes and the organisation, as `rows` sees them, without users: `Rules.extensions` is empty."""
        mine = await revisions_of(rows.connection, HOUSE)
        if self._house is None or self._house[0] != mine:
            self._house = mine, await _rules(rows, ())
        return self._house[1]


async def rules_of(rows: Rows) -> Rules:
    """Return what the organisation has decided, read this once."""
    return await _rules(rows, await users.every(rows))


async def _rules(rows: Rows, everybody: Iterable[User]) -> Rules:
    return Rules(
        organisation=await organisation.get(rows),
        codes=await codes.every(rows),
        extensions=frozenset(place for user in everybody for place in user.places),
    )
