"""The table `[sources.<name>]` with `kind = "active-directory"`."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.net.trust import Minimum, Pin


class ActiveDirectorySettings(BaseModel):
    """Where a domain controller is, and which of its entries are a company's book.

    `url`: ldaps://host, or ldap://host, which begins with StartTLS; with `start_tls = false` the password is sent in
    clear. `base`: the DN below which entries are read; none: the whole domain (`defaultNamingContext`). `filter`: which
    entries (RFC 4515); none: users that are not disabled, and contacts, with any number. `ca`: a PEM file; `pin`: the
    SHA-256 of the server's certificate alone, 64 hex digits; neither: the system's authorities. `tls_minimum`: lower
    than "1.2" only for an old Windows. `refresh`: seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["active-directory"] = "active-directory"
    url: str
    start_tls: bool = True
    base: str | None = None
    filter: str | None = None
    ca: Path | None = None
    pin: Pin | None = None
    tls_minimum: Minimum = "1.2"
    refresh: Annotated[int, Field(ge=60, le=86400, strict=True)] = 900

    @field_validator("url")
    @classmethod
    def _is_ldap_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or not value.isprintable() or " " in value:
            raise ValueError("must begin with ldaps:// or ldap:// and a host name")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not hold a user name or a password: they belong to an account")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must end after host and port: base and filter have keys of their own")
        if parts.port == 0:
            raise ValueError("port out of range 1-65535")
        return value

    @field_validator("base", "filter")
    @classmethod
    def _is_something(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or not value.isprintable()):
            raise ValueError("must not be empty, nor hold what cannot be seen")
        return value

    @field_validator("filter")
    @classmethod
    def _is_in_brackets(cls, value: str | None) -> str | None:
        if value is not None and (value[0] != "(" or value[-1] != ")" or value.count("(") != value.count(")")):
            raise ValueError(r"must stand in brackets, as many ( as ); those of a value are written \28 and \29")
        return value

    @model_validator(mode="after")
    def _is_one_trust(self) -> "ActiveDirectorySettings":
        if self.ca and self.pin:
            raise ValueError("keep one of ca and pin: a pin trusts that one certificate alone")
        return self

    @property
    def host(self) -> str:
        """The host of the server."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port: 636, or 389 for ldap://."""
        return urlsplit(self.url).port or (636 if self.is_ldaps else 389)

    @property
    def is_ldaps(self) -> bool:
        """Whether TLS begins with the connection."""
        return urlsplit(self.url).scheme == "ldaps"

    @property
    def is_clear(self) -> bool:
        """Whether the password is sent in clear."""
        return not self.is_ldaps and not self.start_tls
