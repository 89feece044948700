"""Telephones that may search the directory: one more, one less, what it is called, and its settings to look at.

Every change is noted for administrators, and so is every look at settings: they hold the telephone's password.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.deciding import given
from gateway.deciding.by import By
from gateway.deciding.installation import Reach
from gateway.deciding.telephones import assigned, settings_for, typed_in
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.user import User
from gateway.errors import Refused
from gateway.planning.handsets import UNKNOWN, Profile, file_name, mac_of
from gateway.store import audit, devices
from gateway.store.rows import Rows

MOST = 20  # of one user: with each sign-in on a telephone, the passwords of all are compared
SHOWN = "phone settings shown"  # for the audit log
ESSENTIALS = ("server", "port", "encryption", "base", "user", "password")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The settings of one telephone, its password among them. `file`: under which name it asks for `text`.

    `values`: what is typed in where no file is loaded, by the names in `ldap/phones/other.txt`. `is_xml`: what the file
    is made of. `is_secret`: nobody on the way can read what the telephone sends.
    """

    file: str
    text: str
    values: tuple[tuple[str, str], ...]
    is_xml: bool
    is_secret: bool

    @property
    def code(self) -> str:
        """What a QR code holds: the values without which nothing is found, a line each."""
        return "".join(f"{name} = {value}\n" for name, value in self.values if name in ESSENTIALS)

    def __repr__(self) -> str:
        """Say which it is, and no more."""
        return f"Sheet({self.file!r})"


def called(field: str, value: str) -> str:
    """What a telephone is called: a MAC address, however it is written, or any text."""
    name = given.text(field, value)
    if not name:
        raise given.wrong(field, value, "is empty", "give the telephone a name")
    return mac_of(name) or name


def mac(field: str, value: str) -> str:
    """What a telephone is called: a MAC address."""
    found = mac_of(value)
    if found is None:
        raise given.wrong(field, value, "is no MAC address", "give 12 digits from 0 to f, such as 00:04:f2:aa:bb:cc")
    return found


async def own(rows: Rows, user: int, device: int) -> Device | None:
    """Return a user's telephone by its id, None: there is none, or it is somebody else's."""
    return next((one for one in await devices.of(rows, user) if one.id == device), None)


async def add_own(rows: Rows, by: By, user: User, name: str, profile: Profile, form: Form | None) -> Device:
    """Let one more telephone of somebody's search, who says so themselves.

    Raises `Refused` where they have one of this name or too many, and for a MAC address of somebody else's telephone:
    only an administrator may take that away.
    """
    mine = await devices.of(rows, user.id)
    if any(one.name == name for one in mine):
        raise Refused("you have a telephone of this name already", "choose another name", field="name")
    if len(mine) >= MOST:
        raise Refused("you have {most} telephones already", "remove one of them first", most=MOST)
    if mac_of(name) and await devices.named(rows, name):
        remedy = "an administrator can give it to you"
        raise Refused("this MAC address is that of somebody else's telephone", remedy, field="name")
    return (await add(rows, by, user, name, profile, form))[0]


async def add(
    rows: Rows, by: By, user: User, name: str, profile: Profile, form: Form | None
) -> tuple[Device, Sequence[Device]]:
    """Return the user's telephone of this name, new or not, and those of others that are gone for it."""
    known = await devices.named(rows, name)
    device, gone = await assigned(rows, known, user, name, profile.key, form)
    for one in gone:
        await audit.note(rows, by.now, by.who, "phone revoked", f"device {one.id}")
    if device.id not in {one.id for one in known}:
        await audit.note(rows, by.now, by.who, "phone added", f"device {device.id}")
    return device, gone


async def change(rows: Rows, by: By, device: Device, profile: Profile | None, form: Form | None) -> Device:
    """Let a telephone be of another maker (None: of the same), or show numbers so (None: as the organisation).

    Its password stays.
    """
    changed = replace(device, vendor=profile.key if profile else device.vendor, form=form)
    if changed != device and await devices.put(rows, changed):
        await audit.note(rows, by.now, by.who, "phone changed", f"device {device.id}")
    return changed


async def revoke(rows: Rows, by: By, device: Device) -> None:
    """Let a telephone search no more: its password ends at once, and for good."""
    if await devices.remove(rows, device.id):
        await audit.note(rows, by.now, by.who, "phone revoked", f"device {device.id}")


async def revoke_all(rows: Rows, by: By, user: User) -> None:
    """Let no telephone of somebody search any more."""
    for device in await devices.of(rows, user.id):
        await revoke(rows, by, device)


async def note_shown(rows: Rows, by: By, device: Device) -> None:
    """Note that somebody has seen the settings of a telephone."""
    await audit.note(rows, by.now, by.who, SHOWN, f"device {device.id}")


async def note_written(rows: Rows, by: By, many: int, added: int, gone: Sequence[Device]) -> None:
    """Note that settings of `many` telephones were written at once, `added` of them new; one entry for these all."""
    for one in gone:
        await audit.note(rows, by.now, by.who, "phone revoked", f"device {one.id}")
    await audit.note(rows, by.now, by.who, SHOWN, f"{many} shown, {added} added")


async def show(rows: Rows, by: By, where: Reach, profile: Profile, typed: Profile, user: User, device: Device) -> Sheet:
    """Return the settings of a telephone. `typed`: the profile of what is typed in by hand ("other").

    Raises `Misconfigured` where telephones of this maker are served nowhere, `Refused` when its password is lost.
    """
    listener = where.of(profile)
    text = await settings_for(rows, where, profile, user, device)
    values = await typed_in(rows, where, typed, listener, user, device)
    await note_shown(rows, by, device)
    file = file_name(profile, mac_of(device.name) or UNKNOWN)
    return Sheet(file, text, values, profile.is_xml, is_secret=listener.tls != "none")
