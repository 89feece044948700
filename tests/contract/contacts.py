"""Address books of any kind: what the common suite needs of one, and entries that can be put into each of them.

A source joins by one line in `SOURCES` of `contact_sources.py`, and a function there that yields its `Books`:

    async def _thing(running: Thing, folder: Path) -> AsyncIterator[Books]:
        yield Books(connect(settings), account, book, put, remove)

    SOURCES = {..., "thing": Source(_thing, frozenset({Can.TELL, Can.MISS}), "fixture of that running thing")}

`book` is empty at the start and the test's own while it runs. `put` and `remove` do what somebody's own program would
do, by `Entry` and by its uid; the same uid again is a change. What a source can do besides being read whole is said in
the line; a test that needs more is not made for it. What only one kind of source has is tested beside the suite.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.ports import Connect, ContactSource, Opened
from peers.dav import card
from tests.contract.calendars import Wrist, second_is_over

TYPES = {Kind.WORK: "WORK,VOICE", Kind.MOBILE: "CELL", Kind.HOME: "HOME", Kind.OTHER: "VOICE"}


class Can(Enum):
    """What a source of contacts may be able to do, and the field of `Books` that it then has."""

    DETAIL = auto()  # hold more than a name, an e-mail address and one number
    TELL = auto()  # that nothing has changed
    CHANGE = auto()  # say what changed since a token, and that alone
    SPOIL = auto()  # hold what cannot be read: `spoil`
    SHARE = auto()  # hold a book of somebody else that must not be read: `stranger`
    MISS = auto()  # be asked for a book that there is not: `nowhere`
    SIGN = auto()  # refuse a wrong password: `wrong`
    BREAK = auto()  # be away: `away`


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody in an address book. `numbers`: a kind and what is written."""

    uid: str
    given: str = "Anna"
    family: str = "Öberg"
    company: str = ""
    title: str = ""
    emails: tuple[str, ...] = ()
    numbers: tuple[tuple[Kind, str], ...] = ((Kind.WORK, "+46 8 123 45"),)

    @property
    def name(self) -> str:
        """What it is shown as."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Books:
    """One empty `book`, opened through `account`, and how to write into it.

    `spoil`: put something unreadable under a uid. `stranger`: a book of somebody else. `nowhere`: one that there is
    not. `wrong`: the account with a wrong password. `away`: the same where nothing answers. `clock`: what the
    source asks. `in_seconds`: two changes within one second cannot be told apart there.
    """

    connect: Connect
    account: Account
    book: Book
    put: Callable[[Entry], Awaitable[None]]
    remove: Callable[[str], Awaitable[None]]
    spoil: Callable[[str], Awaitable[None]] | None = None
    stranger: Book | None = None
    nowhere: Book | None = None
    wrong: Account | None = None
    away: Connect | None = None
    clock: Wrist = field(default_factory=Wrist)
    in_seconds: bool = False

    async def later(self) -> None:
        """Let a change be told from those before."""
        self.clock.later()
        if self.in_seconds:
            await second_is_over()


def contacts_of(opened: Opened) -> ContactSource:
    assert opened.contacts is not None
    return opened.contacts


async def whole(books: Books, book: Book | None = None) -> ContactChanges:
    """Read a book whole, through a connection of its own."""
    async with books.connect(books.account) as opened:
        read = await contacts_of(opened).read(book or books.book, None)
    assert read is not None
    assert read.whole
    assert read.gone == ()
    return read


async def settled(source: ContactSource, books: Books) -> str | None:
    """Read a book until its token is believed; return that."""
    read = await source.read(books.book, None)
    assert read is not None
    token = read.token
    for _ in range(3):
        await books.later()
        again = await source.read(books.book, token)
        if again is None:
            break
        token = again.token
    return token


def named(read: ContactChanges | None) -> dict[str, Contact]:
    """Return what was brought, by name."""
    assert read is not None
    found = {contact.name: contact for contact in read.put}
    assert len(found) == len(read.put), "each once"
    return found


def expected(entry: Entry, key: str) -> Contact:
    """Return the contact that an entry is."""
    numbers = tuple(PhoneNumber(kind, written) for kind, written in entry.numbers)
    return Contact(
        key, entry.name, entry.given, entry.family, entry.company, entry.title, entry.emails, numbers
    )  # fmt: skip


def loosely(contact: Contact) -> Contact:
    """Return a contact without the order of its numbers, which is the source's own."""
    numbers = sorted(contact.numbers, key=lambda number: (number.kind.name, number.written))
    return replace(contact, numbers=tuple(numbers))


def vcard(entry: Entry) -> str:
    """Return an entry as vCard 3.0 (RFC 2426)."""
    lines = [f"N:{_escaped(entry.family)};{_escaped(entry.given)};;;"]
    lines += [f"ORG:{_escaped(entry.company)}"] if entry.company else []
    lines += [f"TITLE:{_escaped(entry.title)}"] if entry.title else []
    lines += [f"EMAIL;TYPE=INTERNET:{email}" for email in entry.emails]
    lines += [f"TEL;TYPE={TYPES[kind]}:{_escaped(number)}" for kind, number in entry.numbers]
    return card(entry.uid, _escaped(entry.name), *lines)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace(",", r"\,").replace(";", r"\;")
