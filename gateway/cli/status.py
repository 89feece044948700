"""`ringplan status`: how everything is, for people, for programs (`--json`) and for monitoring (`--check`)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from gateway.cli import failing, shown
from gateway.cli.opened import perform, reading, settings_of
from gateway.deciding.books import NOBODY
from gateway.deciding.planned import coming, going_on, in_short, span
from gateway.deciding.report import REMARKS, Report, not_offered, report, without_contacts
from gateway.deciding.summary import Level, Summary, problems, summary
from gateway.domain.book import Book
from gateway.domain.mailbox import Account
from gateway.domain.user import Extension, Organisation
from gateway.engine.account import ACCOUNT, account_name
from gateway.engine.clock import WallClock
from gateway.engine.sync import NOT_OFFERED, WITHOUT_CONTACTS
from gateway.settings import Settings
from gateway.store import organisation
from gateway.store.health import Health

OF_BOOKS = (NOT_OFFERED, WITHOUT_CONTACTS)  # facts that are told in sentences
AT_MOST = 10
"""Accounts that are shown."""


def status(
    context: typer.Context,
    as_json: shown.AsJson = False,
    check: Annotated[
        bool, typer.Option("--check", help="One line for monitoring; exit status 0 fine, 1 warning, 2 critical.")
    ] = False,
) -> None:
    """Show how everything is."""
    settings = settings_of(context)
    if check:
        raise typer.Exit(_check(perform(_counted(settings))))
    told, ours = perform(_gather(settings))
    if as_json:
        shown.as_json(_as_json(told))
    else:
        _show(told, ours)


async def _counted(settings: Settings) -> Summary:
    async with reading(settings) as rows:
        with_contacts = settings.directory is not None
        return await summary(rows, WallClock().now(), settings.run.pilot, with_contacts=with_contacts)


async def _gather(settings: Settings) -> tuple[Report, Organisation]:
    async with reading(settings) as rows:
        with_contacts = settings.directory is not None
        told = await report(rows, WallClock().now(), settings.run.pilot, with_contacts=with_contacts)
        return told, await organisation.get(rows)


def _check(told: Summary) -> Level:
    found = problems(told)
    said = "; ".join(problem.said for problem in found) or "everything is well"
    figures = {"users": told.users, "diverted": told.diverted, "calendars": told.calendars.many}
    figures |= {"failing": told.calendars.failing, "set_aside": told.calendars.set_aside}
    figures |= {"conferences": told.conferences.now, "in": told.conferences.inside}
    if told.books.many:
        figures |= {"books": told.books.many, "books_failing": told.books.failing}
        figures |= {"contacts": told.contacts, "contacts_set_aside": told.books.set_aside}
    data = " ".join(f"{name}={figure}" for name, figure in figures.items())
    typer.echo(f"RINGPLAN {told.level.name} - {shown.plain(said).replace('|', '/')} | {data}")
    return told.level


def _show(told: Report, ours: Organisation) -> None:
    found = problems(told.summary)
    for problem in found:
        shown.line(shown.bad(f"! {problem.said}"))
    if not found:
        shown.line(shown.good("Everything is well"))
    typer.echo("")
    _parts(told, ours)
    failing.show(told, ours.zone)
    for source in without_contacts(told.gateway) if told.books else ():
        shown.line(f"\naddress books at {source} rest: its server has no contacts that we can read")
    for source in not_offered(told.gateway) if told.books else ():
        shown.line(
            f"\nno address books at {source}, for some or all: its server names none, and is asked again"
            " (ringplan users set … --no-contacts)"
        )
    typer.echo("")
    for kind, count in told.noticed.items():
        typer.echo(f"{count} {REMARKS.get(kind, 'items that could not be read' if kind == 'set_aside' else kind)}")
    typer.echo(f"{len(told.users)} users, {len(told.mailboxes)} calendars, {len(told.absent)} diverted now")
    if told.books:
        shown.line(_contacts(told))
    if told.conferences:
        shown.line(_conferences(told, ours))
    if told.absent:
        shown.table(
            ("EXTENSION", "CODE", "UNTIL", "BACK", "SET"),
            (
                (
                    one.extension,
                    one.code,
                    shown.instant(one.until, ours.zone),
                    shown.instant(one.back, ours.zone),
                    "by hand" if one.by_hand else "calendar",
                )
                for one in told.absent
            ),
        )


def _contacts(told: Report) -> str:
    said = f"{told.contacts} contacts in {len(told.books)} address books"
    aside = told.contacts_set_aside
    return f"{said}; contacts that could not be read: {aside}" if aside else said


def _conferences(told: Report, ours: Organisation) -> str:
    """Say in one line what goes on and what comes; `ringplan conferences` says more."""
    now, later = going_on(told.conferences), coming(told.conferences)
    said = f"{len(now)} conferences now, {sum(one.inside for one in told.conferences)} in, {len(later)} planned"
    if later:
        said += f", the next {span(later[0].conference.start, later[0].conference.end, ours.zone)}"
    elsewhere = sum(one.conference.collided for one in (*now, *later))
    said += f"; not in the organiser's own room: {elsewhere}" if elsewhere else ""
    lost = sum(one.lost for one in told.conferences)
    return f"{said}; calls lost when the PBX was started anew: {lost}" if lost else said


def _parts(told: Report, ours: Organisation) -> None:
    """Show all parts; of accounts those that are not well go first, and of very many the others are counted."""
    others = [row for row in (told.gateway, *told.parts) if row and not row.name.startswith(ACCOUNT)]
    every = [row for row in told.parts if row.name.startswith(ACCOUNT)]
    waiting = {account_name(account) for account in told.waits}
    every.sort(key=lambda row: row.ok and row.name not in waiting)
    rows = [*others, *every[:AT_MOST]]
    shown.table(("PART", "IS", "SINCE", "SAYS"), (_part(row, told, ours) for row in rows))
    if len(every) > AT_MOST:
        typer.echo(f"and {len(every) - AT_MOST} more accounts; ringplan accounts list names all")


def _part(row: Health, told: Report, ours: Organisation) -> tuple[shown.Cell, ...]:
    is_so = shown.good("ok") if row.ok else shown.bad("failing")
    if not told.running:
        is_so = shown.bad("gone")
    figures = {key: value for key, value in row.facts.items() if value not in ([], "", 0) and key not in OF_BOOKS}
    facts = ", ".join(f"{key} {value}" for key, value in figures.items())
    names = {account_name(one.id): _named(one) for one in told.accounts}
    waits = {account_name(account): text for account, text in told.waits.items()}
    said = " · ".join(filter(None, (row.said, waits.get(row.name, row.remedy), facts)))
    return names.get(row.name, row.name), is_so, shown.instant(row.since, ours.zone), said


def _named(account: Account) -> str:
    return f"contacts at {account.source}" if account.login == NOBODY else f"{account.login} at {account.source}"


def _as_json(told: Report) -> dict[str, object]:
    extensions = {user.id: user.extension for user in told.users}
    found = problems(told.summary)
    return {
        "now": told.now.isoformat(),
        "level": max((problem.level for problem in found), default=Level.OK).name.lower(),
        "problems": [problem.said for problem in found],
        "running": told.running,
        "off_since": _iso(told.off_since),
        "parts": [
            asdict(row) | {"since": row.since.isoformat(), "beat": row.beat.isoformat()}
            for row in (told.gateway, *told.parts)
            if row is not None
        ],
        "users": len(told.users),
        "diverted": [
            asdict(one) | {"until": one.until.isoformat(), "back": one.back.isoformat()} for one in told.absent
        ],
        "noticed": dict(told.noticed),
        "conferences": [in_short(one) for one in told.conferences],
        "calendars": [
            {
                "id": box.id,
                "extension": extensions.get(box.user),
                "account": box.account,
                "tried": _iso(told.progress[box.id].tried),
                "succeeded": _iso(told.progress[box.id].succeeded),
                "failing_since": _iso(told.progress[box.id].failing_since),
                "error": told.progress[box.id].error,
                "said": told.progress[box.id].said,
                "set_aside": told.progress[box.id].set_aside,
                "remarks": dict(told.progress[box.id].remarks),
            }
            for box in told.mailboxes
        ],
        "contacts": told.contacts,
        "books_without_contacts": list(without_contacts(told.gateway)),
        "books_not_offered": list(not_offered(told.gateway)),
        "books": [_book(told, book, extensions) for book in told.books],
    }


def _book(told: Report, book: Book, extensions: Mapping[int, Extension]) -> dict[str, object]:
    how = told.book_progress[book.id]
    return {
        "id": book.id,
        "name": book.name,
        "extension": None if book.owner is None else extensions.get(book.owner),
        "account": book.account,
        "tried": _iso(how.tried),
        "succeeded": _iso(how.succeeded),
        "failing_since": _iso(how.failing_since),
        "error": how.error,
        "said": how.said,
        "set_aside": how.set_aside,
    }


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
