"""Made-up contacts for the bench of the directory: in a store of ours, and the same as LDIF."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha512
from pathlib import Path
from random import Random
from secrets import token_bytes
from zoneinfo import ZoneInfo

from gateway.directory.index.catalogue import BASE
from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.user import Organisation, User
from gateway.planning.folding import digits, folded
from gateway.planning.numbers import forms, shown
from gateway.store import accounts, books, contacts, devices, organisation, users
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests import ldif

NUMBERING = Numbering("SE", "8", "", 5, Form.NATIONAL)
ZONE = ZoneInfo("Europe/Stockholm")
DAY, NOW = date(2026, 11, 23), datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKERS = 400  # users who have a telephone
# fmt: off
GIVEN = (
    "Agnes", "Albin", "Alva", "Anton", "Astrid", "Åke", "Åsa", "Axel", "Britta", "Börje", "Cecilia", "Dag", "Ebba",
    "Edvin", "Elsa", "Emil", "Erika", "Fanny", "Folke", "Gösta", "Greta", "Hampus", "Hedvig", "Hugo", "Ida", "Inez",
    "Ivar", "Jakob", "Jörgen", "Karin", "Kjell", "Lennart", "Lovisa", "Łucja", "Maja", "Märta", "Mohammed", "Nils",
    "Nora", "Olle", "Örjan", "Petra", "Rasmus", "Rut", "Sigrid", "Sören", "Stina", "Svante", "Tage", "Tuva", "Tyra",
    "Ulrik", "Valter", "Vera", "Viggo", "Wilma", "Yngve", "Zoë",
)
FAMILY_BEGINS = (
    "Ahl", "Alm", "Ask", "Back", "Berg", "Björk", "Blom", "Bo", "Dahl", "Ek", "El", "Fors", "Gran", "Hag", "Hed",
    "Holm", "Kull", "Lind", "Lund", "Löv", "Mal", "Nord", "Ny", "Ol", "Palm", "Quist", "Ros", "Rön", "Sand", "Sjö",
    "Skog", "Ström", "Sund", "Söder", "Tall", "Torn", "Udd", "Vik", "Wall", "Åker", "Älv", "Ö", "Öst",
)
FAMILY_ENDS = (
    "berg", "blad", "borg", "dal", "felt", "fors", "gren", "holm", "hult", "kvist", "lund", "man", "mark", "nell",
    "rot", "stedt", "strand", "ström", "vall", "ås",
)
# fmt: on
FIRMS = [f"{one} {what}" for one in FAMILY_BEGINS for what in ("AB", "Bygg", "Data", "Frakt", "GmbH", "Konsult")]


@dataclass(frozen=True, slots=True)
class World:
    """`people`: everybody with their own contacts. `telephones`: users with their password, who ask."""

    company: list[Contact]
    people: dict[int, list[Contact]]
    telephones: dict[int, str]


def person(random: Random, number: int) -> Contact:
    """Return somebody with one to three numbers."""
    given, family = random.choice(GIVEN), random.choice(FAMILY_BEGINS) + random.choice(FAMILY_ENDS)
    if random.random() < 0.06:
        family += "-" + random.choice(FAMILY_BEGINS) + random.choice(FAMILY_ENDS)
    numbers = [_number(random, Kind.WORK)]
    numbers += [_number(random, Kind.MOBILE)] if random.random() < 0.6 else []
    numbers += [_number(random, Kind.HOME)] if random.random() < 0.2 else []
    company = random.choice(FIRMS) if random.random() < 0.8 else ""
    emails = (f"{number}@example.com",) if random.random() < 0.8 else ()
    return Contact(str(number), f"{given} {family}", given, family, company, "", emails, tuple(numbers))


def _number(random: Random, kind: Kind) -> PhoneNumber:
    where = random.random()
    if kind is Kind.MOBILE or where < 0.1:
        digits_, key = f"{random.randrange(10**7):07d}", "+4670"
    elif where < 0.75:
        digits_, key = f"{random.randrange(10**6, 10**7):07d}", "+468"
    else:
        digits_, key = f"{random.randrange(10**7):07d}", random.choice(("+4930", "+44207"))
    return PhoneNumber(kind, f"{key} {digits_[:3]} {digits_[3:]}", key + digits_)


async def made(folder: Path, many: int, each: int, company: int) -> World:
    """Fill a new store in `folder`: so many users with so many contacts each, and the company's book."""
    random = Random(11)
    number = iter(range(10**9))
    world = World([person(random, next(number)) for _ in range(company)], {}, {})
    async with Store.open(StoreSettings(path=folder / "ringplan.db")) as store:
        async with store.write() as rows:
            await organisation.put(rows, Organisation(ZONE, numbering=NUMBERING))
            account = (await accounts.add(rows, Account(0, "office", "reader", Secret("reader"), service=True))).id
            wanted = [
                User(0, str(20_000 + at), (f"u{at}@example.com",), ZONE, name=f"Person {at}") for at in range(many)
            ]
            everybody = await users.add_every(rows, wanted)
            book = await books.add(rows, Book(0, account, "company@example.com", name="company"))
            await contacts.apply(rows, book.id, ContactChanges(tuple(world.company)), day=DAY, epoch=0, now=NOW)
        for first in range(0, many, 200):
            async with store.write() as rows:
                for user in everybody[first : first + 200]:
                    own = world.people[user.id] = [person(random, next(number)) for _ in range(each)]
                    book = await books.add(rows, Book(0, account, user.emails[0], owner=user.id))
                    await contacts.apply(rows, book.id, ContactChanges(tuple(own)), day=DAY, epoch=0, now=NOW)
        async with store.write() as rows:
            for user in everybody[:: max(1, many // ASKERS)]:
                device = await devices.add(rows, user.id, "desk", "snom")
                world.telephones[user.id] = (await devices.password(rows, device)).reveal()
    return world


def as_ldif(world: World) -> Iterator[str]:
    """Yield the same for slapd: a number in each attribute as it is shown, and all forms of them in numberKey."""
    yield from ldif.tree(BASE, [(user, _hashed(world.telephones.get(user, "x"))) for user in world.people])
    above = f"ou=company,{BASE}"
    yield from (_entry(contact, above) for contact in world.company)
    for user, own in world.people.items():
        yield from (_entry(contact, f"uid={user},ou=people,{BASE}") for contact in own)


def _hashed(password: str) -> str:
    """Return a password as OpenLDAP keeps it by its module pw-sha2: neither server has it in clear."""
    salt = token_bytes(8)
    return "{SSHA512}" + b64encode(sha512(password.encode() + salt).digest() + salt).decode()


def _entry(contact: Contact, above: str) -> str:
    given, family = digits(contact.given), digits(contact.family)
    numbers = {
        kind: [shown(one, Form.NATIONAL, NUMBERING) for one in contact.numbers if one.kind is kind] for kind in Kind
    }
    uid = f"c{contact.key}"
    return ldif.entry(
        f"uid={uid},{above}",
        [
            ("objectClass", ["ringplanContact", "ownedContact"]),
            ("contactOwner", [above]),
            ("uid", [uid]),
            ("cn", [folded(contact.name)]),  # slapd does not fold accents: so both find the same
            ("sn", [folded(contact.family)]),
            ("givenName", [folded(contact.given)]),
            ("company", [contact.company]),
            ("mail", contact.emails),
            ("telephoneNumber", numbers[Kind.WORK]),
            ("mobile", numbers[Kind.MOBILE]),
            ("homePhone", numbers[Kind.HOME]),
            ("numberKey", [form for one in contact.numbers for form in forms(one.key, NUMBERING)]),
            ("keypad", [family, given, given + family]),
        ],
    )
