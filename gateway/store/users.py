"""Users: people, their numbers and their addresses. No number and no address belongs to two, no number to a room."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, bindparam, delete, func, insert, select, update

from gateway.domain.user import Extension, User
from gateway.errors import Refused
from gateway.store import mailboxes, rooms, tables
from gateway.store.rows import Rows
from gateway.store.written import hours_in, hours_out

AT_ONCE = 500  # values in one statement

T = TypeVar("T")


async def every(rows: Rows) -> tuple[User, ...]:
    """Return all users, by extension."""
    return await _read(rows)


async def get(rows: Rows, user: int) -> User | None:
    """Return the user with this id."""
    return (await some(rows, (user,))).get(user)


async def some(rows: Rows, wanted: Collection[int]) -> dict[int, User]:
    """Return the users with these ids, by id; who is gone is not among them."""
    return {user.id: user for user in await _read(rows, wanted)} if wanted else {}


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


async def _read(rows: Rows, ids: Collection[int] | None = None) -> tuple[User, ...]:
    def chosen(column: ColumnElement[int]) -> ColumnElement[bool]:
        return column.in_(ids) if ids is not None else column.is_not(None)

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
        through=tuple(row["through"]),
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
