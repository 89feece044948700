"""The tables `[directory]` and `[directory.listen.<name>]`: what telephones search, and where it listens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, field_validator, model_validator

from gateway.net.host import Host
from gateway.net.networks import Networks

Tls = Literal["none", "starttls", "ldaps"]
PORTS: Mapping[Tls, int] = {"none": 389, "starttls": 389, "ldaps": 636}
INSIDE = (  # RFC 1918, RFC 4193, and the machine and the link themselves
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?"
_BASE = re.compile(rf"(?:dc|ou)={_VALUE}(?:,(?:dc|o|ou|c|l|cn)={_VALUE})*", re.IGNORECASE)


class DirectorySettings(BaseModel):
    """`host`: by what name or address telephones reach the directory, for their settings. `base`: the top entry's name.

    `anonymous`: networks from which the company's contacts may be read without a password; empty: from nowhere.
    `size_limit`: the most entries of one answer. `time_limit`: the most seconds that a search may take. `idle`: seconds
    after which a connection that says nothing is closed. `connections`: the most from one address at a time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Host
    base: str = "dc=contacts"
    anonymous: Networks = ()
    size_limit: Annotated[int, Field(ge=1, le=5000, strict=True)] = 500
    time_limit: Annotated[int, Field(ge=1, le=60, strict=True)] = 5
    idle: Annotated[int, Field(ge=10, le=86400, strict=True)] = 900
    connections: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 100

    @field_validator("base")
    @classmethod
    def _is_name(cls, base: str) -> str:
        if not _BASE.fullmatch(base):
            raise ValueError("must be a name such as dc=contacts or ou=phones,dc=example,dc=com")
        return re.sub(r"[A-Za-z]+=", lambda attribute: attribute[0].lower(), base)


class ListenSettings(BaseModel):
    """Where connections are taken, and from whom.

    `tls`: "ldaps" from the first byte (port 636), "starttls" (389: no password is taken before the client has asked for
    TLS), or "none" (389). `certificate`, with its chain, and `key`: PEM files, read anew when they change. `networks`:
    others are not talked to; private addresses unless it says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: IPvAnyAddress
    tls: Tls
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] | None = None
    certificate: Path | None = None
    key: Path | None = None
    networks: Networks = Field(default=INSIDE, validate_default=True)

    @model_validator(mode="after")
    def _has_what_tls_needs(self) -> "ListenSettings":
        if self.tls == "none" and (self.certificate or self.key):
            raise ValueError('certificate and key are used with TLS only: tls = "ldaps" or "starttls", or drop them')
        if self.tls != "none" and not (self.certificate and self.key):
            raise ValueError("give certificate and key, two PEM files")
        if not self.networks:
            raise ValueError('name the networks of the telephones, such as "10.1.0.0/16"')
        return self

    @property
    def at(self) -> tuple[str, int]:
        """Address and port."""
        return str(self.address), self.port or PORTS[self.tls]


@dataclass(frozen=True, slots=True)
class Listening:
    """The directory as the file describes it; `listen` by name, at least one."""

    directory: DirectorySettings
    listen: Mapping[str, ListenSettings] = field(default_factory=dict)
