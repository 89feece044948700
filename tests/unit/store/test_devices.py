"""Devices: each has a password of its own, that is always the same, in no file, and ends with it."""

import string
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.contact import Form
from gateway.errors import Refused
from gateway.store import devices, users
from gateway.store.devices import verifier_of
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.store.vault import vault_at
from tests.unit.store.made import person
from tests.unit.store.test_accounts import everything_in


async def test_a_device_is_made_once_and_keeps_its_password(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, person())
        device = await devices.add(rows, user.id, "0004f2aabbcc", "poly")
        password = await devices.password(rows, device)
    async with store.write() as rows:
        again = await devices.add(rows, user.id, "0004f2aabbcc", "yealink", Form.OUTSIDE)
        assert again == replace(device, vendor="yealink", form=Form.OUTSIDE)
        assert await devices.of(rows, user.id) == (again,)
        assert (await devices.password(rows, again)).reveal() == password.reveal()
        assert await devices.every(rows) == ((again, verifier_of(password.reveal().encode())),)
    async with store.write() as rows:
        await devices.add(rows, user.id, "0004f2aabbcc", "yealink", Form.OUTSIDE)
        assert rows.touched == set()


async def test_every_device_has_another_password_of_24_letters_and_digits(store: Store) -> None:
    async with store.write() as rows:
        ids = [(await users.add(rows, person(str(1001 + number)))).id for number in range(5)]
        made = [await devices.add(rows, user, name, "snom") for user in ids for name in ("desk", "lab")]
        passwords = {(await devices.password(rows, device)).reveal() for device in made}
        assert await devices.of(rows, ids[1]) == (made[2], made[3])
    assert len(passwords) == 10
    assert all(len(one) == 24 for one in passwords)
    assert set("".join(passwords)) <= set(string.ascii_letters + string.digits)


async def test_the_password_is_in_no_file_and_survives_a_restart(settings: StoreSettings, tmp_path: Path) -> None:
    async with Store.open(settings) as store, store.write() as rows:
        user = await users.add(rows, person())
        device = await devices.add(rows, user.id, "desk", "snom")
        password = await devices.password(rows, device)
    async with Store.open(settings) as store, store.read() as rows:
        assert (await devices.password(rows, device)).reveal() == password.reveal()
    assert password.reveal().encode() not in everything_in(tmp_path)
    assert verifier_of(password.reveal().encode()) in everything_in(tmp_path)
    assert password.reveal() not in repr(password)


async def test_one_that_got_the_same_id_in_another_database_has_another_password(tmp_path: Path) -> None:
    passwords = set()
    for name in ("lost", "anew"):
        settings = StoreSettings(path=tmp_path / f"{name}.db", key=tmp_path / "the.key")
        async with Store.open(settings) as store, store.write() as rows:
            user = await users.add(rows, person())
            device = await devices.add(rows, user.id, "desk", "snom")
            assert device.id == 1
            passwords.add((await devices.password(rows, device)).reveal())
    assert len(passwords) == 2


async def test_with_another_key_no_password_is_told_that_would_be_refused(tmp_path: Path) -> None:
    settings = [StoreSettings(path=tmp_path / "the.db", key=tmp_path / f"{name}.key") for name in ("own", "other")]
    async with Store.open(settings[0]) as store, store.write() as rows:
        device = await devices.add(rows, (await users.add(rows, person())).id, "desk", "snom")
    vault_at(tmp_path / "other.key")
    async with Store.open(settings[1]) as store, store.read() as rows:
        with pytest.raises(Refused, match=f"telephone {device.id} was made with another key"):
            await devices.password(rows, device)


async def test_a_revoked_device_is_gone_with_its_password(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, person())
        device = await devices.add(rows, user.id, "desk", "snom")
        password = await devices.password(rows, device)
    async with store.write() as rows:
        assert await devices.remove(rows, device.id)
        assert not await devices.remove(rows, device.id)
        assert "devices" in rows.touched
        assert rows.removed
        assert await devices.every(rows) == ()
        assert not await devices.put(rows, device)
        with pytest.raises(Refused, match="no device"):
            await devices.password(rows, device)
        again = await devices.add(rows, user.id, "desk", "snom")
        assert again.id > device.id
        assert (await devices.password(rows, again)).reveal() != password.reveal()


async def test_devices_go_with_their_user_and_the_directory_learns_it(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, person())
        await devices.add(rows, user.id, "desk", "snom")
    async with store.write() as rows:
        await users.remove(rows, user.id)
        assert "devices" in rows.touched
        assert await devices.every(rows) == ()
        with pytest.raises(Refused, match="no user"):
            await devices.add(rows, user.id, "desk", "snom")


async def test_how_numbers_are_shown_can_be_changed(store: Store) -> None:
    async with store.write() as rows:
        user = await users.add(rows, person())
        device = await devices.add(rows, user.id, "desk", "snom")
        assert await devices.put(rows, replace(device, form=Form.E164))
        assert await devices.of(rows, user.id) == (replace(device, form=Form.E164),)
        assert await devices.put(rows, device)
        assert await devices.of(rows, user.id) == (device,)


def test_a_password_depends_on_the_key_and_on_what_it_is_for(tmp_path: Path) -> None:
    vault, other = vault_at(tmp_path / "a.key"), vault_at(tmp_path / "b.key")
    derived = [vault.derive("device 1"), vault.derive("device 2"), other.derive("device 1")]
    assert len({one.reveal() for one in derived}) == 3
    assert vault_at(tmp_path / "a.key").derive("device 1") == derived[0]


def test_the_derivation_stays_as_it_is(tmp_path: Path) -> None:
    """Phones out there have these passwords."""
    (tmp_path / "a.key").touch(0o600)
    (tmp_path / "a.key").write_bytes(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n")
    assert vault_at(tmp_path / "a.key").derive("device 1").reveal() == "0awSLLB30CAqSeqzDyEzo61A"
