"""Contacts of a mailbox: what FindItem and GetItem say of them (Microsoft: "Contact", "EmailAddresses", "PhoneNumbers",
"IndexedFieldURI", "DistributionList"; captures 047, 048, 049, 079).

A folder of contacts is its owner's, and of those with whom it is shared. FindItem gives of them what has no index.
"""

from collections.abc import Callable, Iterable
from functools import partial
from xml.etree.ElementTree import Element

from tests.fakes.exchange import restriction
from tests.fakes.exchange.items import Contact
from tests.fakes.exchange.paths import additional, named
from tests.fakes.exchange.soap import Fault, Refusal, element, every, find, text


def written(contact: Contact, identity: str, names: Iterable[str], found: bool = False) -> Element:
    """Return a Contact with its id and those of the named properties that it has, in the order of the schema.

    A list has none of a contact's alone ("ResponseCode", ErrorInvalidPropertyRequest).
    """
    wanted = set(names)
    if contact.is_list and any(name.startswith("contacts:") and name not in OF_LISTS for name in wanted):
        raise Refusal("ErrorInvalidPropertyRequest", "Property is not valid for this object type.")
    return element(
        "t:DistributionList" if contact.is_list else "t:Contact",
        element("t:ItemId", Id=identity, ChangeKey="AAA="),
        element("t:Sensitivity", contact.sensitivity) if "item:Sensitivity" in wanted else None,
        *_texts(contact, ("FileAs", "DisplayName", "GivenName", "CompanyName"), wanted),
        None if found else _entries("EmailAddress", "EmailAddresses", contact.addresses, wanted),
        None if found else _entries("PhoneNumber", "PhoneNumbers", contact.phones, wanted),
        *_texts(contact, ("JobTitle", "Surname"), wanted),
    )


def wanted(shape: Element) -> list[str]:
    """Return the properties that an ItemShape asks for."""
    if text(shape, "t:BaseShape") != "IdOnly":
        raise Fault("ErrorInvalidRequest", "Shapes of contacts are not part of this scripted server.")
    return additional(shape, ())


def fits(contact: Contact, body: Element) -> bool:
    """Whether a contact is what a FindItem looks for."""
    condition = find(body, "m:Restriction")
    if every(body, "m:SortOrder"):
        raise Fault("ErrorInvalidRequest", "An order of contacts is not part of this scripted server.")
    return condition is None or restriction.holds(condition[0], partial(_value, contact))


def _value(contact: Contact, path: Element) -> str:
    name, _, index = named(path).partition("/")
    indexed = {"contacts:EmailAddress": contact.addresses, "contacts:PhoneNumber": contact.phones}
    if name in indexed and index:
        return indexed[name].get(index, "")
    plain = name.removeprefix("contacts:")
    if plain not in TEXTS:
        raise Refusal("ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction.")
    return TEXTS[plain](contact)


def _entries(path: str, name: str, held: dict[str, str], wanted: set[str]) -> Element | None:
    told = [element("t:Entry", value, Key=key) for key, value in held.items() if f"contacts:{path}/{key}" in wanted]
    return element(f"t:{name}", *told) if told else None


def _texts(contact: Contact, names: Iterable[str], wanted: set[str]) -> list[Element]:
    """Return texts that it has; what is empty is left out."""
    told = [(name, TEXTS[name](contact)) for name in names if f"contacts:{name}" in wanted]
    return [element(f"t:{name}", value) for name, value in told if value]


TEXTS: dict[str, Callable[[Contact], str]] = {
    "FileAs": lambda contact: contact.filed,
    "DisplayName": lambda contact: contact.display,
    "GivenName": lambda contact: contact.given,
    "CompanyName": lambda contact: contact.company,
    "JobTitle": lambda contact: contact.title,
    "Surname": lambda contact: contact.surname,
}
OF_LISTS = ("contacts:DisplayName", "contacts:FileAs")
