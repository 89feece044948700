"""A made-up company of 5,000 people in a store, for the bench of the portal: everybody has an account of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

from sqlalchemy import insert

from gateway.domain.book import Book, ContactChanges
from gateway.domain.conference import Conference, Participant, RoomOf
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.domain.user import Organisation, User
from gateway.store import (
    absences,
    accounts,
    books,
    conferences,
    contacts,
    devices,
    entrance,
    mailboxes,
    organisation,
    rooms,
    signins,
    tables,
    users,
)
from gateway.store.rows import Rows
from gateway.store.store import Store
from tests.bench.directory_world import NUMBERING, ZONE, person

USERS, AWAY, BY_HAND_NOW = 5_000, 1_500, 300  # of those who are away so many by hand
EACH = 5  # diversions of each user
CONFERENCES, ASKED = 300, 6
TELEPHONES = 2_000
OWN, COMPANY = 18, 10_000  # contacts: 100,000 together
NOTED = 5_000  # entries of the audit log
AT_ONCE = 250  # users whose contacts are written in one transaction
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODES = ("meeting", "trip", "lunch", "gone_for_the_day", "sick_child")
WHO = (
    f"{USERS} users with own accounts, {AWAY} away, {USERS * EACH} diversions, {CONFERENCES} conferences, "
    f"{TELEPHONES} telephones, {USERS * OWN + COMPANY} contacts"
)


@dataclass(frozen=True, slots=True)
class Company:
    """`people` in the order of their numbers; the first are a user, an operator and an administrator, by role.

    `service`: the account that reads the company's contacts. `conference`: the name of one that the first has.
    """

    people: tuple[User, ...]
    roles: dict[Role, int]
    service: int
    conference: str


async def filled(store: Store, hashed: str) -> Company:
    """Fill a new store; `hashed` is what is kept of everybody's password."""
    random, now = Random(17), datetime.now(UTC).replace(microsecond=0)
    async with store.write() as rows:
        hours = WorkingHours(country="SE")
        await organisation.put(rows, Organisation(ZONE, hours=hours, numbering=NUMBERING, operator="20001"))
        people = await users.add_every(rows, [_user(at, random) for at in range(USERS)])
        service = await accounts.add(rows, Account(0, "office", "reader", Secret("x"), service=True))
        own = [await accounts.add(rows, Account(0, "office", user.emails[0], Secret("x"))) for user in people]
        boxes = [
            Mailbox(0, user.id, account.id, user.emails[0], frozenset(), ZONE, "/home/")
            for user, account in zip(people, own, strict=True)
        ]
        await mailboxes.add_every(rows, boxes)
        roles = await _signed_up(rows, people, hashed)
    await _absent(store, people, now)
    async with store.write() as rows:
        conference = await _conferences(rows, people, random, now)
        await _telephones(rows, people)
        await _running(rows, own, now)
        noted = {"at": now, "who": f"signin {roles[Role.ADMINISTRATOR]}", "did": "user changed"}
        await rows.run(insert(entrance.audit), [noted | {"about": f"user {user.id}"} for user in people[:NOTED]])
    await _contacts(store, people, service.id, random, now)
    return Company(people, roles, service.id, conference)


def _user(at: int, random: Random) -> User:
    return User(0, str(20_000 + at), (f"u{at}@example.com",), ZONE, "sv", person(random, at).name)


async def _signed_up(rows: Rows, people: tuple[User, ...], hashed: str) -> dict[Role, int]:
    found = {role: await signins.add(rows, user.id, role=role) for role, user in zip(Role, people, strict=False)}
    for signin in found.values():
        await signins.put_hash(rows, signin.id, hashed)
    others = [{"user": user.id, "role": int(Role.USER), "hash": hashed} for user in people[len(Role) :]]
    await rows.run(insert(entrance.signins), others)
    return {role: signin.id for role, signin in found.items()}


async def _absent(store: Store, people: tuple[User, ...], now: datetime) -> None:
    """Let some be away now, the others later; everybody's are spread over the days to come."""
    async with store.write() as rows:
        boxes = {box.user: box.id for box in await mailboxes.every(rows)}
        values = []
        for number, user in enumerate(people):
            for at in range(EACH):
                start = now - HOUR if number < AWAY - BY_HAND_NOW and not at else now + (at + 1) * DAY
                columns = {"mailbox": boxes[user.id], "user": user.id, "key": f"{at:032x}", "diverts": True}
                columns |= {"code": CODES[at % len(CODES)], "start": start, "end": start + 2 * HOUR}
                values.append(columns | {"text": "Styrgrupp i Kiruna", "found": now})
        await rows.run(insert(tables.diversions), values)
        for user in people[AWAY - BY_HAND_NOW : AWAY]:
            await absences.put(rows, Diversion(user.id, BY_HAND, "trip", now - HOUR, now + 8 * HOUR, by_hand=True))
        await mailboxes.unchanged(rows, list(boxes.values()), now)
        rows.touch("diversions")


async def _conferences(rows: Rows, people: tuple[User, ...], random: Random, now: datetime) -> str:
    for number in range(50):
        await rooms.put(rows, RoomOf(str(80_000 + number)))
    await rooms.put(rows, RoomOf("80900", owner=people[0].id, pin="2468"))
    planned = []
    for number in range(CONFERENCES):
        organiser = people[0] if number < 3 else random.choice(people)
        asked = {user.id: user for user in (organiser, people[1], *random.sample(people, ASKED - 2))}
        key = sha256(str(number).encode()).hexdigest()[:32]
        participants = tuple(Participant(one.emails[0], one.id) for one in asked.values())
        start = now + number % 50 * HOUR
        room = str(80_000 + number % 50)
        planned.append(
            Conference(
                key, key[::-1], key, organiser.id, "main", room, start, start + HOUR, start - HOUR / 4,
                start + 2 * HOUR, True, "Styrgrupp", participants,
            )
        )  # fmt: skip
    await conferences.keep(rows, planned)
    return planned[0].name


async def _telephones(rows: Rows, people: tuple[User, ...]) -> None:
    for number in range(TELEPHONES):
        await devices.add(rows, people[number].id, f"{number:012x}", "yealink")


async def _running(rows: Rows, own: list[Account], now: datetime) -> None:
    names = ("gateway", "pbx:main", "directory", "web", *(f"account:{account.id}" for account in own))
    well = {"ok": True, "since": now, "beat": now + DAY, "said": "", "remedy": "", "facts": {}}
    await rows.run(insert(tables.health), [well | {"name": name} for name in names])
    rows.touch("health")


async def _contacts(store: Store, people: tuple[User, ...], service: int, random: Random, now: datetime) -> None:
    number = iter(range(10**9))
    async with store.write() as rows:
        company = await books.add(rows, Book(0, service, "company@example.com", name="company"))
        everybodys = tuple(person(random, next(number)) for _ in range(COMPANY))
        await contacts.apply(rows, company.id, ContactChanges(everybodys), day=now.date(), epoch=0, now=now)
        beside = {book.owner: book.id for book in await books.every(rows)}
    for first in range(0, len(people), AT_ONCE):
        async with store.write() as rows:
            for user in people[first : first + AT_ONCE]:
                own = ContactChanges(tuple(person(random, next(number)) for _ in range(OWN)))
                await contacts.apply(rows, beside[user.id], own, day=now.date(), epoch=0, now=now)
