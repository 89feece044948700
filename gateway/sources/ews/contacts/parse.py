"""A contact of Exchange becomes one of ours. Pure.

By the pages "Contact", "EmailAddresses", "PhoneNumbers", "Entry (PhoneNumber)" and "Sensitivity" of Microsoft's
reference of EWS elements; captures 047 and 053. The elements are read as they are: exchangelib takes ten times as long
to make an object of each.
"""

from collections.abc import Iterator
from typing import Any

from exchangelib.util import TNS

from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.vcard.property import cleaned

CONTACT, LIST = f"{{{TNS}}}Contact", f"{{{TNS}}}DistributionList"
ID, SENSITIVITY = f"{{{TNS}}}ItemId", f"{{{TNS}}}Sensitivity"
NUMBER = f"{{{TNS}}}PhoneNumbers/{{{TNS}}}Entry"
EMAIL = f"{{{TNS}}}EmailAddresses/{{{TNS}}}Entry"
KINDS = {  # the most useful one first; what nobody speaks to (fax, pager, telex, TTY) is left out
    "BusinessPhone": Kind.WORK,
    "BusinessPhone2": Kind.WORK,
    "CompanyMainPhone": Kind.WORK,
    "MobilePhone": Kind.MOBILE,
    "CarPhone": Kind.MOBILE,
    "HomePhone": Kind.HOME,
    "HomePhone2": Kind.HOME,
    "PrimaryPhone": Kind.OTHER,
    "OtherTelephone": Kind.OTHER,
    "Callback": Kind.OTHER,
    "AssistantPhone": Kind.OTHER,
    "RadioPhone": Kind.OTHER,
    "Isdn": Kind.OTHER,
}
EMAILS = ("EmailAddress1", "EmailAddress2", "EmailAddress3")
TEXTS = ("display_name", "given_name", "surname", "company_name", "job_title", "file_as")
FIELDS = (  # what GetItem has to ask for, by exchangelib's names
    "sensitivity",
    *TEXTS,
    *(f"email_addresses__{place}" for place in EMAILS),
    *(f"phone_numbers__{kind}" for kind in KINDS),
)
LONGEST_NUMBER, LONGEST_ADDRESS = 100, 320  # characters


def contact(item: Any) -> Contact | None:
    """Return what a `t:Contact` says; None: it has neither a name nor a number.

    Who has no name of their own is called as the contact is filed, else as the company, else by address or number.
    """
    given, family = _text(item, "GivenName"), _text(item, "Surname")
    company, emails, numbers = _text(item, "CompanyName"), tuple(_emails(item)), tuple(_numbers(item))
    name = _text(item, "DisplayName") or f"{given} {family}".strip() or _text(item, "FileAs") or company
    if not name and not numbers:
        return None
    return Contact(
        key=item.find(ID).attrib["Id"],
        name=name or next(iter(emails), "") or numbers[0].written,
        given=given,
        family=family,
        company=company,
        title=_text(item, "JobTitle"),
        emails=emails,
        numbers=numbers,
    )


def is_private(item: Any) -> bool:
    """Tell whether an item is anything but `Normal`."""
    return (item.findtext(SENSITIVITY) or "Normal").strip() != "Normal"


def _text(item: Any, name: str) -> str:
    return cleaned(item.findtext(f"{{{TNS}}}{name}") or "")


def _numbers(item: Any) -> Iterator[PhoneNumber]:
    said = {entry.get("Key"): cleaned(entry.text or "") for entry in item.iterfind(NUMBER)}
    for key, kind in KINDS.items():
        written = said.get(key, "")
        if written and len(written) <= LONGEST_NUMBER:
            yield PhoneNumber(kind, written)


def _emails(item: Any) -> Iterator[str]:
    """Yield the Internet addresses; those of Exchange itself (/o=…/cn=…) are of no use to anybody else."""
    said = {entry.get("Key"): (entry.text or "").strip() for entry in item.iterfind(EMAIL)}
    for place in EMAILS:
        address = said.get(place, "")
        if "@" in address and not address.startswith("/") and address.isprintable() and len(address) <= LONGEST_ADDRESS:
            yield address
