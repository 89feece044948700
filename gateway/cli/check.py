"""`ringplan check`: is every part reached and set up, and if not, what to do about it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Annotated

import typer

from gateway.app import source_of
from gateway.cli import prompts, shown
from gateway.cli.book_check import of_book
from gateway.cli.conference_check import of_mail, of_rooms
from gateway.cli.opened import FAILED, perform, settings_of
from gateway.deciding import given, refused
from gateway.domain.book import Book
from gateway.domain.code import Code
from gateway.domain.conference import RoomOf
from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account, Mailbox, Window
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.engine.clock import WallClock
from gateway.errors import Misconfigured, RingplanError, SignInAgain, Unreachable
from gateway.pbx.asterisk.inspect import inspect
from gateway.pbx.asterisk.inspect_rooms import inspect_rooms
from gateway.ports import CalendarSource
from gateway.settings import CalendarSettings, Settings
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.ews.settings import EwsSettings
from gateway.store import accounts, books, codes, devices, mailboxes, organisation, rooms, users
from gateway.store.store import Store

AHEAD = timedelta(days=14)
AT_MOST = 10
"""Findings of one kind that are told one by one."""


def check(
    context: typer.Context,
    as_json: shown.AsJson = False,
    mail_to: Annotated[str | None, typer.Option(help="Send a letter to this address, to see that it comes.")] = None,
) -> None:
    """Look at every part; exit status 1 if anything fails."""
    settings = settings_of(context)
    if mail_to is not None and settings.mail is None:
        raise Misconfigured("--mail-to: no mail server is in the settings", "add [mail]")
    found = perform(_gather(settings, given.email("--mail-to", mail_to) if mail_to is not None else None))
    if as_json:
        shown.as_json(
            [{"of": of, "part": one.part, "ok": one.ok, "said": one.said, "remedy": one.remedy} for of, one in found]
        )
    else:
        for of, ones in groupby(found, key=itemgetter(0)):
            _tell_of(of, [one for _, one in ones])
    if not all(one.ok for _, one in found):
        raise typer.Exit(FAILED)


def _tell_of(of: str, found: Sequence[Finding]) -> None:
    """Tell what is alike in one line and the first of each kind, and count the others: there may be thousands."""
    told: Counter[tuple[bool, str]] = Counter()
    for one in _folded(found):
        kind = (one.ok, one.remedy)
        told[kind] += 1
        if told[kind] <= AT_MOST:
            _tell(of, one)
    for (ok, _), many in told.items():
        if many > AT_MOST:
            _tell(of, Finding("others", ok, f"{many - AT_MOST} more like these; --json names all"))


def _folded(found: Sequence[Finding]) -> list[Finding]:
    """Return one finding for all parts of which the same is said, at most `AT_MOST` of them named."""
    parts: dict[tuple[bool, str, str], list[str]] = {}
    for one in found:
        parts.setdefault((one.ok, one.said, one.remedy), []).append(one.part)
    return [Finding(_named(some), *alike) for alike, some in parts.items()]


def _named(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - AT_MOST} more (--json names all)" if len(parts) > AT_MOST else ""
    return ", ".join(parts[:AT_MOST]) + more


def _tell(of: str, one: Finding) -> None:
    """Tell a finding with its remedy; one that is ok and has a remedy is worth a look."""
    fine = shown.bad("note") if one.remedy else shown.good("ok  ")
    shown.line(fine if one.ok else shown.bad("FAIL"), shown.plain(f"{of} {one.part}: {one.said}"))
    for line in one.remedy.splitlines():
        shown.line(shown.plain(f"       {line}"))


async def _gather(settings: Settings, mail_to: str | None) -> list[tuple[str, Finding]]:
    return [found async for found in _findings(settings, mail_to)]


@dataclass(frozen=True, slots=True)
class Known:
    """What the store says. `books`: the company's; `telephones`: a password by user; `resting`: why, by account."""

    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    mailboxes: tuple[Mailbox, ...]
    codes: tuple[Code, ...]
    rooms: tuple[RoomOf, ...]
    books: tuple[Book, ...]
    telephones: Mapping[int, Secret]
    resting: Mapping[int, str]
    written: bool
    guests: bool

    @property
    def active(self) -> Mapping[int, User]:
        """Who takes part, by id."""
        return {user.id: user for user in self.users if user.enabled}


async def _known(settings: Settings) -> Known:
    async with Store.open(settings.store) as store, store.read() as rows:
        return Known(
            users=await users.every(rows),
            accounts=await accounts.every(rows),
            mailboxes=await mailboxes.every(rows),
            codes=await codes.every(rows),
            rooms=await rooms.every(rows),
            books=tuple(book for book in await books.every(rows) if book.owner is None and book.enabled),
            telephones={device.user: await devices.password(rows, device) for device, _ in await devices.every(rows)},
            resting=await refused.resting(rows, WallClock().now()),
            written=await organisation.written(rows),
            guests=bool((await organisation.get(rows)).dial_in),
        )


async def _findings(settings: Settings, mail_to: str | None) -> AsyncIterator[tuple[str, Finding]]:
    yield "settings", Finding(str(settings.file), True, "can be used")
    try:
        known = await _known(settings)
    except RingplanError as error:
        yield "store", Finding(str(settings.store.path), False, str(error), error.remedy)
        return
    yield "store", Finding(str(settings.store.path), True, "can be used")
    for one in _decided(known.users, known.mailboxes, known.accounts, written=known.written):
        yield "store", one
    for one in of_rooms(known.rooms, known.users, settings.pbx.keys(), guests=known.guests):
        yield "store", one
    for part in (_pbxs(settings, known), _contacts(settings, known), _accounts(settings, known)):
        async for told in part:
            yield told
    if settings.web is not None:
        from gateway.cli.portal_check import of_portal  # httpx, which other commands need not wait for

        for one in await of_portal(settings.web, WallClock().now()):
            yield "portal", one
    if settings.mail is not None:
        for one in await of_mail(settings.mail, mail_to):
            yield "mail", one


async def _pbxs(settings: Settings, known: Known) -> AsyncIterator[tuple[str, Finding]]:
    sounds = _sounds(known.users, known.codes)
    for name, pbx in settings.pbx.items():
        mine = [user for user in known.active.values() if user.pbx == name]
        found = await inspect(pbx, [place for user in mine for place in user.places], sounds)
        numbers = [room.number for room in known.rooms if room.pbx == name]
        called = [user.extension for user in mine]
        is_reached = any(one.ok for one in found)
        for one in (*found, *(await inspect_rooms(pbx, numbers, called) if is_reached else ())):
            yield f"pbx {name}", one


async def _contacts(settings: Settings, known: Known) -> AsyncIterator[tuple[str, Finding]]:
    if settings.directory is None:
        return
    from gateway.cli.directory_check import of_directory, telephone_of  # ldap3, which other commands need not wait for

    extensions = {user.id: user.extension for user in known.active.values()}
    telephone = telephone_of(extensions, known.telephones)
    for one in await of_directory(settings.directory, telephone, WallClock().now()):
        yield "directory", one
    for book in known.books:
        yield f"book {book.name}", await of_book(settings, book, known.accounts, known.resting)


async def _accounts(settings: Settings, known: Known) -> AsyncIterator[tuple[str, Finding]]:
    for account in known.accounts:
        of = f"{account.login} at {account.source}"
        if account.id in known.resting:  # each try counts at the server, ours as well
            yield of, Finding("sign-in", False, known.resting[account.id])
            continue
        boxes = [box for box in known.mailboxes if box.account == account.id and box.user in known.active]
        if not boxes and any(book.account == account.id for book in known.books):
            continue  # it reads books of the company alone, which are looked at by themselves
        async for one in _account(settings, account, boxes):
            yield of, one


def _decided(
    everybody: Sequence[User], boxes: Sequence[Mailbox], opened: Sequence[Account], *, written: bool
) -> list[Finding]:
    found = []
    if not written:
        found.append(
            Finding("organisation", False, "nothing is set: times are UTC", "ringplan organisation set --zone …")
        )
    if not opened:
        found.append(Finding("accounts", False, "there is none: no calendar is read", "ringplan accounts add"))
    read = {box.user for box in boxes}
    without = [user.extension for user in everybody if user.enabled and user.id not in read]
    if not everybody:
        found.append(Finding("users", False, "there is nobody", "ringplan users add, or ringplan users import"))
    elif without:
        many = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        remedy = "give an address and an account; a service account that is there takes them on by ringplan users set"
        found.append(Finding("users", False, f"no calendar is read for {many}", f"{remedy} EXTENSION"))
    else:
        found.append(Finding("users", True, f"{len(everybody)}, each with a calendar"))
    return found


async def _account(settings: Settings, account: Account, boxes: Sequence[Mailbox]) -> AsyncIterator[Finding]:
    source = settings.sources.get(account.source)
    if not isinstance(source, CalendarSettings):
        async for one in _account_for_contacts(settings, account):
            yield one
        return
    if not boxes:
        yield Finding(
            "calendars", False, "no calendar is read through it", "add or enable users, or remove the account"
        )
        return
    if isinstance(source, EwsSettings):
        from gateway.sources.ews.check import check as check_exchange  # see app.source_of

        async for one in check_exchange(source, account, boxes):
            yield one
        return
    from gateway.sources.caldav.check import check as check_caldav

    first = await check_caldav(source, account, boxes[0])
    for one in first:
        yield one
    # the others in one connection, which ends with the first refusal: many wrong sign-ins would lock the account
    try:
        async with source_of(source)(account) as opened:
            for box in boxes[1:]:
                yield await _calendar(opened.calendar, box)
    except RingplanError as error:
        if str(error) not in {one.said for one in first}:
            yield Finding("connection", False, str(error), error.remedy)


async def _account_for_contacts(settings: Settings, account: Account) -> AsyncIterator[Finding]:
    """Look at an account without calendars; the books that it reads are looked at by themselves."""
    source = settings.sources.get(account.source)
    if isinstance(source, ActiveDirectorySettings):
        from gateway.sources.activedirectory.check import check as check_directory  # see app.source_of

        for one in await check_directory(source, account):
            yield one
    elif account.source not in settings.kinds:
        remedy = f"add [sources.{account.source}], or remove the account"
        yield Finding("settings", False, f"there is no source {account.source}", remedy)


async def _calendar(source: CalendarSource | None, box: Mailbox) -> Finding:
    """Read one calendar as the gateway would, and say how many items are in it, never which."""
    if source is None:
        return Finding(box.address, False, "the account offers no calendars", "use another account")
    today = datetime.combine(WallClock().now().date(), time(), UTC)
    try:
        reading = await source.read(box, Window(today, today + AHEAD, today.date()), None)
    except (SignInAgain, Unreachable):
        raise
    except RingplanError as error:
        return Finding(box.address, False, str(error), error.remedy)
    return Finding(
        box.address, True, f"can be read; items in the next two weeks: {len(reading.appointments) if reading else 0}"
    )


def _sounds(everybody: Sequence[User], every_code: Sequence[Code]) -> list[str]:
    reasons = {f"reason-{code.reason}" for code in every_code}
    named = []
    for language in sorted({user.language for user in everybody}):
        _, texts = prompts.read_texts(prompts.texts_folder() / f"{language}.toml")
        named += [f"ringplan/{language}/{name}" for name in sorted(texts.keys() | reasons)]
    return named
