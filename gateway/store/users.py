"""Users: people, their numbers and their addresses. No number and no address belongs to two of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update

from gateway.domain.user import Extension, User
from gateway.errors import Refused
from gateway.store import mailboxes, tables
from gateway.store.rows import Rows
from gateway.store.written import hours_in, hours_out


async def every(rows: Rows) -> tuple[User, ...]:
    """Return all users, by extension."""
    return await _read(rows)


async def get(rows: Rows, user: int) -> User | None:
    """Return the user with this id."""
    found = await _read(rows, user)
    return found[0] if found else None


async def by_extension(rows: Rows, extension: Extension) -> User | None:
    """Return the user whom this number belongs to, be it the extension or one of the further phones."""
    row = await rows.first(select(tables.numbers.c.user).where(tables.numbers.c.number == extension))
    return await get(rows, row["user"]) if row else None


async def add(rows: Rows, user: User) -> User:
    """Add a user and return it with the id that it got; the id it came with is not looked at.

    Raises `Refused` when a number or an address belongs to somebody else.
    """
    return (await add_every(rows, (user,)))[0]


async def add_every(rows: Rows, some: Iterable[User]) -> tuple[User, ...]:
    """Add users, like `add`."""
    added = []
    for user in some:
        await _free(rows, user, None)
        new = await rows.insert(insert(tables.users).values(_columns(user)))
        added.append(replace(user, id=new))
        await _spread(rows, added[-1])
    await mailboxes.reread_refused(rows)
    rows.touch("users")
    return tuple(added)


async def put(rows: Rows, user: User) -> None:
    """Change a user. What decides how a calendar is read lets it be read anew. Raises `Refused` like `add`."""
    before = await get(rows, user.id)
    if before is None:
        raise Refused(f"there is no user {user.id}", "ringplan users list names them")
    if before == user:
        return
    await _free(rows, user, user.id)
    await rows.run(update(tables.users).where(tables.users.c.id == user.id).values(_columns(user)))
    await rows.run(delete(tables.numbers).where(tables.numbers.c.user == user.id))
    await rows.run(delete(tables.emails).where(tables.emails.c.user == user.id))
    await _spread(rows, user)
    await mailboxes.reread(rows, user.id)
    if before.places != user.places:
        await mailboxes.reread_refused(rows)
        await mailboxes.reread_towards(rows, set(before.places) - set(user.places))
    rows.touch("users")


async def remove(rows: Rows, user: int) -> bool:
    """Remove a user with all that belongs to them: mailboxes, diversions, own accounts."""
    before = await get(rows, user)
    if before is None:
        return False
    await mailboxes.reread_towards(rows, before.places)
    own = select(tables.mailboxes.c.account).where(tables.mailboxes.c.user == user)
    others = select(tables.mailboxes.c.account).where(tables.mailboxes.c.user != user)
    account = tables.accounts.c
    await rows.run(delete(tables.accounts).where(~account.service, account.id.in_(own), account.id.not_in(others)))
    await rows.run(delete(tables.users).where(tables.users.c.id == user))
    rows.touch("users", "mailboxes", "diversions", "accounts", "wishes")
    rows.removed = True
    return True


async def _read(rows: Rows, user: int | None = None) -> tuple[User, ...]:
    def chosen(column: ColumnElement[int]) -> ColumnElement[bool]:
        return column == user if user is not None else column.is_not(None)

    numbers: defaultdict[int, list[str]] = defaultdict(list)
    emails: defaultdict[int, list[str]] = defaultdict(list)
    number, email = tables.numbers.c, tables.emails.c
    for row in await rows.all(select(tables.numbers).where(chosen(number.user)).order_by(number.position)):
        numbers[row["user"]].append(row["number"])
    for row in await rows.all(select(tables.emails).where(chosen(email.user)).order_by(email.position)):
        emails[row["user"]].append(row["email"])
    found = await rows.all(select(tables.users).where(chosen(tables.users.c.id)))
    made = (_user(row, numbers[row["id"]], emails[row["id"]]) for row in found)
    return tuple(sorted(made, key=lambda one: (len(one.extension), one.extension)))


def _user(row: RowMapping, numbers: Sequence[str], emails: Sequence[str]) -> User:
    return User(
        id=row["id"],
        extension=numbers[0],
        emails=tuple(emails),
        zone=ZoneInfo(row["zone"]),
        language=row["language"],
        name=row["name"],
        pbx=row["pbx"],
        phones=tuple(numbers[1:]),
        hours=None if row["hours"] is None else hours_in(row["hours"]),
        operator=row["operator"],
        enabled=row["enabled"],
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
    }


async def _spread(rows: Rows, user: User) -> None:
    numbers = [{"number": number, "user": user.id, "position": at} for at, number in enumerate(user.places)]
    emails = [{"email": email.lower(), "user": user.id, "position": at} for at, email in enumerate(user.emails)]
    await rows.run(insert(tables.numbers), numbers)
    if emails:
        await rows.run(insert(tables.emails), emails)


async def _free(rows: Rows, user: User, own: int | None) -> None:
    """Raise `Refused` when something that must be one person's own is another's."""
    addresses = [email.lower() for email in user.emails]
    for kind, given in (("number", list(user.places)), ("address", addresses)):
        if twice := sorted({one for one in given if given.count(one) > 1}):
            raise Refused(f"the {kind} {twice[0]} is given twice", "give it once")
    number, email = tables.numbers.c, tables.emails.c
    taken = await _taken(rows, number.number, number.user, user.places, own)
    if taken:
        raise Refused(f"the number {taken} already belongs to a user", "ringplan users list shows whom; choose another")
    taken = await _taken(rows, email.email, email.user, addresses, own)
    if taken:
        raise Refused(f"the address {taken} already belongs to a user", "ringplan users list shows whom; give another")


async def _taken(
    rows: Rows, column: ColumnElement[str], owner: ColumnElement[int], values: Collection[str], own: int | None
) -> str | None:
    query = select(column.label("value")).where(column.in_(values))
    if own is not None:
        query = query.where(owner != own)
    row = await rows.first(query.order_by(column))
    return str(row["value"]) if row else None
