"""What is asked of a mailbox for its contacts: which of them have changed, and what they say. Blocks, as `requests`.

SyncFolderItems for ids alone, then GetItem for what is new or changed ("SyncFolderItems operation", "GetItem
operation"; captures 050, 054, 081): properties of contacts are refused for a distribution list, which may lie in the
folder too ("ResponseCode", ErrorInvalidPropertyRequest). Photos are never asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from exchangelib import Account
from exchangelib.errors import ErrorAccessDenied, ErrorFolderNotFound, ErrorItemNotFound
from exchangelib.folders import Contacts
from exchangelib.items import ID_ONLY
from exchangelib.properties import ItemId
from exchangelib.services import GetItem

from gateway.domain.contact import Contact
from gateway.sources.ews.connection.refusals import NotShared, host_of
from gateway.sources.ews.contacts.parse import CONTACT, FIELDS, ID, contact, is_private
from gateway.sources.ews.requests import BROKEN, PAGE, UNREADABLE, Plain, Refusable, folder_of, raised

CLOSED = (ErrorAccessDenied, ErrorFolderNotFound, ErrorItemNotFound)
SHARE = (
    "let the administrator of Exchange share the contacts with the account: "
    "Add-MailboxFolderPermission <mailbox>:\\Contacts -User <account> -AccessRights Reviewer"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of what changed: ids of contacts that are new or other, of what is `gone`, the `state` after it."""

    state: str = field(repr=False)
    put: tuple[str, ...] = field(repr=False)
    gone: tuple[str, ...] = field(repr=False)
    more: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What GetItem says of ids: contacts, and ids of what is not to be in the book.

    An id is `out` that nobody shows us, is private where that counts, cannot be read, or has neither name nor number;
    `set_aside` of them for one of the last two reasons.
    """

    contacts: tuple[Contact, ...] = field(repr=False)
    out: tuple[str, ...] = field(repr=False)
    set_aside: int = 0


def changes(account: Account, state: str | None) -> Changes:
    """Return the next page of what has changed since `state`; None: since there was nothing.

    Raises `NotShared` where the contacts are not open to the account.
    """
    service = _Changed(account=account)
    try:
        found = raised(
            service.call(
                folder=folder_of(account, Contacts),
                shape=ID_ONLY,
                additional_fields=[],
                sync_state=state,
                ignore=None,
                max_changes_returned=PAGE,
                sync_scope=None,
            )
        )
    except CLOSED as error:
        said = f"{host_of(account.protocol.service_endpoint)} does not let this account read the contacts"
        raise NotShared(f"{said} ({type(error).__name__})", SHARE) from error
    return Changes(
        service.sync_state or "",
        put=tuple(dict.fromkeys(changed for kind, changed in found if kind == CONTACT)),
        gone=tuple(changed for kind, changed in found if kind == _Changed.DELETE),
        more=not service.includes_last_item_in_range,
    )


def details(account: Account, ids: Sequence[str], *, private: bool) -> Told:
    """Return what up to 100 contacts say; `private`: private ones too.

    Raises where several are asked for and all are broken: that is no contact's trouble but the server's.
    """
    paths = [
        path
        for path in folder_of(account, Contacts).normalize_fields(FIELDS)
        if path.field.supports_version(account.version)
    ]
    service = _Details(account=account)
    found = list(service.call(items=[ItemId(id=one) for one in ids], additional_fields=paths, shape=ID_ONLY))
    if len(found) > 1 and all(isinstance(one, BROKEN) for one in found):
        raise found[0]
    put: list[Contact] = []
    out: list[str] = []
    set_aside = 0
    for identity, item in zip(ids, found, strict=True):
        if isinstance(item, BROKEN):
            one = None
        elif isinstance(item, Exception) or item.tag != CONTACT or (is_private(item) and not private):
            out.append(identity)
            continue
        else:
            one = _read(item)
        if one is None:
            out.append(identity)
            set_aside += 1
        else:
            put.append(one)
    return Told(tuple(put), tuple(out), set_aside)


def _read(item: Any) -> Contact | None:
    try:
        return contact(item)
    except UNREADABLE:
        return None


class _Changed(Plain, Refusable):
    """Notices what is new, changed or removed, by kind of item and id; what was merely read has not changed."""

    def _elem_to_obj(self, elem: Any) -> tuple[str, str]:
        kind, identity = self.change_types_map[elem.tag], next(elem.iter(ID)).attrib["Id"]
        if kind == self.DELETE:
            return kind, identity
        return next((part.tag for part in elem if part.tag == CONTACT), ""), identity


class _Details(Plain, GetItem):  # type: ignore[misc]
    """Reads contacts one by one; one that we may not see, or that is broken, comes as an error among the others."""

    ERRORS_TO_CATCH_IN_RESPONSE = (*GetItem.ERRORS_TO_CATCH_IN_RESPONSE, ErrorAccessDenied, *BROKEN)

    def _elem_to_obj(self, elem: Any) -> Any:
        return elem
