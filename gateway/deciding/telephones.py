"""One telephone of a user and its settings: the device in the store, and the file that it asks for."""

from collections.abc import Iterable

from gateway.deciding.installation import Installation, Reach
from gateway.domain.contact import Form
from gateway.domain.device import Device
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.planning.handsets import UNKNOWN, Access, Listener, Profile, mac_of, settings
from gateway.store import devices
from gateway.store.rows import Rows


def reach(installation: Installation) -> Reach:
    """Return where the directory is reached. Raises `Misconfigured` when there is none."""
    if installation.directory is None:
        raise Misconfigured(
            "there is no directory that telephones could search",
            "add [directory] with host to the settings, and [directory.listen.<name>] with address and tls",
        )
    return installation.directory


async def assigned(
    rows: Rows, known: Iterable[Device], user: User, name: str, vendor: str, form: Form | None = None
) -> tuple[Device, tuple[Device, ...]]:
    """Return the user's device of this name, made where there is none; and those of other users that are gone for it.

    `known`: all devices of this name. A MAC address is one telephone's: with whoever had it before, its password must
    go. `form` None: as it was. Raises `Misconfigured` for a user who does not take part.
    """
    if not user.enabled:
        raise out_of_it(user)
    own = next((device for device in known if device.user == user.id), None)
    gone = tuple(device for device in known if device.user != user.id) if mac_of(name) else ()
    for device in gone:
        await devices.remove(rows, device.id)
    if own is not None and own.vendor == vendor and form in (None, own.form):
        return own, gone
    kept = own.form if own else None
    return await devices.add(rows, user.id, name, vendor, form or kept), gone


def out_of_it(user: User) -> Misconfigured:
    """Return the error for a telephone of somebody who does not take part."""
    remedy = "ringplan users set {extension} --enable"
    return Misconfigured("{extension} does not take part, and could not sign in", remedy, extension=user.extension)


async def settings_for(rows: Rows, reach: Reach, profile: Profile, user: User, device: Device) -> str:
    """Return the settings of one telephone. Raises `Misconfigured` for what they cannot say."""
    return written(reach, profile, user, device.name, await devices.password(rows, device))


async def typed_in(
    rows: Rows, reach: Reach, typed: Profile, at: Listener, user: User, device: Device
) -> tuple[tuple[str, str], ...]:
    """Return what is typed into a telephone that reaches the directory `at`, by name; `typed` is the profile for it.

    Raises `Misconfigured` for what cannot be typed.
    """
    text = written(reach, typed, user, device.name, await devices.password(rows, device), at)
    lines = (line.partition(" = ") for line in text.splitlines() if not line.startswith("#"))
    return tuple((name, value) for name, sign, value in lines if sign)


def written(reach: Reach, profile: Profile, user: User, name: str, password: Secret, at: Listener | None = None) -> str:
    """Return the settings of a telephone with this password; `at` None: where its maker's are served best.

    Raises `Misconfigured` for what they cannot say.
    """
    whose = f"uid={user.id},ou=people,{reach.base}"
    access = Access(reach.host, reach.base, whose, user.extension, password, mac_of(name) or UNKNOWN)
    try:
        return settings(profile, at or reach.of(profile), access)
    except ValueError as error:
        raise Misconfigured(
            "{title}: {said}", "change it in [directory] of the settings", title=profile.title, said=str(error)
        ) from error
