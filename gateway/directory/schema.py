"""The schema as its files have it: descriptions of RFC 4512, section 4.1, each behind a word, as OpenLDAP reads them.

`contacts.schema` is Ringplan's own, and another server can load it; `standard.schema` holds those of the standards that
entries here use, which other servers know.
"""

import re
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Misconfigured

FILES = ("standard.schema", "contacts.schema")
FOLDER = Path(sysconfig.get_path("data")) / "share" / "ringplan" / "ldap" / "schema"
_DEFINED = re.compile(r"(attributetype|objectclass|matchingrule|ldapsyntax)\s+(\(.*\))", re.IGNORECASE)
_NAMED = re.compile(r"\(\s*([0-9.]+)(?:\s+NAME\s+(?:'([^']*)'|\(([^)]*)\)))?")


@dataclass(frozen=True, slots=True)
class Schema:
    """Descriptions as text, by what they describe."""

    attribute_types: tuple[str, ...]
    object_classes: tuple[str, ...]
    matching_rules: tuple[str, ...]
    syntaxes: tuple[str, ...]
    names: Mapping[str, str]
    orderings: frozenset[str]

    def attribute(self, written: str) -> str | None:
        """Return the main name of the attribute that is called `written`, or has this OID; None: nobody knows it."""
        return self.names.get(written.partition(";")[0].lower())

    def orders(self, rule: str) -> bool:
        """Say whether this matching rule (a name or an OID) makes an order."""
        return rule.lower() in self.orderings


def load(folder: Path = FOLDER) -> Schema:
    """Read the schema. Blocking. Raises `Misconfigured`."""
    try:
        return parsed("\n".join((folder / name).read_text(encoding="utf-8") for name in FILES))
    except OSError as error:
        raise Misconfigured(f"{error.filename}: {error.strerror}", "install Ringplan again") from error


def parsed(text: str) -> Schema:
    """Read descriptions; lines that begin with a space go on with what is above them, # begins a comment."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\n\s+", " ", "\n".join(lines)).splitlines()
    found: dict[str, list[str]] = {"attributetype": [], "objectclass": [], "matchingrule": [], "ldapsyntax": []}
    for line in joined:
        defined = _DEFINED.fullmatch(line.strip())
        if defined is None:
            raise Misconfigured(f"the schema holds what describes nothing: {line[:60]}", "install Ringplan again")
        found[defined[1].lower()].append(re.sub(r"\s+", " ", defined[2]))
    rules = {name for one in found["matchingrule"] if "Ordering" in one for name in map(str.lower, _names(one))}
    return Schema(
        tuple(found["attributetype"]),
        tuple(found["objectclass"]),
        tuple(found["matchingrule"]),
        tuple(found["ldapsyntax"]),
        _by_name(found["attributetype"]),
        frozenset(rules),
    )


def _by_name(described: Iterable[str]) -> dict[str, str]:
    called = [_names(one) for one in described]
    return {name.lower(): names[1] for names in called for name in names}


def _names(described: str) -> tuple[str, ...]:
    """Return the OID of a description, and its names, the main one first."""
    named = _NAMED.match(described)
    if named is None:
        raise Misconfigured(f"the schema holds what has no name: {described[:60]}", "install Ringplan again")
    return named[1], *([named[2]] if named[2] else re.findall("'([^']*)'", named[3] or ""))
