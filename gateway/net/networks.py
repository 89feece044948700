"""Networks as settings name them."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator


def _network(value: object) -> object:
    """Read a network, and say what is wrong with it once: pydantic would say it for each version of IP."""
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError(f'must be a network, such as "10.1.0.0/16": {error}') from error


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Networks = tuple[Network, ...]
