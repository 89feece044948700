"""Who is in a distribution list: ExpandDL, one list at a time, and what is in it put together.

Microsoft, "ExpandDL operation" (not recursive; one that does not exist, or that nobody is in, may come back empty and
without an error; hidden ones are not told), "Expand distribution groups by using EWS in Exchange 2013", [MS-OXWSDLIST]
3.1.4.1. `members` blocks, as `requests` does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from exchangelib import Account
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorInvalidSchemaVersionForMailboxVersion,
    ErrorNameResolutionMultipleResults,
    ErrorNameResolutionNoMailbox,
    ErrorNameResolutionNoResults,
    SOAPError,
)
from exchangelib.properties import DLMailbox, Mailbox
from exchangelib.services import ExpandDL

from gateway.sources.ews.items.people import address_of, is_list
from gateway.sources.ews.requests import Plain, raised

MOST_PEOPLE = 50
MOST_LISTS = 20  # each is a request
LONGEST = 254  # characters of an address that mail can be sent to; exchangelib sends none of more than 255
# ErrorInvalidSchemaVersionForMailboxVersion (exchangelib makes it of ErrorInvalidRequest) and SOAPError (as in capture
# 060): servers that are not Microsoft's, and do not have the operation.
NOT_TOLD = (
    ErrorAccessDenied,
    ErrorInvalidSchemaVersionForMailboxVersion,
    ErrorNameResolutionMultipleResults,
    ErrorNameResolutionNoMailbox,
    ErrorNameResolutionNoResults,
    SOAPError,
)


@dataclass(frozen=True, slots=True)
class Members:
    """The addresses of who is in a list itself (lower case), and of the `lists` in it."""

    people: tuple[str, ...] = field(default=(), repr=False)
    lists: tuple[str, ...] = field(default=(), repr=False)


Asked = Callable[[str], Awaitable[Members | None]]


async def everybody(asked: Asked, address: str) -> tuple[str, ...] | None:
    """Return who is in the list `address`, in the lists in it too, each once. `asked` tells who is in a single one.

    A list in it that is not told stands there itself, as somebody whom nobody knows. None where `address` is no list or
    an empty one, is not told, or has more than 50 people or 20 lists in it.
    """
    first = await asked(address)
    if first is None or not (first.people or first.lists):
        return None
    people = dict.fromkeys(first.people)
    todo, seen = list(first.lists), {address}
    while todo and len(people) <= MOST_PEOPLE:
        inner = todo.pop(0)
        if inner in seen:
            continue
        if len(seen) > MOST_LISTS:
            return None
        seen.add(inner)
        found = await asked(inner)
        people |= dict.fromkeys((inner,) if found is None else found.people)
        todo += found.lists if found is not None else ()
    return tuple(people) if len(people) <= MOST_PEOPLE else None


def members(account: Account, address: str) -> Members | None:
    """Return who is in one list, asked for as the owner of the mailbox may see it; None: the server does not tell.

    Who has no Internet address is not in it.
    """
    if len(address) > LONGEST:
        return None
    service = _Expanded(account=account)
    try:
        found = raised(service.call(DLMailbox(email_address=address, mailbox_type="PublicDL")))
    except NOT_TOLD:
        return None
    if not service.whole:
        return None
    known = [(one, address_of(one)) for one in found]
    return Members(
        people=tuple(where for one, where in known if where and not is_list(one)),
        lists=tuple(where for one, where in known if where and is_list(one)),
    )


class _Expanded(Plain, ExpandDL):  # type: ignore[misc]
    """ExpandDL as whom the account acts for; without a TimeZoneContext, which this operation does not have."""

    WARNINGS_TO_IGNORE_IN_RESPONSE = ()
    whole = True

    @property
    def _timezone(self) -> None:
        return None

    def _api_versions_to_try(self) -> tuple[str]:
        """Leave it at the version that readings have found; a server without the operation is asked once, not often."""
        return (self._version_hint.api_version,)

    def _get_element_container(self, message: Any, name: str | None = None) -> Any:
        container = super()._get_element_container(message, name)
        self.whole = container.get("IncludesLastItemInRange", "true").lower() in ("true", "1")
        del container[MOST_PEOPLE + MOST_LISTS + 1 :]  # too many in any case: exchangelib takes 10 s for 100,000
        return container

    def _elem_to_obj(self, elem: Any) -> Mailbox:
        return Mailbox.from_xml(elem=elem, account=None)
