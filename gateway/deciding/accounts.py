"""A user's own account at a calendar server: who may enter which, where it is, and what comes in its place.

The servers are those of the settings file, and a login is one of the user's own addresses: whoever could name another
server, or another person's login, could let the gateway talk to anything, or lock somebody out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.deciding.given import wrong
from gateway.deciding.installation import Installation
from gateway.deciding.pace import LONGEST
from gateway.deciding.read import Read, put_read
from gateway.deciding.service_accounts import sendable
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.errors import Misconfigured, Refused
from gateway.store import accounts, audit, books, mailboxes, users
from gateway.store.rows import Rows

SHORTEST_REFRESH = 60  # seconds
AN_HOUR, MOST_AN_HOUR = timedelta(hours=1), 10  # passwords that one user enters
ADDED, CHANGED, REMOVED = "account added", "account changed", "account removed"  # for the audit log

Hosts = Callable[[str], Awaitable[Sequence[str]]]
"""The servers that a domain names for calendars, in DNS."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a user's calendar is read through. All None: it is not read.

    `account` has no password here. `services`: service accounts that could read it instead of the user's own.
    """

    mailbox: Mailbox | None = None
    account: Account | None = None
    book: Book | None = None
    services: tuple[Account, ...] = ()

    @property
    def own(self) -> Account | None:
        """The user's own account."""
        return self.account if self.account is not None and not self.account.service else None

    @property
    def is_by_service(self) -> bool:
        """Whether a service account reads it."""
        return self.account is not None and self.account.service


@dataclass(frozen=True, slots=True)
class Entered:
    """Credentials as a user enters them; `password` None: as it is."""

    login: str
    source: str
    password: Secret | None = field(default=None, repr=False)


async def reads(rows: Rows, installation: Installation, user: int) -> Reads:
    """Return what a user's calendar is read through: their own account if there is one."""
    found: list[tuple[bool, Mailbox, Account]] = []
    for box in await mailboxes.of(rows, user):
        account = await accounts.shown(rows, box.account)
        if account is not None:
            found.append((account.service, box, account))
    services = tuple(one for one in await accounts.services(rows) if installation.has_calendars(one.source))
    if not found:
        return Reads(services=services)
    _, box, account = min(found, key=lambda one: (one[0], one[1].id))
    book = next((one for one in await books.of(rows, user) if one.mailbox == box.id), None)
    return Reads(box, account, book, services)


def password(field: str, first: str, again: str) -> Secret | None:
    """Return a password that is typed twice, None where nothing is. It is told in no message."""
    if first != again:
        raise Misconfigured("{field}: the two passwords differ", "Type the same password twice.", field=field)
    if not first:
        return None
    return sendable(Secret(first))


def refresh(field: str, value: int | None, installation: Installation, before: int | None) -> int | None:
    """Return how often a user wants to be read, in seconds; None: only when they ask. `before` is always allowed.

    Otherwise it is not more often than each minute, or than the administrator lets servers be asked anyway.
    """
    usual = [one.refresh for one in installation.sources.values() if one.has_calendars]
    least = min([SHORTEST_REFRESH, *usual])
    if value is not None and value != before and not least <= value <= LONGEST:
        said = "is not between {least} and {most} seconds"
        raise wrong(field, str(value), said, "Choose one of the list.", least=least, most=LONGEST)
    return value


async def entered(
    installation: Installation, before: Reads, login: str, source: str, secret: Secret | None, hosts: Hosts | None
) -> Entered | None:
    """Return the credentials that somebody means who has typed these, "" what is as before; None: nothing is entered.

    Without a password, login and source count only where they would change an own account. DNS may be asked: call it
    outside a transaction.
    """
    own = before.own
    if secret is None and own is None:
        return None
    login = login or (own.login if own is not None else "")
    is_kept = own is not None and login == own.login and source in ("", own.source)
    if own is not None and is_kept and (secret is None or installation.has_calendars(own.source)):
        return Entered(login, own.source, secret)
    return Entered(login, await source_of(installation, login, source, hosts), secret)


async def source_of(installation: Installation, login: str, source: str, hosts: Hosts | None) -> str:
    """Return the source that a login belongs to: the one that is named, or the one that its domain leads to.

    Raises `Misconfigured` where that is not clear: no password is sent to a server that is only perhaps the right one.
    """
    offered = {name: one for name, one in installation.sources.items() if one.has_calendars}
    if source:
        if source not in offered:
            raise wrong("server", source, "is no calendar server here", "Choose one of the list.")
        return source
    if not offered:
        raise Misconfigured("There is no calendar server here.", "Ask your administrator.")
    if len(offered) == 1:
        return next(iter(offered))
    domain = login.rpartition("@")[2].lower() if "@" in login else ""
    found = [name for name, one in offered.items() if domain and _is_below(one.host, domain)]
    if not found and domain and hosts is not None:
        named = {host.lower() for host in await hosts(domain)}
        found = [name for name, one in offered.items() if one.host and one.host in named]
    if not found and domain:
        found = [name for name, one in offered.items() if not one.addressed]
    if len(found) != 1:
        raise Misconfigured("{field}: it cannot be found from this e-mail address", "Choose one.", field="server")
    return found[0]


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


async def add(
    rows: Rows,
    installation: Installation,
    user: User,
    account: Account,
    *,
    address: str | None,
    path: str | None,
    who: str,
    now: datetime,
) -> Mailbox:
    """Let a user be read through an account as an administrator gives it, beside what reads them now.

    `address` None: the main one; `path`: where the calendars lie, when that is not found from it. Raises
    `Misconfigured` where that cannot be, `Refused` when the account is there already.
    """
    if not installation.has_calendars(account.source):
        said = "nobody has a calendar at {source}"
        raise Misconfigured(said, "give --service: it has company books", source=account.source)
    where = address or next(iter(user.emails), None)
    if where is None:
        remedy = "give --address, or ringplan users set --email"
        raise Misconfigured("{extension} has no address", remedy, extension=user.extension)
    new, refresh = await accounts.add(rows, account), installation.refresh(account.source)
    await audit.note(rows, now, who, ADDED, f"user {user.id}")
    return await mailboxes.add(rows, Mailbox(0, user.id, new.id, where, frozenset(), user.zone, path, refresh))


async def enter(
    rows: Rows, installation: Installation, user: User, entered: Entered, *, who: str, now: datetime
) -> bool:
    """Let a user's calendar be read through their own account, in the place of what reads it now; `source` is found.

    False: nothing changes. A password is never sent elsewhere than it was entered for: another login or server wants
    it anew.
    """
    before = await reads(rows, installation, user.id)
    own, login = before.own, await _login(rows, installation, user, entered, before.own)
    is_same = own is not None and (own.login, own.source) == (login, entered.source)
    if entered.password is None:
        if is_same:
            return False
        raise Misconfigured("{field}: is missing", "Enter the password of this account.", field="password")
    about = f"user {user.id}"
    if await audit.many(rows, CHANGED, about, now - AN_HOUR) >= MOST_AN_HOUR:
        raise Refused("So many passwords were entered here that it looks like guessing", "Try again in an hour.")
    if own is not None and is_same:
        await accounts.put_password(rows, own.id, entered.password)
        rows.touch("accounts")
    else:
        await _replace(rows, installation, user, before, Account(0, entered.source, login, entered.password))
    await audit.note(rows, now, who, CHANGED, about)
    return True


async def _login(rows: Rows, installation: Installation, user: User, entered: Entered, own: Account | None) -> str:
    """Return the login if it is one that this user may enter.

    That is one of their addresses, or, where the settings say where the server is, what stands in one before the @
    (unless somebody else's address begins so), or what an administrator has given them.
    """
    login = entered.login
    if own is not None and (own.login, own.source) == (login, entered.source):
        return login
    at = installation.sources[entered.source]
    is_own = login.lower() in user.emails
    if not is_own and at.addressed and login and login.lower() in {one.partition("@")[0] for one in user.emails}:
        is_own = not await users.begins_so(rows, login, user.id)
    if not is_own:
        raise wrong("login", login, "is not one of your e-mail addresses", "Add it to your e-mail addresses first.")
    if await accounts.named(rows, entered.source, login) is not None:
        raise Refused("{field}: somebody has entered this account already", "Ask your administrator.", field="login")
    return login


async def _replace(rows: Rows, installation: Installation, user: User, before: Reads, account: Account) -> None:
    wanted = _as_before(before, installation.refresh(account.source))
    await _leave(rows, user.id)
    new = await accounts.add(rows, account)
    await _read_through(rows, user, new, wanted)


async def leave(
    rows: Rows, installation: Installation, user: User, service: int | None, *, who: str, now: datetime
) -> bool:
    """Remove a user's own account with all that it brought; `service`: the account that reads the calendar then.

    None: nothing does. False: there was no own account. Raises `Misconfigured` when `service` is no such account.
    """
    before = await reads(rows, installation, user.id)
    chosen = next((one for one in before.services if one.id == service), None)
    if service is not None and chosen is None:
        raise Misconfigured("There is no such service account any more.", "Ask your administrator.")
    if before.own is None:
        return False
    if chosen is not None and not user.emails:
        raise Misconfigured("You have no e-mail address here.", "Add one first.")
    await _leave(rows, user.id)
    if chosen is not None:
        await _read_through(rows, user, chosen, _as_before(before, installation.refresh(chosen.source)))
    await audit.note(rows, now, who, REMOVED, f"user {user.id}")
    return True


def _as_before(before: Reads, usual: int) -> Read:
    if before.mailbox is None:
        return Read(usual, calendar=True, contacts=True)
    return Read(before.mailbox.refresh, before.mailbox.calendar, before.book is not None and before.book.enabled)


async def _leave(rows: Rows, user: int) -> None:
    for box in await mailboxes.of(rows, user):
        await mailboxes.remove(rows, box.id)
        await accounts.remove_unread(rows, box.account)


async def _read_through(rows: Rows, user: User, account: Account, wanted: Read) -> None:
    login = account.login.lower()
    alike = (one for one in user.emails if login in (one, one.partition("@")[0]))
    where = user.emails[0] if account.service else next(alike, login)
    await mailboxes.add(rows, Mailbox(0, user.id, account.id, where, frozenset(), user.zone))
    await put_read(rows, user.id, wanted)
