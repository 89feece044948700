"""The table `[sources.<name>]` with `kind = "caldav"`."""

from pathlib import Path
from string import Formatter
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.net.trust import Minimum, Pin

PLACES = frozenset({"address", "local", "login"})


class CalDavSettings(BaseModel):
    """Where a CalDAV server is, and where people's calendars lie on it.

    `url`: the server, or any collection or principal on it. `domain`: found by DNS and `.well-known` (RFC 6764).
    Neither: the domain of the account's login or of the mailbox's address. `calendars`, `contacts`: the path of a
    person's calendars and address books, for a service account (or a server without principals), with `{address}`,
    `{local}` (the part of the address before @) and `{login}` (the account's). `ca`: a PEM file; `pin`: the SHA-256 of
    the server's certificate alone, 64 hex digits; neither: the system's authorities. `tls_minimum`: lower than "1.2"
    only for an old server. `refresh`: seconds. `connections`: at most so many at once per account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["caldav"] = "caldav"
    url: str | None = None
    domain: str | None = None
    calendars: str | None = None
    contacts: str | None = None
    ca: Path | None = None
    pin: Pin | None = None
    tls_minimum: Minimum = "1.2"
    refresh: Annotated[int, Field(ge=10, le=86400, strict=True)] = 60
    connections: Annotated[int, Field(ge=1, le=64, strict=True)] = 8

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname or not _is_host(parts.hostname):
                raise ValueError("must begin with https:// (or http:// inside one machine) and a host name")
            if not value.isprintable() or " " in value:
                raise ValueError("must not hold spaces, nor anything that cannot be seen")
            if parts.port == 0:
                raise ValueError("port out of range 1-65535")
            if parts.username is not None or parts.password is not None:
                raise ValueError("must not hold a user name or a password: they belong to an account")
            if parts.query or parts.fragment:
                raise ValueError("must not hold ? or #")
        return value

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str | None) -> str | None:
        if value is not None and (not value or any(c in value for c in "/:@ ") or not _is_host(value)):
            raise ValueError("must be a bare domain, such as example.com")
        return value

    @field_validator("calendars", "contacts")
    @classmethod
    def _is_template(cls, value: str | None) -> str | None:
        if value is not None:
            if not value.startswith("/"):
                raise ValueError("must be a path that begins with /")
            fields = [(name, spec, mark) for _, name, spec, mark in Formatter().parse(value) if name is not None]
            if any(name not in PLACES or spec or mark for name, spec, mark in fields):
                raise ValueError("may hold {address}, {local} and {login}, nothing else in braces")
        return value

    @model_validator(mode="after")
    def _is_one_place(self) -> "CalDavSettings":
        if self.url and self.domain:
            raise ValueError("keep one of url and domain")
        if self.ca and self.pin:
            raise ValueError("keep one of ca and pin: a pin trusts that one certificate alone")
        return self


def _is_host(name: str) -> bool:
    try:
        return bool(name.encode("idna")) and name.isprintable()
    except UnicodeError:
        return False
