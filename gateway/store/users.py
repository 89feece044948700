"""Users: people, their numbers and their addresses. No number and no address belongs to two, no number to a room.

All that is written of a user is read as one text (JSON). Who has the same text as before is the same: of thousands,
only those who have changed are made anew.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    ScalarSelect,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from gateway.domain.user import Extension, User
from gateway.errors import Refused
from gateway.store import mailboxes, rooms, tables
from gateway.store.rows import Rows
from gateway.store.written import hours_in, hours_out

AT_ONCE = 500  # values in one statement; users who are made without a pause: a few milliseconds' work
COLUMN = tables.users.c

T = TypeVar("T")


def _own(value: Column[str], position: Column[int], owner: Column[int]) -> ScalarSelect[str]:
    """Return what a user has several of, each with its place in the order."""
    each = func.json_array(position, value)
    return select(func.json_group_array(each)).where(owner == COLUMN.id).scalar_subquery()


def _as_json(column: Column[Any]) -> ColumnElement[str]:
    return func.json(type_coerce(column, String))


_NUMBER, _EMAIL = tables.numbers.c, tables.emails.c
_TEXTS = select(
    func.json_array(
        COLUMN.id,
        _own(_NUMBER.number, _NUMBER.position, _NUMBER.user),
        _own(_EMAIL.email, _EMAIL.position, _EMAIL.user),
        COLUMN.zone,
        COLUMN.language,
        COLUMN.name,
        COLUMN.pbx,
        _as_json(COLUMN.hours),
        COLUMN.operator,
        COLUMN.enabled,
        _as_json(COLUMN.through),
    ).label("text")
)
# In one piece: thousands of rows are work for the loop, a line of a text is none. JSON has no line breaks of its own.
_IN_LINES = select(func.group_concat(_TEXTS.subquery().c.text, "\n"))


async def every(rows: Rows) -> tuple[User, ...]:
    """Return all users, by extension; who has not changed since they were last asked for is the same object."""
    lines, found = (await rows.run(_IN_LINES)).scalar() or "", dict[str, User]()
    for part in _parts(lines.split("\n") if lines else []):
        found |= {text: rows.known.get(text) or _user(text) for text in part}
        await asyncio.sleep(0)
    rows.known.clear()
    rows.known.update(found)
    return _in_order(found.values())


async def get(rows: Rows, user: int) -> User | None:
    """Return the user with this id."""
    return (await some(rows, (user,))).get(user)


async def some(rows: Rows, wanted: Collection[int]) -> dict[int, User]:
    """Return the users with these ids, by id; who is gone is not among them."""
    if not wanted:
        return {}
    texts = (await rows.run(_TEXTS.where(COLUMN.id.in_(wanted)))).scalars()
    return {user.id: user for user in _in_order(map(_user, texts))}


async def ids(rows: Rows) -> tuple[int, ...]:
    """Return the ids of all users."""
    return tuple(row["id"] for row in await rows.all(select(tables.users.c.id)))


async def by_extension(rows: Rows, extension: Extension) -> User | None:
    """Return the user whom this number belongs to, be it the extension or one of the further phones."""
    row = await rows.first(select(tables.numbers.c.user).where(tables.numbers.c.number == extension))
    return await get(rows, row["user"]) if row else None


async def begins_so(rows: Rows, local: str, besides: int) -> bool:
    """Say whether somebody besides this user has an address that begins with `local` and an @."""
    email, start = tables.emails.c, f"{local.lower()}@"
    same = func.substr(email.email, 1, len(start)) == start
    return await rows.first(select(email.email).where(email.user != besides, same).limit(1)) is not None


async def add(rows: Rows, user: User) -> User:
    """Add a user and return it with the id that it got; the id it came with is not looked at.

    Raises `Refused` when a number or an address belongs to somebody else, or a number to a room.
    """
    return (await add_every(rows, (user,)))[0]


async def add_every(rows: Rows, some: Iterable[User]) -> tuple[User, ...]:
    """Add users, like `add`."""
    new = tuple(some)
    await _free(rows, new)
    if new:
        columns = [_columns(user) for user in new]
        given = insert(tables.users).returning(tables.users.c.id, sort_by_parameter_order=True)
        ids = (await rows.run(given, columns)).scalars().all()
        new = tuple(replace(user, id=given) for user, given in zip(new, ids, strict=True))
        await _spread(rows, new)
    await mailboxes.reread_refused(rows)
    await mailboxes.reread_asking(rows, (), {email for user in new for email in user.emails})
    rows.touch("users")
    return new


async def put(rows: Rows, user: User) -> None:
    """Change a user. What decides how a calendar is read lets it be read anew. Raises `Refused` like `add`."""
    await put_every(rows, (user,))


async def put_every(rows: Rows, wanted: Collection[User]) -> None:
    """Change users, like `put`, many at a time: those that change may take over each other's numbers and addresses."""
    known = await some(rows, [user.id for user in wanted])
    for user in wanted:
        if user.id not in known:
            raise Refused(f"there is no user {user.id}", "ringplan users list names them")
    changed = [(known[user.id], user) for user in wanted if known[user.id] != user]
    if not changed:
        return
    after = [user for _, user in changed]
    own = {user.id for user in after}
    await _free(rows, after, own)
    anew = update(tables.users).where(tables.users.c.id == bindparam("whose"))
    await rows.run(anew, [{"whose": user.id, **_columns(user)} for user in after])
    for part in _parts(sorted(own)):
        await rows.run(delete(tables.numbers).where(tables.numbers.c.user.in_(part)))
        await rows.run(delete(tables.emails).where(tables.emails.c.user.in_(part)))
    await _spread(rows, after)
    for user in after:
        await mailboxes.reread(rows, user.id)
    await _reread_others(rows, changed)
    rows.touch("users")


async def _reread_others(rows: Rows, changed: Collection[tuple[User, User]]) -> None:
    """Let calendars be read anew in which these users, as they were or as they are, may be meant."""
    moved = [(before, user) for before, user in changed if before.places != user.places]
    asked = [two for two in changed if (two[0].emails, two[0].enabled) != (two[1].emails, two[1].enabled)]
    if moved or asked:
        await mailboxes.reread_refused(rows)
    gone = {place for before, user in moved for place in set(before.places) - set(user.places)}
    for part in _parts(sorted(gone)):
        await mailboxes.reread_towards(rows, part)
    if asked:
        addresses = {email for two in asked for one in two for email in one.emails}
        await mailboxes.reread_asking(rows, {user.id for _, user in asked}, addresses)


async def remove(rows: Rows, user: int) -> bool:
    """Remove a user with all that belongs to them: mailboxes, diversions, meetings, absence, contacts, devices, own
    accounts.

    Their rooms go to the pool (`rooms.release`); a conference that they have planned has its own end.
    """
    before = await get(rows, user)
    if before is None:
        return False
    await mailboxes.reread_towards(rows, before.places)
    await mailboxes.reread_asking(rows, {user}, before.emails)
    await rooms.release(rows, user)
    own = select(tables.mailboxes.c.account).where(tables.mailboxes.c.user == user)
    others = select(tables.mailboxes.c.account).where(tables.mailboxes.c.user != user)
    account = tables.accounts.c
    await rows.run(delete(tables.accounts).where(~account.service, account.id.in_(own), account.id.not_in(others)))
    await rows.run(delete(tables.users).where(tables.users.c.id == user))
    rows.touch("users", "absences", "mailboxes", "diversions", "meetings", "accounts", "wishes")
    rows.touch("books", "contacts", "devices", "signins", "claims")
    rows.removed = True
    return True


def _in_order(some: Iterable[User]) -> tuple[User, ...]:
    return tuple(sorted(some, key=lambda one: (len(one.extension), one.extension)))


def _user(text: str) -> User:
    """Read one of `_TEXTS`."""
    user, numbers, emails, zone, language, name, pbx, hours, operator, enabled, through = json.loads(text)
    extension, *phones = [number for _, number in sorted(numbers)]
    return User(
        id=user,
        extension=extension,
        emails=tuple([email for _, email in sorted(emails)]),
        zone=ZoneInfo(zone),
        language=language,
        name=name,
        pbx=pbx,
        phones=tuple(phones),
        hours=None if hours is None else hours_in(hours),
        operator=operator,
        enabled=bool(enabled),
        through=tuple(through),
    )


def _columns(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "zone": user.zone.key,
        "language": user.language,
        "pbx": user.pbx,
        "hours": None if user.hours is None else hours_out(user.hours),
        "operator": user.operator,
        "enabled": user.enabled,
        "through": list(user.through),
    }


async def _spread(rows: Rows, some: Collection[User]) -> None:
    numbers = [
        {"number": number, "user": user.id, "position": at} for user in some for at, number in enumerate(user.places)
    ]
    emails = [
        {"email": email.lower(), "user": user.id, "position": at}
        for user in some
        for at, email in enumerate(user.emails)
    ]
    await rows.run(insert(tables.numbers), numbers)
    if emails:
        await rows.run(insert(tables.emails), emails)


async def _free(rows: Rows, some: Collection[User], own: Collection[int] = ()) -> None:
    """Raise `Refused` when something that must be one person's own is another's; `own` are who may have it already."""
    number, email = tables.numbers.c, tables.emails.c
    twice_number, taken_number = "the number {value} is given twice", "the number {value} already belongs to a user"
    twice_email, taken_email = "the address {value} is given twice", "the address {value} already belongs to a user"
    places = [place for user in some for place in user.places]
    emails = [one.lower() for user in some for one in user.emails]
    for field, given, column, owner, twice, taken in (
        ("extension", places, number.number, number.user, twice_number, taken_number),
        ("email", emails, email.email, email.user, twice_email, taken_email),
    ):
        same = [one for one, count in Counter(given).items() if count > 1]
        if same:
            raise Refused(twice, "give it once", field=field, value=min(same))
        for part in _parts(given):
            found = select(column.label("value"), owner.label("owner")).where(column.in_(part)).order_by(column)
            others = [row["value"] for row in await rows.all(found) if row["owner"] not in own]
            if others:
                raise Refused(taken, "ringplan users list shows whom; choose another", field=field, value=others[0])
    room, all_places = tables.rooms.c.number, set(places)
    for row in await rows.all(select(room).order_by(room)):
        if row["number"] in all_places:
            said = "the number {value} is a room's, for conferences"
            raise Refused(said, "choose another", field="extension", value=row["number"])


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[at : at + AT_ONCE] for at in range(0, len(values), AT_ONCE))
