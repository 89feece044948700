"""Telephones that may search the directory."""

from dataclasses import dataclass

from gateway.domain.contact import Form


@dataclass(frozen=True, slots=True)
class Device:
    """One telephone of a user, with a password of its own, which ends with it.

    `name`: what tells it from the user's others, a MAC address ("0004f2aabbcc") where settings are made for one.
    `vendor`: a key of `ldap/phones`. `form`: how numbers are shown on it, None: as the organisation has them.
    """

    id: int
    user: int
    name: str
    vendor: str
    form: Form | None = None
