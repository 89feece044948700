"""Accounts: passwords lie sealed, and only the right key opens them."""

import os
from pathlib import Path

import pytest

from gateway.domain.secret import Secret
from gateway.errors import Misconfigured, Refused
from gateway.store import accounts, mailboxes
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.store.vault import vault_at
from tests.unit.store.made import account, someone

PASSWORD = Secret("correct horse battery")


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


async def test_a_password_comes_back_and_is_in_no_file(store: Store, tmp_path: Path) -> None:
    async with store.write() as rows:
        added = await accounts.add(rows, account(password=PASSWORD))
    async with store.read() as rows:
        found = await accounts.every(rows)
        assert [(one.id, one.password.reveal()) for one in found] == [(added.id, PASSWORD.reveal())]
        assert [one.password.reveal() for one in await accounts.listed(rows)] == [""]
    assert b"reader" in everything_in(tmp_path)
    assert PASSWORD.reveal().encode() not in everything_in(tmp_path)


async def test_another_password_takes_the_place_of_the_first(store: Store) -> None:
    async with store.write() as rows:
        added = await accounts.add(rows, account())
        assert await accounts.put_password(rows, added.id, PASSWORD)
        assert not await accounts.put_password(rows, added.id + 1, PASSWORD)
        assert [one.password for one in await accounts.every(rows)] == [PASSWORD]


async def test_a_login_is_one_account_at_a_source(store: Store) -> None:
    async with store.write() as rows:
        await accounts.add(rows, account())
        await accounts.add(rows, account(source="school"))
        with pytest.raises(Refused, match="reader at office"):
            await accounts.add(rows, account())


async def test_a_removed_account_takes_its_mailboxes_along(store: Store) -> None:
    async with store.write() as rows:
        _, mailbox = await someone(rows)
        assert await accounts.remove(rows, mailbox.account)
        assert await mailboxes.every(rows) == ()
        assert not await accounts.remove(rows, mailbox.account)


async def test_another_key_is_told_with_the_account_and_without_the_password(settings: StoreSettings) -> None:
    async with Store.open(settings) as store, store.write() as rows:
        await accounts.add(rows, account())
    settings.key_path.unlink()
    vault_at(settings.key_path)
    async with Store.open(settings) as store, store.read() as rows:
        with pytest.raises(Misconfigured, match="reader at office"):
            await accounts.every(rows)


async def test_a_lost_key_is_told_and_not_made_anew(settings: StoreSettings) -> None:
    async with Store.open(settings):
        pass
    settings.key_path.unlink()
    with pytest.raises(Misconfigured, match="is missing"):
        async with Store.open(settings):
            pass
    assert not settings.key_path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    key = tmp_path / "key"
    vault_at(key)
    key.chmod(mode)
    with pytest.raises(Misconfigured) as refused:
        vault_at(key)
    assert refused.value.remedy == f"chmod 600 {key}"


def test_a_key_file_without_a_key_is_told(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("nonsense")
    key.chmod(0o600)
    with pytest.raises(Misconfigured, match="holds no key"):
        vault_at(key)


def test_a_new_key_is_never_open_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        vault_at(tmp_path / "key")
    finally:
        os.umask(before)
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [("key", 0o600)]
