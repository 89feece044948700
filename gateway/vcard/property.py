"""One property of a card: its name, group and parameters, and its value as text. Pure.

RFC 6350 section 3.3 and 3.4, RFC 2426 section 4; vCard 2.1 section 2.1.2 (parameters without their name, as in
`TEL;HOME;FAX`) and 2.1.5 (ENCODING, CHARSET). A parameter that is written wrong ends the parameters, nothing more.
"""

import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

NAME = re.compile(r"([A-Za-z0-9_-]{1,60}\.)?([A-Za-z][A-Za-z0-9-]{0,59})(?=[;:])")
PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)(?:\s*=\s*((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*))?')
CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-?8859-?\d{1,2}|(?:windows|cp)-?125\d|koi8-[ru]|gb(?:2312|k|18030)|big5|shift[_-]?jis"
    r"|euc-?(?:jp|kr)",
    re.IGNORECASE,
)
ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B"})
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
PART = re.compile(r"(?:\\.|[^\\;])*", re.DOTALL)
# directions and marks that programs leave around numbers, and half characters; joiners belong to names
INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
HALF = re.compile(r"[\ud800-\udfff]")
LONGEST = 256  # characters of a text that is kept


@dataclass(frozen=True, slots=True)
class Property:
    """`name` and `group` are upper case. `parameters` by upper-case name, each with its values; `types` lower case."""

    name: str
    group: str
    parameters: Mapping[str, tuple[str, ...]] = field(repr=False)
    value: str = field(repr=False)

    @classmethod
    def parse(cls, line: str) -> "Property | None":
        """Read an unfolded line; None: it is no property."""
        name = NAME.match(line)
        if name is None:
            return None
        parameters: dict[str, tuple[str, ...]] = {}
        at = name.end()
        while match := PARAMETER.match(line, at):
            key, values = match[1].upper(), match[2]
            if values is None:
                key, values = ("ENCODING" if key in ENCODINGS else "TYPE"), key
            given = tuple(one for value in values.split(",") if (one := value.strip('" ')))
            parameters[key] = parameters.get(key, ()) + given
            at = match.end()
        colon = line.find(":", at)
        if colon < 0:
            return None
        return cls(name[2].upper(), (name[1] or "").upper(), parameters, _decoded(line[colon + 1 :], parameters))

    @property
    def types(self) -> frozenset[str]:
        """What TYPE says, in each of its three syntaxes."""
        return frozenset(value.lower() for value in self.parameters.get("TYPE", ()))

    @property
    def preference(self) -> int:
        """How much it is preferred: 1 most, 100 least or not at all (RFC 6350 section 5.3; TYPE=pref before it)."""
        if "pref" in self.types:
            return 1
        written = self.parameters.get("PREF", ("100",))[:1]
        return int(written[0]) if written and re.fullmatch(r"[1-9][0-9]?|100", written[0]) else 100

    @property
    def text(self) -> str:
        """The value as one line, unescaped."""
        return cleaned(_unescaped(self.value))

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a value that `;` divides, each as one line; `,` divides no further."""
        found, at = [], 0
        while at <= len(self.value):
            match = PART.match(self.value, at)
            end = match.end() if match else len(self.value)
            found.append(cleaned(_unescaped(self.value[at:end])))
            at = end + 1
        return tuple(found)


def cleaned(text: str) -> str:
    """Return text as one line of at most 256 characters: composed (NFC), nothing in it that is not seen."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:LONGEST].rstrip()
    text = HALF.sub("\ufffd", INVISIBLE.sub("", CONTROL.sub(" ", text)))
    return unicodedata.normalize("NFC", " ".join(text.split()))[:LONGEST].rstrip()


def _unescaped(value: str) -> str:
    return ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], value)


def _decoded(value: str, parameters: Mapping[str, tuple[str, ...]]) -> str:
    encoding = "".join(parameters.get("ENCODING", ())[:1]).upper()
    charset = "".join(parameters.get("CHARSET", ())[:1])
    if encoding not in ENCODINGS and value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    if encoding == "QUOTED-PRINTABLE":
        raw = binascii.a2b_qp(raw)
    elif encoding in ENCODINGS:
        try:
            raw = binascii.a2b_base64(raw)
        except binascii.Error:
            return ""
    return _text(raw, charset)


def _text(raw: bytes, charset: str) -> str:
    """Return bytes as text: by CHARSET, else as UTF-8, else as Western Windows writes."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode(charset if CHARSET.fullmatch(charset) else "cp1252", "replace")
    except LookupError:
        return raw.decode("cp1252", "replace")
