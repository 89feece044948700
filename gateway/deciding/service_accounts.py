"""The company's accounts at servers, which read many people's calendars, and what goes with each account."""

from dataclasses import dataclass
from datetime import datetime

from gateway.deciding import given, refused
from gateway.deciding.installation import Installation
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.engine.account import account_name
from gateway.engine.patience import next_try
from gateway.errors import Misconfigured
from gateway.store import accounts, audit, books, health, mailboxes, overview, refusals
from gateway.store.health import Health
from gateway.store.refusals import Refusals
from gateway.store.rows import Rows

LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Follows:
    """What goes with an account: how many calendars are read through it, and which of the company's books."""

    calendars: int
    books: tuple[Book, ...]


@dataclass(frozen=True, slots=True)
class How:
    """How an account is. `waits`: its credentials were refused or not answered, and are tried again at `due`.

    `due` None, where it waits: not before somebody does something. `state` None: it has not been used yet.
    """

    account: Account
    calendars: int
    state: Health | None
    past: Refusals
    due: datetime | None

    @property
    def waits(self) -> bool:
        """Whether credentials were refused, or not answered."""
        return bool(self.past.many or self.past.unanswered)


async def services(rows: Rows) -> tuple[How, ...]:
    """Return how the company's accounts are."""
    return tuple([await how(rows, one) for one in await accounts.services(rows)])


async def how(rows: Rows, account: Account) -> How:
    """Return how an account is."""
    past, state = await refusals.of(rows, account.id), await health.get(rows, account_name(account.id))
    return How(account, await overview.read_through(rows, account.id), state, past, next_try(account, past))


async def add(
    rows: Rows,
    installation: Installation,
    now: datetime,
    who: str,
    source: str,
    login: str,
    secret: Secret,
    path: str | None = None,
) -> tuple[Account, int]:
    """Add a service account, through which everybody is read who is not read yet; return it, and how many these are.

    `path`: where their calendars lie, when that is not found from their addresses.

    Raises `Misconfigured`, or `Refused` when it is there already.
    """
    at(installation, source)
    account = await accounts.add(rows, Account(0, source, given.login("login", login), sendable(secret), service=True))
    owners = await overview.unread(rows) if installation.has_calendars(source) else ()
    refresh = installation.refresh(source)
    await mailboxes.add_every(
        rows,
        (Mailbox(0, user, account.id, address, frozenset(), zone, path, refresh) for user, address, zone in owners),
    )
    await audit.note(rows, now, who, "service account added", f"account {account.id}")
    return account, len(owners)


async def put_password(rows: Rows, now: datetime, who: str, account: int, secret: Secret) -> bool:
    """Give an account another password, which is tried at once. False: there is no such account."""
    is_there = await accounts.put_password(rows, account, sendable(secret))
    if is_there:
        await audit.note(rows, now, who, "account password changed", f"account {account}")
    return is_there


async def retry(rows: Rows, now: datetime, who: str, source: str | None, account: int | None) -> list[Account]:
    """Let accounts be tried now that wait after a refusal, all of them or those at a source, or one; return them."""
    waiting = await refused.every(rows, now)
    wanted = [
        one
        for one in await accounts.listed(rows)
        if one.id in waiting and source in (None, one.source) and account in (None, one.id)
    ]
    await refusals.forget(rows, [one.id for one in wanted])
    if wanted:
        await audit.note(rows, now, who, "accounts tried again", f"account {account}" if account is not None else "")
    return wanted


async def remove(rows: Rows, now: datetime, who: str, account: int) -> bool:
    """Remove an account with all that is read through it. False: there is no such account."""
    is_there = await accounts.remove(rows, account)
    if is_there:
        await audit.note(rows, now, who, "account removed", f"account {account}")
    return is_there


async def follows(rows: Rows, account: int) -> Follows:
    """Return what goes with an account."""
    mine = tuple(book for book in await books.company(rows) if book.account == account)
    return Follows(await overview.read_through(rows, account), mine)


def sources(installation: Installation) -> tuple[str, ...]:
    """Return the sources that accounts can be at: the users of a PBX are one that asks nobody who we are."""
    return tuple(name for name in installation.sources if not name.startswith("pbx:"))


def at(installation: Installation, source: str) -> None:
    """Raise `Misconfigured` unless accounts can be at this source."""
    known = sources(installation)
    if source not in known:
        raise given.wrong("source", source, "is no source in the settings", "one of: {known}", known=", ".join(known))


def sendable(secret: Secret) -> Secret:
    """Return a password that a server can be sent. It is told in no message."""
    text = secret.reveal()
    if not text:
        raise Misconfigured("{field}: no password was given", "type it, on one line", field="password")
    if not text.isprintable() or len(text) > LONGEST_PASSWORD:
        said = "{field}: the password cannot be sent: it holds what is no text, or too much"
        raise Misconfigured(said, "give it in UTF-8, on one line", field="password")
    return secret
