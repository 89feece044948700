"""Devices: telephones that may search the directory, each with a password of its own.

The password is derived from the key file, the device's id and a salt that it got when it was made: an id that is given
once more, after a database was lost or put back from a backup, has another password. Kept is a verifier alone, the
password's SHA-256: 142 random bits cannot be guessed, however quickly guesses are tried, so that a slow hash would slow
down nobody but the directory.
"""

import hashlib
import secrets

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.secret import Secret
from gateway.errors import Refused
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.devices.c
SALT = 16  # bytes
NOTHING = b""


async def every(rows: Rows) -> tuple[tuple[Device, bytes], ...]:
    """Return all devices, each with the verifier of its password."""
    found = await rows.all(select(tables.devices).order_by(COLUMN.id))
    return tuple((_device(row), row["verifier"]) for row in found)


async def of(rows: Rows, user: int) -> tuple[Device, ...]:
    """Return one user's devices."""
    found = await rows.all(select(tables.devices).where(COLUMN.user == user).order_by(COLUMN.id))
    return tuple(_device(row) for row in found)


async def named(rows: Rows, name: str) -> tuple[Device, ...]:
    """Return everybody's devices of this name: of a MAC address, at most one."""
    found = await rows.all(select(tables.devices).where(COLUMN.name == name).order_by(COLUMN.id))
    return tuple(_device(row) for row in found)


async def add(rows: Rows, user: int, name: str, vendor: str, form: Form | None = None) -> Device:
    """Return the user's device of this name, made where there is none; `vendor` and `form` become as they are here.

    One that is there keeps its password. Raises `Refused` when there is no such user.
    """
    known = await rows.first(select(tables.devices).where(COLUMN.user == user, COLUMN.name == name))
    if known is not None:
        device = Device(known["id"], user, name, vendor, form)
        await put(rows, device)
        return device
    if await rows.first(select(tables.users.c.id).where(tables.users.c.id == user)) is None:
        raise Refused(f"there is no user {user}", "ringplan users list names them")
    columns = {"user": user, "name": name, "vendor": vendor, "form": form and form.value}
    salt = secrets.token_bytes(SALT)
    new = await rows.insert(insert(tables.devices).values(columns | {"salt": salt, "verifier": NOTHING}))
    device = Device(new, user, name, vendor, form)
    verifier = verifier_of(_derived(rows, new, salt).reveal().encode())
    await rows.run(update(tables.devices).where(COLUMN.id == new).values(verifier=verifier))
    rows.touch("devices")
    return device


async def put(rows: Rows, device: Device) -> bool:
    """Change a device's `vendor` and `form`; its password stays. False: it is gone."""
    known = await rows.first(select(tables.devices).where(COLUMN.id == device.id))
    if known is None:
        return False
    if _device(known) != device:
        changed = {"vendor": device.vendor, "form": device.form and device.form.value}
        await rows.run(update(tables.devices).where(COLUMN.id == device.id).values(changed))
        rows.touch("devices")
    return True


async def remove(rows: Rows, device: int) -> bool:
    """Remove a device, and with it its password for good; False: there is none."""
    return await rows.remove(delete(tables.devices).where(COLUMN.id == device), "devices") > 0


async def password(rows: Rows, device: Device) -> Secret:
    """Return the password of a device: the same each time.

    Raises `Refused` when the device is gone, or was made with another key: it would not be let in with what comes out.
    """
    known = await rows.first(select(COLUMN.salt, COLUMN.verifier).where(COLUMN.id == device.id))
    if known is None:
        raise Refused(f"there is no device {device.id}", "ringplan phones list names them")
    derived = _derived(rows, device.id, known["salt"])
    if verifier_of(derived.reveal().encode()) != known["verifier"]:
        remedy = "put the key of this database back, or ringplan phones revoke {device} and add it anew"
        raise Refused("the password of telephone {device} was made with another key file", remedy, device=device.id)
    return derived


def verifier_of(password: bytes) -> bytes:
    """Return what is kept of a password, to compare with (hmac.compare_digest): 32 bytes."""
    return hashlib.sha256(password).digest()


def _derived(rows: Rows, device: int, salt: bytes) -> Secret:
    return rows.vault.derive(f"device {device} {salt.hex()}")


def _device(row: RowMapping) -> Device:
    form = row["form"]
    return Device(row["id"], row["user"], row["name"], row["vendor"], None if form is None else Form(form))
