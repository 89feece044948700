"""A machine in the settings, by its name or its address."""

from typing import Annotated

from pydantic import AfterValidator, Field


def _is_host(host: str) -> str:
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ValueError("must be the name or the address of a machine") from error
    if not host.isprintable() or " " in host:
        raise ValueError("must be the name or the address of a machine")
    return host


Host = Annotated[str, Field(min_length=1), AfterValidator(_is_host)]
