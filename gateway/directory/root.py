"""The two entries that tell what this directory is: its root (RFC 4512, section 5.1) and its schema (section 4.2).

Everybody may read them. They are few and small: a filter is tried on them as it stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

from gateway.directory.query import And, Approx, Equal, Filter, Not, Or, Present
from gateway.directory.schema import Schema
from gateway.directory.wire import answers, controls

SUBSCHEMA = "cn=Subschema"
START_TLS = b"1.3.6.1.4.1.1466.20037"  # RFC 4511, section 4.14
WHO_AM_I = b"1.3.6.1.4.1.4203.1.11.3"  # RFC 4532
ALL_OPERATIONAL = "1.3.6.1.4.1.4203.1.5.1"  # RFC 3673: "+" is understood
TRUE_AND_FALSE = "1.3.6.1.4.1.4203.1.5.3"  # RFC 4526
NO_ATTRIBUTES = "1.1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `operational` attributes (lower case) are given only where they are asked for."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]]
    operational: frozenset[str]

    def encoded(self, asked: tuple[str, ...], *, types_only: bool) -> bytes:
        """Return what is asked of it, as it goes over the wire (RFC 4511, section 4.5.1.8)."""
        wanted = {name.lower() for name in asked if name != NO_ATTRIBUTES}
        everything = not asked or "*" in wanted
        shown = [
            (name, () if types_only else values)
            for name, values in self.attributes.items()
            if name.lower() in wanted or (("+" in wanted) if name.lower() in self.operational else everything)
        ]
        return answers.entry(self.dn, shown)

    def matches(self, asked: Filter) -> bool | None:
        """Say whether `asked` is true of it; None: undefined (RFC 4511, section 4.5.1.7)."""
        match asked:
            case And(parts):
                return _all(map(self.matches, parts))
            case Or(parts):
                undone = _all(_not(self.matches(part)) for part in parts)
                return _not(undone)
            case Not(part):
                return _not(self.matches(part))
            case Present(attribute):
                return self._values(attribute) is not None
            case Equal(attribute, value) | Approx(attribute, value):
                values = self._values(attribute)
                return None if values is None else value.lower() in [one.lower() for one in values]
        return None

    def _values(self, attribute: str) -> tuple[bytes, ...] | None:
        return next((values for name, values in self.attributes.items() if name.lower() == attribute.lower()), None)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return False if False in found else None if None in found else True


def root(base: str, *, offers_tls: bool) -> Entry:
    """Return the root: what the directory holds and can do, to a client of a listener with or without StartTLS."""
    extensions = (WHO_AM_I, START_TLS) if offers_tls else (WHO_AM_I,)
    operational = {
        "namingContexts": (base.encode(),),
        "supportedControl": controls.KNOWN,
        "supportedExtension": extensions,
        "supportedFeatures": (ALL_OPERATIONAL.encode(), TRUE_AND_FALSE.encode()),
        "supportedLDAPVersion": (b"2", b"3"),
        "subschemaSubentry": (SUBSCHEMA.encode(),),
        "vendorName": (b"Ringplan",),
        "vendorVersion": (version("ringplan").encode(),),
    }
    attributes = {"objectClass": (b"top",), **operational}
    return Entry("", attributes, frozenset(name.lower() for name in operational))


def subschema(schema: Schema) -> Entry:
    """Return the entry that tells the schema, of what stands in its files."""
    operational = {
        "attributeTypes": tuple(one.encode() for one in schema.attribute_types),
        "objectClasses": tuple(one.encode() for one in schema.object_classes),
        "matchingRules": tuple(one.encode() for one in schema.matching_rules),
        "ldapSyntaxes": tuple(one.encode() for one in schema.syntaxes),
    }
    attributes = {
        "objectClass": (b"top", b"subentry", b"subschema"),
        "cn": (b"Subschema",),
        "subtreeSpecification": (b"{ }",),
        **operational,
    }
    return Entry(SUBSCHEMA, attributes, frozenset(name.lower() for name in (*operational, "subtreeSpecification")))
