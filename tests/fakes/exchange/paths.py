"""How requests name properties: by FieldURI, or as MAPI has them, by tag or by set and name (Microsoft: "FieldURI",
"IndexedFieldURI", "ExtendedFieldURI", "ExtendedProperty"; numbers and types: [MS-OXPROPS]).

A property has one name here: its FieldURI, or such as `0x37 String`, `Appointment/33315 Boolean`.
"""

from xml.etree.ElementTree import Element

from tests.fakes.exchange.soap import element, every

SETS = ("DistinguishedPropertySetId", "PropertySetId")


def named(path: Element) -> str:
    """Return the name of the property that a path of any kind means."""
    if path.tag != "t:ExtendedFieldURI":
        return "/".join(filter(None, (path.get("FieldURI"), path.get("FieldIndex"))))
    tag = path.get("PropertyTag")
    within = next((path.get(kind, "") for kind in SETS if path.get(kind)), "")
    place = f"0x{int(tag, 0):x}" if tag else f"{within}/{path.get('PropertyId') or path.get('PropertyName', '')}"
    return f"{place} {path.get('PropertyType', '')}"


def additional(shape: Element) -> list[str]:
    """Return the names of the AdditionalProperties of a shape."""
    return [named(path) for path in every(shape, "t:AdditionalProperties/*")]


def extended(name: str, value: str) -> Element:
    """Return the ExtendedProperty of such a name: its tag is written in hexadecimal, an id of a set in decimal."""
    place, _, kind = name.rpartition(" ")
    within, _, number = place.rpartition("/")
    path = {"DistinguishedPropertySetId": within, "PropertyId": number} if within else {"PropertyTag": place}
    return element(
        "t:ExtendedProperty", element("t:ExtendedFieldURI", **path, PropertyType=kind), element("t:Value", value)
    )
