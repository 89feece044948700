"""The table `[sources.<name>]` with `kind = "exchange"`."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.net.trust import Minimum, Pin


class EwsSettings(BaseModel):
    """Where an Exchange server is, and how an account reads other people's calendars there.

    `url`: of Exchange Web Services, such as https://mail.example.com/EWS/Exchange.asmx. `domain`: Autodiscover
    starts there. Neither: at the domain of a service account's login, or of the address of who has an own account.
    `access`: a service account reads what is shared with it ("delegation"), or acts as each person
    ("impersonation", the role ApplicationImpersonation). `sign_in`: "any" takes what the server offers. `ca`: a PEM
    file; `pin`: the SHA-256 of the server's certificate alone, 64 hex digits; neither: the system's authorities.
    `tls_minimum`: lower than "1.2" only for an old Windows. `refresh`: seconds. `connections`: requests at once per
    account; as many wrong sign-ins at worst, when its password has changed. `streams`: streaming connections per
    account (Exchange allows 3), 0: none, calendars are asked each `refresh`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["exchange"] = "exchange"
    url: str | None = None
    domain: str | None = None
    access: Literal["delegation", "impersonation"] = "delegation"
    sign_in: Literal["any", "ntlm", "basic"] = "any"
    ca: Path | None = None
    pin: Pin | None = None
    tls_minimum: Minimum = "1.2"
    refresh: Annotated[int, Field(ge=10, le=86400, strict=True)] = 60
    connections: Annotated[int, Field(ge=1, le=8, strict=True)] = 4
    streams: Annotated[int, Field(ge=0, le=10, strict=True)] = 3

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("must begin with https:// (or http:// inside one machine) and a host name")
            if not value.isprintable() or " " in value or parts.query or parts.fragment:
                raise ValueError("must not hold spaces, ?, # or anything that cannot be seen")
            if parts.username is not None or parts.password is not None:
                raise ValueError("must not hold a user name or a password: they belong to an account")
            if parts.path.strip("/") == "":
                return f"{parts.scheme}://{parts.netloc}/EWS/Exchange.asmx"
        return value

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str | None) -> str | None:
        if value is not None and (not value or any(c in value for c in "/:@ ")):
            raise ValueError("must be a bare domain, such as example.com")
        return value

    @model_validator(mode="after")
    def _is_one_place(self) -> "EwsSettings":
        if self.url and self.domain:
            raise ValueError("keep one of url and domain")
        if self.ca and self.pin:
            raise ValueError("keep one of ca and pin: a pin trusts that one certificate alone")
        return self
