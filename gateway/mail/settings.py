"""The table `[mail]`: through which server letters are sent."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gateway.domain.secret import Secret, concealed
from gateway.net.host import Host
from gateway.net.trust import Minimum, Pin

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)  # RFC 5322, dot-atom


class MailSettings(BaseModel):
    """A mail server, and who letters come from (`sender`, an address).

    `tls`: "starttls" (port 587), "tls" from the first byte (465), or "none" (25). `user` and `secret`: where the server
    lets nobody send without; never without TLS. `ca`: a PEM file that is trusted alone; `pin`: the SHA-256 of the
    server's certificate, 64 hex digits; neither: the system's authorities. `deadline`: seconds for each of the server's
    answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Host
    sender: str
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    secret: Annotated[Secret | None, BeforeValidator(concealed)] = Field(default=None, exclude=True)
    ca: Path | None = None
    pin: Pin | None = None
    tls_minimum: Minimum = "1.2"
    deadline: float = Field(default=30.0, gt=0, le=600)

    @field_validator("sender")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        if not is_address(sender):
            raise ValueError("must be an address alone, such as telephone@example.com")
        return sender

    @field_validator("user", "secret")
    @classmethod
    def _sendable(cls, given: str | Secret | None) -> str | Secret | None:
        text = given.reveal() if isinstance(given, Secret) else given
        if text is not None and not (text and text.isascii() and text.isprintable()):
            raise ValueError("must be printable ASCII and not empty: more cannot be said to a mail server")
        return given

    @model_validator(mode="after")
    def _fits(self) -> "MailSettings":
        if (self.user is None) != (self.secret is None):
            raise ValueError("user and secret belong together: add the other one, or drop both")
        if self.tls == "none" and self.secret is not None:
            raise ValueError('a secret is not sent without TLS: use tls = "starttls" or "tls", or drop user and secret')
        if self.tls == "none" and (self.ca or self.pin):
            raise ValueError('ca and pin are used with TLS only: use tls = "starttls" or "tls", or drop them')
        if self.ca and self.pin:
            raise ValueError("keep one of ca and pin: a pin trusts that one certificate alone")
        return self

    @property
    def at(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.tls]

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return "{}:{}".format(*self.at)


def is_address(text: str) -> bool:
    """Say whether `text` is an address and nothing else, of ASCII, without quotes and comments."""
    return _ADDRESS.fullmatch(text) is not None
