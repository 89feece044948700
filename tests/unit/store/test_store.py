"""The database, opened: made at the first start, refused to a second gateway, watched."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Misconfigured, Refused, RetryLater
from gateway.store import diversions, entrance, health, news, switches, users
from gateway.store.migrate import NEWEST, revision
from gateway.store.rows import Rows
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from tests.unit.store.made import NOON, diversion, person


async def test_the_first_start_makes_database_and_key_for_their_owner_alone(settings: StoreSettings) -> None:
    async with Store.open(settings):
        pass
    assert settings.path.stat().st_mode & 0o777 == 0o600
    assert settings.key_path.stat().st_mode & 0o777 == 0o600


async def test_what_was_written_is_there_after_a_restart(settings: StoreSettings) -> None:
    async with Store.open(settings) as store, store.write() as rows:
        added = await users.add(rows, person())
    async with Store.open(settings) as store, store.read() as rows:
        assert await users.every(rows) == (added,)


async def test_an_exception_undoes_the_transaction(store: Store) -> None:
    async def half() -> None:
        async with store.write() as rows:
            await users.add(rows, person())
            await users.add(rows, person())

    with pytest.raises(Refused):
        await half()
    async with store.read() as rows:
        assert await users.every(rows) == ()


async def test_a_second_gateway_is_refused_while_the_first_runs_and_commands_are_not(settings: StoreSettings) -> None:
    async with Store.open(settings, alone=True):
        with pytest.raises(Refused, match="already runs"):
            async with Store.open(settings, alone=True):
                pass
        async with Store.open(settings) as beside, beside.write() as rows:
            await users.add(rows, person())
    async with Store.open(settings, alone=True):
        pass


async def test_the_migrations_make_the_tables_that_the_statements_expect(store: Store) -> None:
    def difference(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), entrance.signins.metadata))

    async with store.read() as rows:
        assert await rows.connection.run_sync(difference) == []


async def test_the_newest_revision_is_the_one_that_a_new_database_gets(store: Store) -> None:
    async with store.read() as rows:
        assert await rows.connection.run_sync(revision) == NEWEST


async def test_a_database_of_a_newer_ringplan_is_left_alone(settings: StoreSettings) -> None:
    async with Store.open(settings) as store, store.write() as rows:
        await rows.run(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="9999"):
        async with Store.open(settings):
            pass


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be looked at" * 10])
async def test_a_file_that_is_no_database_is_named(settings: StoreSettings, content: bytes) -> None:
    async with Store.open(settings):
        pass
    settings.path.write_bytes(content)
    with pytest.raises(Misconfigured, match="cannot be used as a database"):
        async with Store.open(settings):
            pass


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="file"):
        async with Store.open(StoreSettings(path=tmp_path / "file" / "ringplan.db")):
            pass


async def test_a_watcher_is_told_what_changed_and_only_what_it_asked_for(store: Store) -> None:
    watching = store.watch("users", "switches")
    assert await anext(watching) == {"users", "switches"}
    async with store.write() as rows:
        await health.put(rows, "gateway", ok=True, now=NOON)
    async with store.write() as rows:
        await users.add(rows, person())
    async with asyncio.timeout(60):
        assert await anext(watching) == {"users"}
    await watching.aclose()


async def test_a_watcher_is_told_what_another_process_changed(store: Store, settings: StoreSettings) -> None:
    watching = store.watch("switches")
    await anext(watching)
    async with Store.open(settings) as other, other.write() as rows:
        await switches.turn_off(rows, NOON)
    async with asyncio.timeout(60):
        assert await anext(watching) == {"switches"}
    await watching.aclose()


async def test_writers_of_two_processes_wait_for_each_other(store: Store, settings: StoreSettings) -> None:
    async with Store.open(settings) as other:

        async def add(through: Store, first: int) -> None:
            for number in range(first, first + 20):
                async with through.write() as rows:
                    await users.add(rows, person(str(number)))

        async with asyncio.TaskGroup() as both:
            both.create_task(add(store, 1000))
            both.create_task(add(other, 2000))
    async with store.read() as rows:
        assert len(await users.every(rows)) == 40


async def test_very_many_can_watch_at_once(store: Store, settings: StoreSettings) -> None:
    watching = [store.watch("switches") for _ in range(200)]
    for one in watching:
        assert await anext(one) == {"switches"}
    async with store.write() as rows:
        await switches.turn_off(rows, NOON)
    async with asyncio.timeout(60):
        assert [await anext(one) for one in watching] == [{"switches"}] * 200
    async with Store.open(settings) as other, other.write() as rows:
        await switches.turn_on(rows)
    async with asyncio.timeout(60):
        assert [await anext(one) for one in watching] == [{"switches"}] * 200
    for one in watching:
        await one.aclose()


async def test_a_change_is_told_once(store: Store) -> None:
    watching = store.watch("switches", "users")
    await anext(watching)
    async with store.write() as rows:
        await switches.turn_off(rows, NOON)
    assert await anext(watching) == {"switches"}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await anext(watching)


async def test_a_watcher_hears_that_the_database_cannot_be_asked_and_can_watch_again(
    store: Store, settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = store.watch("switches")
    await anext(watching)

    async def fails(_: AsyncConnection) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(news, "data_version", fails)
        with pytest.raises(RetryLater, match="disk I/O error"):
            async with asyncio.timeout(60):
                await anext(watching)
    again = store.watch("switches")
    assert await anext(again) == {"switches"}
    async with Store.open(settings) as other, other.write() as rows:
        await switches.turn_off(rows, NOON)
    async with asyncio.timeout(60):
        assert await anext(again) == {"switches"}
    await again.aclose()


async def test_an_error_of_the_database_is_told_without_values(store: Store) -> None:
    with pytest.raises(IntegrityError) as refused:
        await written(store, lambda rows: diversions.replace(rows, 7, [diversion(7, text="hemma med Alva")], NOON))
    assert "INSERT INTO diversions" in str(refused.value)
    assert "Alva" not in str(refused.value)
    with pytest.raises(RetryLater, match="no such table") as failed:
        await written(store, lambda rows: rows.run(text("DELETE FROM nowhere")))
    assert failed.value.remedy


async def written(store: Store, work: Callable[[Rows], Awaitable[object]]) -> None:
    async with store.write() as rows:
        await work(rows)


async def test_the_file_is_prepared_to_forget(store: Store) -> None:
    async with store.read() as rows:
        assert (await rows.run(text("PRAGMA secure_delete"))).scalar() == 1
        assert (await rows.run(text("PRAGMA foreign_keys"))).scalar() == 1
        assert (await rows.run(text("PRAGMA journal_mode"))).scalar() == "wal"


async def test_a_reader_in_the_way_of_the_wal_delays_the_cut_until_the_next_write(
    store: Store, settings: StoreSettings
) -> None:
    wal = settings.path.with_name("ringplan.db-wal")
    async with store.write() as rows:
        added = await users.add(rows, person())
    reader = sqlite3.connect(settings.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM users").fetchall()
    async with store.write() as rows:
        await users.remove(rows, added.id)
    assert not await store.tidy()
    reader.close()
    assert await store.tidy()
    assert wal.stat().st_size == 0


async def test_what_a_command_could_not_take_out_of_the_files_the_gateway_does(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.store.APART", 0.0)
    wal = settings.path.with_name("ringplan.db-wal")
    async with Store.open(settings, alone=True) as gateway:
        async with gateway.write() as rows:
            added = await users.add(rows, person())
        watching = gateway.watch("users")
        await anext(watching)
        reader = sqlite3.connect(settings.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM users").fetchall()
        async with Store.open(settings) as command, command.write() as rows:
            await users.remove(rows, added.id)
        reader.close()
        async with asyncio.timeout(60):
            await anext(watching)
        await watching.aclose()
        assert wal.stat().st_size > 0
        assert await gateway.tidy()
        assert wal.stat().st_size == 0
