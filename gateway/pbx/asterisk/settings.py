"""An Asterisk in the settings file: the table `[pbx.<name>]` with `kind = "asterisk"`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gateway.domain.secret import Secret, concealed
from gateway.net.host import Host


class AsteriskSettings(BaseModel):
    """Where the manager interface listens and how to sign in.

    `secret` comes in resolved (a text or a `Secret`), and does not go out with a dump. `ca`: a PEM file that is trusted
    instead of the public ones. `deadline`: seconds within which every action must be answered; `ping`: seconds between
    two signs of life. Conferences: `calls_per_second` and `calls_at_once` at most are placed, and telephones ring for
    `ring` seconds and show what the meeting is called (`subjects`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["asterisk"] = "asterisk"
    host: Host = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535, strict=True)
    user: str = Field(default="ringplan", pattern=r"^[A-Za-z0-9_.-]+$")
    secret: Annotated[Secret, BeforeValidator(concealed)] = Field(exclude=True)
    tls: bool = False
    ca: Path | None = None
    deadline: float = Field(default=10.0, gt=0, le=3600)
    ping: float = Field(default=10.0, gt=0, le=3600)
    calls_per_second: float = Field(default=20.0, gt=0, le=1000)
    calls_at_once: int = Field(default=200, ge=1, le=10_000, strict=True)
    ring: int = Field(default=25, ge=5, le=120, strict=True)
    subjects: bool = True

    @field_validator("secret")
    @classmethod
    def _sendable(cls, secret: Secret) -> Secret:
        text = secret.reveal()
        if not text or not text.isprintable():
            raise ValueError("must be printable and not empty: use the `secret` of the user in manager.conf")
        return secret

    @model_validator(mode="after")
    def _ca_needs_tls(self) -> "AsteriskSettings":
        if self.ca is not None and not self.tls:
            raise ValueError("`ca` is used with TLS only: set tls = true, or remove ca")
        return self

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"
