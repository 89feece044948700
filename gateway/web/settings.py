"""The table `[web]`: where the portal and the API listen, and under which address people reach them."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, field_validator, model_validator

from gateway.net.networks import Networks

USUAL = {"http": 80, "https": 443}  # ports that browsers leave out


class WebSettings(BaseModel):
    """`url`: under which people reach the portal, such as https://telephone.example.com; without it, by `address`.

    TLS: `certificate`, with its chain, and `key` are PEM files, read anew when they change. Or a proxy does it: then
    `proxies` names the networks whose word about the client's address and TLS is taken, such as "127.0.0.1/32".
    Neither: only on this machine. `idle`: minutes after which a session that is not used ends. `lasting`: days after
    which any session ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: IPvAnyAddress = Field(default=IPv4Address("127.0.0.1"))
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 8480
    url: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    proxies: Networks = ()
    idle: Annotated[int, Field(ge=5, le=10080, strict=True)] = 720
    lasting: Annotated[int, Field(ge=1, le=365, strict=True)] = 30

    @field_validator("url")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
            raise ValueError("must be such as https://telephone.example.com")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
            raise ValueError("must hold nothing behind the host and its port")
        if parts.port == 0:
            raise ValueError("must have a port that there can be, or none")
        return (
            f"{parts.scheme}://{parts.netloc.lower().removesuffix(f':{USUAL[parts.scheme]}')}"  # as browsers write it
        )

    @model_validator(mode="after")
    def _is_secret(self) -> "WebSettings":
        if bool(self.certificate) != bool(self.key):
            raise ValueError("give certificate and key, two PEM files, or neither")
        if self.certificate and self.proxies:
            raise ValueError("keep one of certificate and proxies: who does TLS, this program or a proxy?")
        if not (self.certificate or self.proxies or self.address.is_loopback):
            raise ValueError("give certificate and key, or the proxies that do TLS; without, address must be 127.0.0.1")
        if self.certificate and self.public.startswith("http:"):
            raise ValueError("the url must begin with https:// where there is a certificate")
        if self.url is None and (self.address.is_unspecified or self.proxies):
            raise ValueError("give url, the address that people type: requests for others are refused")
        return self

    @property
    def at(self) -> tuple[str, int]:
        """Address and port."""
        return str(self.address), self.port

    @property
    def public(self) -> str:
        """The address that people type, without a slash at its end."""
        host = f"[{self.address}]" if isinstance(self.address, IPv6Address) else str(self.address)
        return self.url or f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def is_secret(self) -> bool:
        """Whether people reach it by TLS, so that cookies are never sent without."""
        return self.public.startswith("https:")

    @property
    def hosts(self) -> frozenset[str]:
        """What requests may name as their host, lower case; on this machine alone, it may go by its name."""
        parts = urlsplit(self.public)
        usual = f":{USUAL[parts.scheme]}"
        hosts = {parts.netloc.removesuffix(usual)}
        hosts |= {parts.netloc + usual} if parts.port is None else {parts.netloc}
        return frozenset(hosts | ({f"localhost:{self.port}"} if self.url is None else set()))

    def trusts(self, address: str) -> bool:
        """Say whether an address is that of a proxy of ours."""
        found = ip_address(address)
        return any(found in network for network in self.proxies)
