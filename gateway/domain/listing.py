"""What somebody finds when they look for contacts: a part of it, and how much there is."""

from dataclasses import dataclass

from gateway.domain.contact import Contact


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact that may be seen. `book`: the id of the one that it is from, 0: it is a user of the PBX.

    `is_own`: it is of the looker's own contacts, which nobody else sees.
    """

    contact: Contact
    book: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """`some` of what was found, one's own first, each by name; `total`: so many there are."""

    some: tuple[Listed, ...]
    total: int
