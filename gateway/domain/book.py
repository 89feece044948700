"""Where contacts come from, and what a reading of it brings."""

from dataclasses import dataclass, field

from gateway.domain.contact import Contact


@dataclass(frozen=True, slots=True)
class Book:
    """Contacts at a source, read through `account` (`Account.id`).

    `owner`: the user whose own contacts they are, None: everybody's, the company's. `name`: what administrators call
    a company book, "" for a user's own. `mailbox`: the user's mailbox that it lies beside, None for a company book.
    `address`: whose contacts at the source; `path`: where they lie, when that is not found from the address.
    `refresh`: seconds, None: only when somebody asks. `enabled`: whether it is read, and its contacts are kept.
    """

    id: int
    account: int
    address: str
    owner: int | None = None
    name: str = ""
    mailbox: int | None = None
    path: str | None = None
    refresh: int | None = 900
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """What changed in a book since a token, or all that is in it (`whole`: what is not in `put` is gone).

    `gone`: keys of contacts that were removed. `token`: of the server, to be given back the next time; None: it has
    none. `set_aside`: so many contacts could not be read, or have no number and no name, and were left out.
    """

    put: tuple[Contact, ...] = field(repr=False)
    gone: tuple[str, ...] = field(default=(), repr=False)
    token: str | None = field(default=None, repr=False)
    whole: bool = True
    set_aside: int = 0
