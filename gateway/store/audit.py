"""Who did what to which row: for administrators, without contents, and for ninety days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, and_, delete, func, insert, select

from gateway.store import entrance, tables
from gateway.store.rows import Rows

COLUMN = entrance.audit.c
NUMBER = tables.numbers.c
SIGNIN = entrance.signins.c
USER = tables.users.c
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Entry:
    """`who`: "signin 3", "token 7", "command" or "nobody"; `did`: "password changed"; `about`: "user 12", or ""."""

    id: int
    at: datetime
    who: str
    did: str
    about: str


async def note(rows: Rows, now: datetime, who: str, did: str, about: str = "") -> None:
    """Write what somebody did. None of the texts may hold anything that was typed."""
    await rows.run(insert(entrance.audit).values(at=now, who=who, did=did, about=about))
    rows.touch("audit")


async def note_each(rows: Rows, now: datetime, who: str, did: str, about: Iterable[str]) -> None:
    """Write what somebody did to each of these, like `note`."""
    some = [{"at": now, "who": who, "did": did, "about": one} for one in about]
    if some:
        await rows.run(insert(entrance.audit), some)
        rows.touch("audit")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are wanted; "" is any. `before`: those older than the one with this id, None: from the newest."""

    who: str = ""
    did: str = ""
    about: str = ""
    before: int | None = None


async def latest(rows: Rows, many: int, asked: Asked = Asked()) -> Sequence[Entry]:
    """Return the last entries, the newest first."""
    wanted = select(entrance.audit).order_by(COLUMN.id.desc()).limit(many)
    for column, value in ((COLUMN.who, asked.who), (COLUMN.did, asked.did), (COLUMN.about, asked.about)):
        wanted = wanted.where(column == value) if value else wanted
    found = await rows.all(wanted if asked.before is None else wanted.where(COLUMN.id < asked.before))
    return [Entry(row["id"], row["at"], row["who"], row["did"], row["about"]) for row in found]


async def done(rows: Rows) -> Sequence[str]:
    """Return what is done at all, each once, by the alphabet."""
    found = await rows.all(select(COLUMN.did).distinct().order_by(COLUMN.did))
    return [row["did"] for row in found]


async def names(rows: Rows, entries: Iterable[Entry]) -> Mapping[str, str]:
    """Return who is behind "signin 3", "token 7" and "user 12" in entries, as "1001 Anna Berg", but for who is gone."""
    told = {one for entry in entries for one in (entry.who, entry.about)}
    ids: dict[str, set[int]] = {"user": set(), "signin": set(), "token": set()}
    for kind, _, number in (one.partition(" ") for one in told):
        if kind in ids and number.isdecimal():
            ids[kind].add(int(number))
    mine = and_(NUMBER.user == USER.id, NUMBER.position == 0)
    person = select(USER.id, NUMBER.number, USER.name).join(tables.numbers, mine)
    entered = (
        select(SIGNIN.id, SIGNIN.name.label("login"), NUMBER.number, USER.name)
        .outerjoin(tables.users, USER.id == SIGNIN.user)
        .outerjoin(tables.numbers, mine)
    )
    token = entrance.tokens.c
    by_token = entered.join(entrance.tokens, token.signin == SIGNIN.id).add_columns(token.id.label("token"))
    found = {}
    for row in await rows.all(person.where(USER.id.in_(ids["user"]))):
        found[f"user {row['id']}"] = _called(row)
    for row in await rows.all(entered.where(SIGNIN.id.in_(ids["signin"]))):
        found[f"signin {row['id']}"] = row["login"] or _called(row)
    for row in await rows.all(by_token.where(token.id.in_(ids["token"]))):
        found[f"token {row['token']}"] = row["login"] or _called(row)
    return found


async def many(rows: Rows, did: str, about: str, since: datetime) -> int:
    """Return how often this was done to it since then."""
    same = (COLUMN.did == did, COLUMN.about == about, COLUMN.at > since)
    row = await rows.first(select(func.count().label("many")).where(*same))
    return row["many"] if row else 0


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove what is older than it is kept."""
    return await rows.remove(delete(entrance.audit).where(COLUMN.at <= now - KEPT), "audit")


def _called(row: RowMapping) -> str:
    return f"{row['number']} {row['name']}".strip()
