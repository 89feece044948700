"""The telephone numbers that the owner of a mailbox keeps for an address. Blocks, as `requests` does.

FindItem with a restriction on the contacts folder, and GetItem for what was found; not ResolveNames: that finds by the
beginnings of names and addresses, and gives of one's own contacts the id alone (ReturnFullContactData does not affect
them, ContactDataShape came with Exchange 2010 SP2: "ResolveNames"). The folder is named with its mailbox, so it is the
owner's by impersonation and by delegation alike ("DistinguishedFolderId"); who is shared a calendar alone is refused
(capture 079), and there are no numbers then. Other pages: "Contains", "IndexedFieldURI", "PhoneNumbers"; captures 047
and 048. Contacts in folders below are not looked for.
"""

from collections.abc import Sequence
from typing import Any

from exchangelib import Account, Q
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    ErrorInvalidRequest,
    ErrorInvalidRestriction,
    ErrorItemNotFound,
    ErrorUnsupportedPathForQuery,
    ErrorUnsupportedQueryFilter,
)
from exchangelib.fields import FieldPath
from exchangelib.folders import Contacts
from exchangelib.items import ID_ONLY, SHALLOW, Contact
from exchangelib.properties import ItemId
from exchangelib.restriction import Restriction
from exchangelib.services import GetItem
from exchangelib.util import TNS

from gateway.sources.ews.requests import BROKEN, ID, Found, Plain, folder_of, raised

MOST = 10  # contacts with one address
LONGEST = 100  # characters of a number
PLACES = ("EmailAddress1", "EmailAddress2", "EmailAddress3")
KINDS = ("BusinessPhone", "BusinessPhone2", "MobilePhone", "HomePhone", "HomePhone2")  # the best one first
ENTRY = f"{{{TNS}}}PhoneNumbers/{{{TNS}}}Entry"
NOT_TOLD = (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    ErrorInvalidRequest,
    ErrorInvalidRestriction,
    ErrorItemNotFound,
    ErrorUnsupportedPathForQuery,
    ErrorUnsupportedQueryFilter,
)


def numbers(account: Account, address: str) -> tuple[str, ...]:
    """Return what the owner's contacts with that address say: at work, on the move, at home; as it is written."""
    folder = folder_of(account, Contacts)
    try:
        kept = _kept(account, folder, _ids(account, folder, address))
    except NOT_TOLD:
        return ()
    told = (said.get(kind, "").strip() for kind in KINDS for said in kept)
    return tuple(dict.fromkeys(number for number in told if number and len(number) <= LONGEST))


def _ids(account: Account, folder: Contacts, address: str) -> list[str]:
    condition = Q()
    for place in PLACES:
        condition |= Q(**{f"email_addresses__{place}__iexact": address})
    found = Found(account=account, page_size=MOST).call(
        folders=[folder],
        additional_fields=[],
        restriction=Restriction(condition, folders=[folder], applies_to=Restriction.ITEMS),
        order_fields=None,
        shape=ID_ONLY,
        query_string=None,
        depth=SHALLOW,
        calendar_view=None,
        max_items=MOST,
        offset=0,
    )
    return [one.find(ID).attrib["Id"] for one in raised(found) if one.tag == Contact.response_tag()]


def _kept(account: Account, folder: Contacts, ids: Sequence[str]) -> list[dict[str, str]]:
    """Return the numbers of contacts by their kinds; one that is gone or broken has none."""
    if not ids:
        return []
    paths = [FieldPath.from_string(f"phone_numbers__{kind}", folder=folder) for kind in KINDS]
    items = [ItemId(id=one) for one in ids]
    found = _Numbers(account=account).call(items=items, additional_fields=paths, shape=ID_ONLY)
    return [one for one in found if isinstance(one, dict)]


class _Numbers(Plain, GetItem):  # type: ignore[misc]
    """Reads the numbers of contacts, each kind at most once, and nothing else."""

    ERRORS_TO_CATCH_IN_RESPONSE = (*GetItem.ERRORS_TO_CATCH_IN_RESPONSE, ErrorAccessDenied, *BROKEN)

    def _elem_to_obj(self, elem: Any) -> dict[str, str]:
        return {entry.get("Key", ""): entry.text or "" for entry in elem.iterfind(ENTRY)}
