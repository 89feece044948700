"""What is delivered for each maker's telephones, filled in, and the filters in it."""

import re
import tomllib
from pathlib import Path

from defusedxml import ElementTree

from gateway.domain.secret import Secret
from gateway.planning.handsets import Access, Listener, Profile, Tls, best, profile, settings

PHONES = Path(__file__).parents[3] / "ldap" / "phones"
VENDORS = tomllib.loads((PHONES / "vendors.toml").read_text())
PASSWORD = "0aZ" * 8
ACCESS = Access(
    "pbx.example.org", "dc=contacts", "uid=7,ou=people,dc=contacts", "1001", Secret(PASSWORD), "0004f2aabbcc"
)
TLS: tuple[Tls, ...] = ("none", "starttls", "ldaps")

# the sign for what is typed, and what telephones make of it for a name and for a caller's number
TYPED = ("%", "{}*", "{}*")
TYPES = {
    "snom": ("%", "{}", "{}"),
    "gigaset": ("%", "{}*", "{}"),
    "cisco": ("$VALUE", "{}", "{}"),
}


def delivered(key: str) -> Profile:
    return profile(key, VENDORS[key], (PHONES / VENDORS[key]["template"]).read_text())


def made(key: str, tls: Tls | None = None) -> str:
    maker = delivered(key)
    listener = best(
        maker, [Listener("10.0.0.1", 636 if one == "ldaps" else 389, one) for one in TLS if tls in (None, one)]
    )
    assert listener is not None
    return settings(maker, listener, ACCESS)


def filters(key: str) -> list[str]:
    """Every filter in a maker's settings, as it stands in the file's values."""
    text = made(key)
    if delivered(key).is_xml:
        elements = list(ElementTree.fromstring(text).iter())
        values = [element.text or "" for element in elements]
        values += [value for element in elements for value in element.attrib.values()]
    else:
        values = text.splitlines()
    return [match[0] for value in values if (match := re.search(r"\([|&a-zA-Z].*=.*\)", value))]
