"""A database that an older Ringplan wrote is brought to the newest shape, and everything in it stays.

`r0001.sql` is what the store of revision 0001 wrote, dumped by sqlite3; the others likewise.
"""

import sqlite3
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.conference import Attendance, RoomOf
from gateway.domain.contact import Numbering
from gateway.domain.device import Device
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Cursor
from gateway.domain.signin import Role, Scope
from gateway.domain.user import Organisation, User
from gateway.planning.usual import USUAL
from gateway.store import (
    absences,
    accounts,
    attendances,
    audit,
    books,
    calls,
    claims,
    codes,
    conferences,
    contacts,
    devices,
    diversions,
    health,
    letters,
    mailboxes,
    meetings,
    organisation,
    refusals,
    rooms,
    sessions,
    signins,
    switches,
    tokens,
    users,
    wishes,
)
from gateway.store.migrate import NEWEST, revision
from gateway.store.refusals import Refusals
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.store.vault import vault_at
from gateway.store.wishes import Kind, Wish
from tests.unit.store.made import HOUR, NOON, ZONE, attempt, conference, contact, diversion, meeting


def written(settings: StoreSettings, by: str) -> StoreSettings:
    database = sqlite3.connect(settings.path)
    database.executescript(Path(__file__).with_name(f"{by}.sql").read_text())
    database.close()
    vault_at(settings.key_path)
    return settings


@pytest.fixture
def older(settings: StoreSettings) -> StoreSettings:
    """A database of revision 0001 with rows in it."""
    return written(settings, "r0001")


def raw(settings: StoreSettings) -> dict[str, list[sqlite3.Row]]:
    database = sqlite3.connect(settings.path)
    database.row_factory = sqlite3.Row
    names = [row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    database.close()
    return found


@pytest.mark.parametrize("by", ["r0001", "r0002", "r0003", "r0004", "r0005", "r0006"])
async def test_every_row_of_an_older_database_stays_as_it_was(settings: StoreSettings, by: str) -> None:
    older = written(settings, by)
    before = raw(older)
    async with Store.open(older) as store, store.read() as rows:
        assert await rows.connection.run_sync(revision) == NEWEST
    after = raw(older)
    for table, lines in before.items():
        if table == "alembic_version":
            continue
        kept = [{column: line[column] for column in lines[0].keys()} for line in after[table]] if lines else []  # noqa: SIM118 - a row is no mapping
        assert all(dict(line) in kept for line in lines), table
    assert len(after["diversions"]) == len(before["diversions"]) == 3


async def test_an_older_database_is_read_and_nobody_is_away_by_hand(older: StoreSettings) -> None:
    async with Store.open(older) as store, store.read() as rows:
        anna, bo = await users.every(rows)
        assert anna == User(
            1, "1001", ("anna@example.org", "a@example.org"), ZONE, "de", "Änna", phones=("2001",), operator="9",
            hours=WorkingHours({2: ((time(9), time(15)),)}),
        )  # fmt: skip
        assert bo == User(2, "1002", ("bo@example.org",), ZONE, enabled=False)
        monday = WorkingHours({0: ((time(8), time(17)),)}, "SE")
        assert await organisation.get(rows) == Organisation(
            ZoneInfo("Europe/Stockholm"), hours=monday, marker="//", permitted=("1xxx",), operator="1000"
        )
        assert await codes.every(rows) == tuple(code for code in USUAL if code.key != "other")
        assert [account.login for account in await accounts.listed(rows)] == ["reader"]
        progress = await mailboxes.progress_of(rows, 1)
        assert progress is not None
        assert (progress.cursor, progress.set_aside) == (Cursor("token-1", date(2026, 11, 23)), 2)
        assert await diversions.of(rows, anna.id) == (
            diversion(anna.id, "b" * 32, code="trip", start=NOON - HOUR, end=NOON + 3 * HOUR, text=None, target="1004"),
            diversion(anna.id, "a" * 32, code="meeting"),
            diversion(anna.id, "c" * 32, code="lunch", text=None, diverts=False),
        )
        assert await absences.every(rows) == {}
        assert await absences.turns(rows) == {}
        assert await refusals.every(rows) == {1: Refusals()}
        assert await switches.off_since(rows) == NOON
        assert [row.facts for row in await health.every(rows)] == [{"held": 3}]
    async with Store.open(older) as store, store.write() as rows:
        assert await wishes.take(rows) == (Wish(Kind.SYNC, anna.id, NOON),)


async def test_an_older_database_can_do_what_is_new(older: StoreSettings) -> None:
    async with Store.open(older) as store:
        watching = store.watch("absences")
        await anext(watching)
        async with store.write() as rows:
            assert await absences.end(rows, 1, NOON)
            anna = (await users.every(rows))[0]
            assert await absences.take_over(rows, anna, 1, None, diversion(1))
        assert await anext(watching) == {"absences"}
        await watching.aclose()
        async with store.read() as rows:
            assert [one.dismissed for one in await diversions.of(rows, 1)] == [True, True, False]
            assert set(await absences.every(rows)) == {1}


async def test_what_was_set_by_hand_before_stays_set_and_no_password_counts_as_refused(settings: StoreSettings) -> None:
    async with Store.open(written(settings, "r0002")) as store:
        async with store.read() as rows:
            anna, _ = await users.every(rows)
            assert anna.through == ("1002",)
            assert [absence.code for absence in (await absences.every(rows)).values()] == ["trip"]
            assert await absences.turns(rows) == {"1001": 4}
            (reader,) = await accounts.listed(rows)
        async with store.write() as rows:
            await refusals.refused(rows, reader, NOON)
        async with store.read() as rows:
            assert await refusals.of(rows, reader.id) == Refusals(1, NOON, NOON)


async def test_what_was_refused_before_stays_so_and_conferences_can_be_planned(settings: StoreSettings) -> None:
    nouns = ("attendances", "calls", "conferences", "meetings", "rooms")
    async with Store.open(written(settings, "r0003")) as store:
        async with store.read() as rows:
            anna, _ = await users.every(rows)
            (reader,) = await accounts.listed(rows)
            assert await refusals.of(rows, reader.id) == Refusals(1, NOON, NOON)
            unchanged = Organisation(ZoneInfo("UTC"))
            of = await organisation.get(rows)
            assert (of.outside, of.grace, of.dial_in) == (unchanged.outside, unchanged.grace, unchanged.dial_in)
            for noun in (attendances, calls, conferences, meetings, rooms):
                assert await noun.every(rows) == ()
        watching = store.watch(*nouns)
        await anext(watching)
        one = conference(organiser=anna.id)
        async with store.write() as rows:
            await meetings.replace(rows, 1, [meeting(anna.id)], NOON)
            await rooms.put(rows, RoomOf("8001", owner=anna.id))
            await conferences.keep(rows, [one])
            await calls.put(rows, [attempt()])
            await attendances.came(rows, Attendance(one.key, "PJSIP/1001-1", "", NOON))
        assert await anext(watching) == set(nouns)
        await watching.aclose()


async def test_every_calendar_of_before_is_read_as_often_and_has_a_book_beside_it(settings: StoreSettings) -> None:
    nouns = ("books", "contacts", "devices")
    async with Store.open(written(settings, "r0004")) as store:
        async with store.read() as rows:
            anna, bo = await users.every(rows)
            assert [(box.refresh, box.calendar) for box in await mailboxes.every(rows)] == [(300, True), (3600, True)]
            hers, his = await books.every(rows)
            assert hers == Book(1, 1, "anna@example.org", owner=anna.id, mailbox=1, refresh=900)
            assert his == Book(2, 1, "bo@example.org", owner=bo.id, mailbox=2, refresh=3600)
            assert await books.progress(rows) == {1: books.Progress(), 2: books.Progress()}
            ours = await organisation.get(rows)
            assert (ours.numbering, ours.outside, ours.dial_in) == (Numbering(), ("00*",), {"sv": "08123450"})
            assert await meetings.every(rows) == (meeting(anna.id),)
            assert await rooms.every(rows) == (RoomOf("8001", owner=anna.id),)
            assert [one.key for one in await conferences.every(rows)] == [conference(organiser=anna.id).key]
            assert await calls.every(rows) == (attempt(),)
            assert len(await attendances.every(rows)) == 1
        watching = store.watch(*nouns)
        await anext(watching)
        async with store.write() as rows:
            await mailboxes.pace(rows, bo.id, None)
            changes = ContactChanges((contact(),), token="token")
            assert await contacts.apply(rows, his.id, changes, day=NOON.date(), epoch=0, now=NOON)
            await devices.add(rows, bo.id, "desk", "snom")
        assert await anext(watching) == set(nouns)
        await watching.aclose()
        async with store.read() as rows:
            assert await contacts.of_book(rows, his.id) == (contact(),)
            assert [box.refresh for box in await mailboxes.of(rows, bo.id)] == [None]


async def test_contacts_and_telephones_of_before_stay_and_somebody_can_sign_in(settings: StoreSettings) -> None:
    nouns = ("audit", "claims", "signins")
    async with Store.open(written(settings, "r0005")) as store:
        async with store.read() as rows:
            anna, bo = await users.every(rows)
            hers, _ = await books.every(rows)
            assert await contacts.of_book(rows, hers.id) == (contact(),)
            assert await devices.of(rows, anna.id) == (Device(1, anna.id, "desk", "snom"),)
            ours = await organisation.get(rows)
            assert ours.numbering == Numbering("SE", "8", "0", 4)
            assert await meetings.every(rows) == (meeting(anna.id),)
            assert await signins.listed(rows) == ()
        watching = store.watch(*nouns)
        await anext(watching)
        async with store.write() as rows:
            entry = await signins.add(rows, anna.id, role=Role.ADMINISTRATOR)
            await signins.invite(rows, entry.id, NOON + HOUR)
            cookie = await sessions.begin(rows, entry.id, NOON, NOON + HOUR, "a browser")
            _, secret = await tokens.add(rows, entry.id, "a program", {Scope.OWN_READ}, NOON, None)
            await claims.put(rows, bo.id, "b@example.org", NOON + HOUR, by_letter=False)
            await audit.note(rows, NOON, "command", "invited", f"signin {entry.id}")
        assert await anext(watching) == set(nouns)
        await watching.aclose()
        async with store.read() as rows:
            assert await signins.by_name(rows, "1001") == entry
            assert await sessions.found(rows, cookie.reveal(), NOON, HOUR) is not None
            assert await tokens.found(rows, secret.reveal(), NOON) is not None
            assert [one.email for one in await claims.waiting(rows, NOON)] == ["b@example.org"]
            assert [one.did for one in await audit.latest(rows, 9)] == ["invited"]


async def test_who_could_sign_in_before_still_can_and_a_letter_can_wait(settings: StoreSettings) -> None:
    async with Store.open(written(settings, "r0006")) as store, store.write() as rows:
        hers, his = (one.signin for one in await signins.listed(rows))
        assert (hers.role, hers.has_password, his.has_password) == (Role.ADMINISTRATOR, True, False)
        assert [one.did for one in await audit.latest(rows, 9)] == ["invited"]
        assert [one.email for one in await claims.waiting(rows, NOON)] == ["b@example.org"]
        assert tuple(await letters.waiting(rows)) == ()
        await letters.want(rows, his.id, NOON)
        assert tuple(await letters.waiting(rows)) == (his.id,)
