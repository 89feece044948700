"""A portal with people in it, served on a free port of this process: for tests in a browser, pictures and measuring.

Nobody in it exists. It has no PBX and no calendar server: what those would have brought is put into the store.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.deciding import passwords
from gateway.deciding.installation import Installation, Reach, SourceAt
from gateway.directory.directory import Directory
from gateway.directory.settings import DirectorySettings, Listening
from gateway.domain.book import Book, ContactChanges
from gateway.domain.conference import (
    Attempt,
    Attendance,
    CallState,
    Conference,
    LeftOut,
    Participant,
    Result,
    RoomOf,
    Why,
)
from gateway.domain.contact import Contact, Kind, Numbering, PhoneNumber
from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.signin import Role, Scope
from gateway.domain.user import Organisation, User
from gateway.engine.clock import WallClock
from gateway.errors import Unreachable
from gateway.planning.handsets import Listener
from gateway.planning.numbers import keyed
from gateway.ports import Clock
from gateway.store import (
    absences,
    accounts,
    attendances,
    audit,
    books,
    calls,
    conferences,
    contacts,
    devices,
    diversions,
    health,
    mailboxes,
    organisation,
    rooms,
    signins,
    tokens,
    users,
)
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web.pages.told import as_told
from gateway.web.portal import Portal
from gateway.web.security.csrf import Seal
from gateway.web.server import listening
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from peers import ports

ZONE = ZoneInfo("Europe/Stockholm")
HOUR = timedelta(hours=1)
PASSWORD = "four quiet words here"  # noqa: S105 - nobody's
EIGHT_TO_FIVE = ((time(8), time(17)),)
WEEK = WorkingHours(dict.fromkeys(range(5), EIGHT_TO_FIVE), "SE")
NUMBERING = Numbering(country="SE", area="8", outside="0", extension=4)
PEOPLE = (
    ("1001", "Anna Berg", Role.USER),
    ("1002", "Otto Ek", Role.OPERATOR),
    ("1003", "Ada Fors", Role.ADMINISTRATOR),
    ("1004", "Bertil Ås", Role.USER),
    ("1005", "Cecilia Öst", Role.USER),
    ("1006", "David Lind", Role.USER),
    ("1007", "Eva Malm", Role.USER),
    ("1008", "Filip Nord", Role.USER),
)
CONTACTS = (
    ("Karin Ångström", "Papp AB", "08-123 456 78", "070-123 45 67"),
    ("Lars Öberg", "Öberg & Söner", "08-555 01 20", ""),
    ("Maja Wik", "Wik Redovisning", "", "073-987 65 43"),
    ("Nils Dahl", "Dahls Bygg", "031-700 10 20", "070-700 10 20"),
    ("Petra Sandin", "Kommunen", "08-508 00 00", ""),
)


@dataclass(frozen=True, slots=True)
class Served:
    """`place` is its address; `users` by extension. Everybody signs in with their extension and `PASSWORD`."""

    place: str
    portal: Portal
    users: dict[str, User]


@asynccontextmanager
async def served(folder: Path, *, language: str = "en", clock: Clock | None = None) -> AsyncIterator[Served]:
    """Serve a portal whose store lies in the new or empty `folder`; `clock` None: the time of this machine."""
    clock = clock or WallClock()
    folder.mkdir(parents=True, exist_ok=True)
    port = ports.free()
    place = f"http://127.0.0.1:{port}"
    listen = Listening(DirectorySettings(host="pbx.example.org"), {})
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
        directory = Directory(listen, store)
        known = await _filled(store, language, clock.now().replace(microsecond=0))
        web = WebSettings(port=port, url=place)
        portal = Portal(
            store=store,
            settings=web,
            installation=Installation(
                pbxs=("main",),
                sources={"office": SourceAt("caldav"), "exchange": SourceAt("exchange", addressed=False)},
                directory=Reach("pbx.example.org", "dc=contacts", (Listener("192.0.2.10", 636, "ldaps"),)),
                sends_mail=True,
                portal=place,
            ),
            clock=clock,
            texts=Texts(),
            seal=Seal(),
            name_of=directory.name_of,
            search=directory.search,
            told=as_told({"web": web, "directory": listen.directory}),
            file="/etc/ringplan/ringplan.toml",
            read=clock.now(),
        )
        indexed = asyncio.Event()

        async def well() -> None:
            indexed.set()

        following = asyncio.create_task(directory.follow(well), name="directory")
        try:
            async with listening(portal):
                await indexed.wait()
                yield Served(place, portal, known)
        finally:
            following.cancel()
            await asyncio.wait((following,))


async def _filled(store: Store, language: str, now: datetime) -> dict[str, User]:
    hashed = await asyncio.to_thread(passwords.kept, Secret(PASSWORD))
    async with store.write() as rows:
        ours = Organisation(ZONE, hours=WEEK, operator="1002", numbering=NUMBERING, dial_in={"sv": "+46 8 500 100"})
        await organisation.put(rows, ours)
        known = {number: await _person(rows, number, name, role, language, hashed) for number, name, role in PEOPLE}
        account = await accounts.add(rows, Account(0, "office", "reader@example.org", Secret("x"), service=True))
        boxes = {}
        for user in known.values():
            box = Mailbox(0, user.id, account.id, user.emails[0], frozenset(), ZONE)
            boxes[user.extension] = await mailboxes.add(rows, box)
        await _absent(rows, known, boxes, now)
        await _conferences(rows, known, now)
        await _contacts(rows, known, account, now)
        await _telephones(rows, known, now)
        await _running(rows, account, boxes, now)
    return known


async def _person(rows: Rows, extension: str, name: str, role: Role, language: str, hashed: str) -> User:
    address = f"{name.split()[0].lower()}@example.org"
    user = await users.add(rows, User(0, extension, (address,), ZONE, language, name))
    signin = await signins.add(rows, user.id, role=role)
    await signins.put_hash(rows, signin.id, hashed)
    return user


async def _absent(rows: Rows, known: dict[str, User], boxes: dict[str, Mailbox], now: datetime) -> None:
    planned: dict[str, list[tuple[str, timedelta, timedelta, str | None]]] = {
        "1001": [("meeting", -HOUR / 2, HOUR * 2, "Styrgrupp"), ("lunch", HOUR * 26, HOUR * 27, None)],
        "1004": [("trip", -HOUR * 5, HOUR * 30, "Göteborg")],
        "1005": [("sick_child", -HOUR * 3, HOUR * 6, None)],
        "1006": [("lunch", HOUR, HOUR * 2, None)],
    }
    for extension, some in planned.items():
        user = known[extension]
        found = [
            Diversion(user.id, f"{extension}{number}", code, now + begins, now + ends, text=text)
            for number, (code, begins, ends, text) in enumerate(some)
        ]
        await diversions.replace(rows, boxes[extension].id, found, now)
    by_hand = Diversion(known["1007"].id, BY_HAND, "gone_for_the_day", now - HOUR, now + HOUR * 4, by_hand=True)
    await absences.put(rows, by_hand)


async def _conferences(rows: Rows, known: dict[str, User], now: datetime) -> None:
    anna, bertil, cecilia, ada = (known[number] for number in ("1001", "1004", "1005", "1003"))
    await rooms.put(rows, RoomOf("8001", owner=anna.id, pin="2468"))
    for number in ("8090", "8091", "8092"):
        await rooms.put(rows, RoomOf(number))
    asked = (
        Participant(anna.emails[0], anna.id),
        Participant(bertil.emails[0], bertil.id),
        Participant(cecilia.emails[0], cecilia.id),
        Participant(ada.emails[0], ada.id),
        Participant("guest@example.net", None, "0046850050"),
    )
    running = Conference(
        "a" * 32, "b" * 32, "5" * 32, anna.id, "main", "8001", now - HOUR / 4, now + HOUR, now - HOUR / 2,
        now + HOUR * 2, True, "Styrgrupp", asked,
        (LeftOut("list@example.org", Why.GROUP), LeftOut("who@example.net", Why.UNKNOWN)),
    )  # fmt: skip
    later = replace(
        running, key="c" * 32, meeting="d" * 32, start=now + HOUR * 25, end=now + HOUR * 26,
        opens=now + HOUR * 25 - HOUR / 4, closes=now + HOUR * 27, autocall=False, subject="Budget", left_out=(),
    )  # fmt: skip
    await conferences.keep(rows, (running, later))
    await attendances.came(rows, Attendance(running.key, "PJSIP/1001-1", f"user:{anna.id}", now - HOUR / 4))
    called = Attempt("1" * 32, running.key, "e" * 32, 1, CallState.OVER, now, now, now + HOUR)
    await calls.put(rows, [replace(called, result=Result.NO_ANSWER, over=now)])


async def _contacts(rows: Rows, known: dict[str, User], account: Account, now: datetime) -> None:
    (own,) = await books.of(rows, known["1001"].id)
    company = await books.add(rows, Book(0, account.id, "company@example.org", name="company"))
    made = [keyed(_contact(number, *one), NUMBERING) for number, one in enumerate(CONTACTS)]
    apply = partial(contacts.apply, rows, day=None, epoch=0, now=now)
    await apply(own.id, ContactChanges(tuple(made[:3])))
    await apply(company.id, ContactChanges(tuple(made[3:])))


def _contact(number: int, name: str, firm: str, work: str, mobile: str) -> Contact:
    given, _, family = name.partition(" ")
    numbers = [PhoneNumber(Kind.WORK, work)] if work else []
    numbers += [PhoneNumber(Kind.MOBILE, mobile)] if mobile else []
    return Contact(f"k{number}", name, given, family, firm, numbers=tuple(numbers))


async def _telephones(rows: Rows, known: dict[str, User], now: datetime) -> None:
    for extension, vendor in (("1001", "yealink"), ("1001", "fanvil"), ("1003", "grandstream"), ("1004", "snom")):
        await devices.add(rows, known[extension].id, vendor, vendor)
    ada = await signins.of_user(rows, known["1003"].id)
    if ada is not None:
        await tokens.add(rows, ada.id, "Reception display", {Scope.LOOKUP, Scope.PEOPLE_READ}, now, None)
        await audit.note(rows, now, f"signin {ada.id}", "signed in")
        await audit.note(rows, now, f"signin {ada.id}", "user added", f"user {known['1008'].id}")


async def _running(rows: Rows, account: Account, boxes: dict[str, Mailbox], now: datetime) -> None:
    facts: dict[str, int | float | str | list[str]] = {"version": "0.1.0", "pid": 1, "dry_run": 0}
    for beat in (now, now + timedelta(days=1)):  # well since now, and for as long as anybody looks
        await health.put(rows, "gateway", ok=True, now=beat, facts=facts)
    await health.put(rows, "pbx:main", ok=True, now=now, facts={"held": len(boxes), "clock_ahead": 0.1})
    await health.put(rows, f"account:{account.id}", ok=True, now=now)
    await mailboxes.unchanged(rows, [box.id for box in boxes.values()], now)
    late = Unreachable("calendars.example.org does not answer", "is it up?")
    await mailboxes.failed(rows, [boxes["1008"].id], late, now)
