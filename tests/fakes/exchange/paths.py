"""How requests name properties: by FieldURI, or as MAPI has them, by tag or by set and name (Microsoft: "FieldURI",
"IndexedFieldURI", "ExtendedFieldURI", "ExtendedProperty"; numbers and types: [MS-OXPROPS]).

A property has one name here: its FieldURI, or such as `0x37 String`, `Appointment/33315 Boolean`.
"""

from collections.abc import Collection
from xml.etree.ElementTree import Element

from tests.fakes.exchange.soap import Fault, element, every

NOBODYS = frozenset({  # what Exchange has had no value of since WebDAV went, or only in things of another kind
    "0x10f3 String", "0x3001 String", "0x670e String", "0x6752 Integer", "Task/33039 SystemTime",
})  # fmt: skip
FREE = ("PublicStrings/", "InternetHeaders/")  # sets of names that clients make up: nothing here has any
SETS = ("DistinguishedPropertySetId", "PropertySetId")


def named(path: Element) -> str:
    """Return the name of the property that a path of any kind means."""
    if path.tag != "t:ExtendedFieldURI":
        return "/".join(filter(None, (path.get("FieldURI"), path.get("FieldIndex"))))
    tag = path.get("PropertyTag")
    within = next((path.get(kind, "") for kind in SETS if path.get(kind)), "")
    place = f"0x{int(tag, 0):x}" if tag else f"{within}/{path.get('PropertyId') or path.get('PropertyName', '')}"
    return f"{place} {path.get('PropertyType', '')}"


def additional(shape: Element, told: Collection[str]) -> list[str]:
    """Return the names of the AdditionalProperties of a shape; of MAPI's properties only those `told` are answered."""
    names = [named(path) for path in every(shape, "t:AdditionalProperties/*")]
    for name in names:
        if " " in name and name not in told:
            absent(name)
    return names


def absent(name: str) -> None:
    """Let a MAPI property pass that nothing has, so that it stands in no answer; refuse what might have a value."""
    if name not in NOBODYS and not name.startswith(FREE):
        raise Fault("ErrorInvalidRequest", f"The property {name} is not part of this scripted server.")


def extended(name: str, value: str) -> Element:
    """Return the ExtendedProperty of such a name: its tag is written in hexadecimal, an id of a set in decimal."""
    place, _, kind = name.rpartition(" ")
    within, _, number = place.rpartition("/")
    path = {"DistinguishedPropertySetId": within, "PropertyId": number} if within else {"PropertyTag": place}
    return element(
        "t:ExtendedProperty", element("t:ExtendedFieldURI", **path, PropertyType=kind), element("t:Value", value)
    )
