"""Settings files for telephones that search the directory: what a maker's telephones need, and the file for one. Pure.

What is known of each maker is data: `ldap/phones/vendors.toml`, and a template per maker beside it, in which
`{{name}}` stands for a value. The same values always give the same text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from xml.sax.saxutils import escape

from gateway.domain.secret import Secret

Tls = Literal["none", "starttls", "ldaps"]

SAFEST: tuple[Tls, ...] = ("ldaps", "starttls", "none")
UNKNOWN = "0" * 12  # stands where a telephone's MAC address is not known
_VALUE = re.compile(r"\{\{(\w+)\}\}")
_MAC = re.compile(r"[0-9a-f]{12}")
_BETWEEN = re.compile(r"[\s:.-]")


@dataclass(frozen=True, slots=True)
class Profile:
    """What telephones of one maker need. `key` names it, `title` is shown.

    `file`: the name under which they ask for their settings, with `{mac}` or `{MAC}`. `template`: the settings.
    `tls`: how they can be secured, each with the words that the template needs for it. `longest`: characters that a
    value may have, None: not known.
    """

    key: str
    title: str
    file: str
    template: str
    is_xml: bool
    tls: Mapping[Tls, Mapping[str, str]]
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and port on which the directory can be reached, and how it is secured there."""

    address: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True)
class Access:
    """How one telephone reaches the directory: `host` and `base` as in the settings file, `user` it signs in as.

    `extension` is its owner's, and does as `user` too. `mac` as `mac_of` gives it.
    """

    host: str
    base: str
    user: str
    extension: str
    password: Secret
    mac: str = UNKNOWN


def profile(key: str, told: Mapping[str, object], template: str) -> Profile:
    """Make a profile out of its table in `vendors.toml`. Raises `ValueError`, saying what is wrong."""
    tls, longest = told.get("tls"), told.get("longest")
    if not isinstance(tls, dict) or not tls or not tls.keys() <= set(SAFEST):
        raise ValueError(f"{key}: tls names none, starttls or ldaps")
    if told.get("escape") not in ("xml", "lines") or not isinstance(longest, int | None):
        raise ValueError(f"{key}: escape is xml or lines, longest a number")
    words = {mode: dict(tls[mode]) for mode in SAFEST if mode in tls}
    made = Profile(key, str(told["title"]), str(told["file"]), template, told["escape"] == "xml", words, longest)
    some = Access("host", "base", "user", "1", Secret("password"))
    for mode in words:
        settings(made, Listener("", 1, mode), some)
    return made


def best(profile: Profile, listeners: Iterable[Listener]) -> Listener | None:
    """Return where telephones of a maker are served best: secured from the start, then StartTLS, then not at all.

    None: nowhere. What listens on this machine alone comes last.
    """
    fitting = [listener for listener in listeners if listener.tls in profile.tls]
    return min(fitting, key=lambda one: (_is_local(one), SAFEST.index(one.tls), one.port), default=None)


def settings(profile: Profile, listener: Listener, access: Access) -> str:
    """Return the settings of one telephone.

    Raises `ValueError`, naming the value, for one that the file or the telephone cannot hold.
    """
    values = {
        "host": access.host,
        "port": str(listener.port),
        "base": access.base,
        "user": access.user,
        "extension": access.extension,
        "password": access.password.reveal(),
        "mac": access.mac,
        "MAC": access.mac.upper(),
        **profile.tls[listener.tls],
    }

    def value(place: re.Match[str]) -> str:
        name = place[1]
        if name not in values:
            raise ValueError(f"the template of {profile.key} asks for {name}, which there is not")
        return _written(name, values[name], profile)

    return _VALUE.sub(value, profile.template)


def file_name(profile: Profile, mac: str) -> str:
    """Return the name under which the telephone with this MAC address asks for its settings."""
    return profile.file.format(mac=mac, MAC=mac.upper())


def mac_of(text: str) -> str | None:
    """Return a MAC address as 12 digits ("0004f2aabbcc"), however it is written; None: it is none."""
    bare = _BETWEEN.sub("", text).lower()
    return bare if _MAC.fullmatch(bare) else None


def _written(name: str, value: str, profile: Profile) -> str:
    """Return a value as it is written in the template's format: between XML's signs, or to the end of a line."""
    if not value.isprintable() or value != value.strip():
        raise ValueError(f"{name} has characters that no setting can have")
    if profile.longest is not None and len(value) > profile.longest:
        raise ValueError(f"{name} is longer than the {profile.longest} characters that {profile.title} takes")
    return escape(value, {'"': "&quot;"}) if profile.is_xml else value


def _is_local(listener: Listener) -> bool:
    return bool(listener.address) and ip_address(listener.address).is_loopback
