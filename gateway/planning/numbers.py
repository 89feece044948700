"""Telephone numbers: what one means here, by which others it may be asked, and how it is shown. Pure.

A number is named by a key: E.164 with its plus ("+46812345", ITU-T E.164), or the digits of an extension ("1001").
How a country writes its numbers, and which numbers there are, is told by `phonenumbers` (the data of Google's
libphonenumber); that takes some ten microseconds, and is done once, when a contact is read. What is looked up while
somebody waits takes none of it: `candidates` are all the keys that a number may mean, and whoever has one of them is
found. Numbers as URIs: RFC 3966 (`tel:`, `;ext=`), RFC 3261, section 19.1 (`sip:`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from unicodedata import decimal, normalize
from urllib.parse import unquote

import phonenumbers

from gateway.domain.contact import Contact, Form, Kind, Numbering, PhoneNumber

MOST_NUMBERS = 50  # of one contact
MOST_LOOKED_AT = 4 * MOST_NUMBERS  # some milliseconds, whatever a contact holds
LONGEST = 100  # characters of a number as somebody wrote it
DIGITS = range(5, 16)  # so many has a number with its country
ABROAD = "00"  # understood in every country; ITU-T E.123 recommends it
ZERO_STAYS = frozenset({"IT", "SM", "VA"})  # area codes there begin with a 0 that is dialled from abroad too

_BETWEEN = str.maketrans("", "", " \t\r\n()[]-./'~_")
_SPACE = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2066-\u2069\u2212\ufeff]")
_SCHEME = re.compile(r"\s*(?:sips?|tel|callto):(?://)?", re.IGNORECASE)
_NUMBER = re.compile(
    r"(\+?[0-9]+)(?:[@;,:#*?&].*|(?:ext|extn|extension|ankn|anknytning|durchwahl|dw|poste|x|p|w):?[0-9]*)?",
    re.IGNORECASE | re.DOTALL,
)
_SHOWABLE = re.compile(r"[^A-Za-z0-9()+,\-./:? ]+")  # PrintableString (RFC 4517, 3.3.29), of which numbers are made
_DIALLED = re.compile(r"[0-9~]+")  # "8~10": a tone is waited for; others are patterns
_EXTENDED = re.compile(r"[;#*].*", re.DOTALL)
_USEFUL = {kind: at for at, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A `Numbering` taken apart; `home` is "+46", `trunk` what stands before national numbers, "" nothing.

    `abroad`: what is dialled before a country. `local`: the area, as it stands after `home`.
    """

    home: str
    trunk: str
    is_trunk_optional: bool
    abroad: tuple[str, ...]
    local: str
    outside: str
    extension: int


def keyed(contact: Contact, numbering: Numbering) -> Contact:
    """Return `contact` with the keys of its numbers: the most useful first, each once, at most 50.

    Numbers whose key is known come first, then by their kind. What has no digit, or more than 100 characters, is no
    number and is left out.
    """
    plan = _plan(numbering)
    numbers: dict[str, PhoneNumber] = {}
    for number in sorted(contact.numbers, key=lambda number: _USEFUL[number.kind])[:MOST_LOOKED_AT]:
        key = _key(number.written, plan) if len(number.written) <= LONGEST else ""
        written = _written(number.written)
        if key or written:
            numbers.setdefault(key or written, replace(number, key=key))
    ordered = sorted(numbers.values(), key=lambda number: not number.key)
    return replace(contact, numbers=tuple(ordered[:MOST_NUMBERS]))


def candidates(asked: str, numbering: Numbering) -> tuple[str, ...]:
    """Return the keys that `asked` may mean, as a telephone or a trunk sends it, the likelier first; () for no number.

    With or without country, area and what is dialled for a line; with spaces, dashes and brackets; "+46 (0)8 …"; as a
    `tel:` or `sip:` URI. "00812345" is both abroad and, where 0 gives a line, 0812345.
    """
    plan = _plan(numbering)
    if asked.isascii() and asked[asked.startswith("+") :].isdigit():
        return tuple(dict.fromkeys(_keys(asked, plan)))
    return tuple(dict.fromkeys(key for bare in _bare(asked) for key in _keys(bare, plan)))


def forms(key: str, numbering: Numbering) -> tuple[str, ...]:
    """Return everything that may be dialled or sent for `key`: itself, then digits alone; () for no key.

    Each of them has `key` among its `candidates`.
    """
    if not key.startswith("+"):
        return (key,) if key else ()
    plan = _plan(numbering)
    bare = key[1:]
    dialled = [prefix + bare for prefix in plan.abroad]
    sent = [bare]
    if plan.home and key.startswith(plan.home):
        national = key.removeprefix(plan.home)
        dialled.append(plan.trunk + national)
        (dialled if plan.is_trunk_optional else sent).append(national)
        local = national.removeprefix(plan.local) if plan.local and national.startswith(plan.local) else ""
        if local and not (plan.trunk and local.startswith(plan.trunk)):
            dialled.append(local)
    if plan.outside:
        sent += [plan.outside + number for number in dialled]
    return tuple(dict.fromkeys((key, *dialled, *sent)))


def shown(number: PhoneNumber, form: Form, numbering: Numbering) -> str:
    """Return what a telephone shows and dials for `number`, in ASCII without `*` and `#`; "" when there is nothing.

    `Form.NATIONAL` and `Form.OUTSIDE` are digits alone, an extension is never more than itself. A number without a key
    is shown as it is written in every form, and one that is written as an address (`sip:…`) by its key.
    """
    if form is Form.WRITTEN or not number.key:
        return _written(number.written) or number.key
    if form is Form.E164 or not number.key.startswith("+"):
        return number.key
    plan = _plan(numbering)
    if plan.home and number.key.startswith(plan.home):
        dialled = plan.trunk + number.key.removeprefix(plan.home)
    else:
        dialled = plan.abroad[0] + number.key[1:]
    return plan.outside + dialled if form is Form.OUTSIDE else dialled


def _written(written: str) -> str:
    """Return what of a number as somebody wrote it may stand in a telephoneNumber; "" when no digit is left."""
    if len(written) > LONGEST or "@" in written:
        return ""
    plain = _SPACE.sub(" ", _plain(_SCHEME.sub("", written, count=1)))
    kept = " ".join(_SHOWABLE.sub(" ", _EXTENDED.sub("", plain)).split())
    return kept if any(character.isdigit() for character in kept) else ""


def _key(written: str, plan: _Plan) -> str:
    """Return what names a number in an address book; "" when that cannot be known.

    Of all that it may mean, what exists comes first. People rarely write what is dialled for a line, so that is
    believed only where the number without it neither exists nor fits into this country.
    """
    within: list[str] = []
    beyond: list[str] = []
    short = ""
    for bare in _bare(written):
        if bare[0] != "+" and len(bare) <= plan.extension:
            short = short or bare
        within += _outward(bare, plan)
        beyond += _after_line(bare, plan)
    if short and not (plan.trunk and short.startswith(plan.trunk)):
        return short
    fitting: list[str] = []
    for key in within:
        exists, number = _looked_up(key)
        if exists:
            return number
        if number:
            fitting.append(number)
    ours = (number for number in fitting if plan.home and number.startswith(plan.home))
    outside = (number for exists, number in map(_looked_up, beyond) if exists)
    return next(ours, "") or next(outside, "") or short or next(iter(fitting), "")


def _looked_up(key: str) -> tuple[bool, str]:
    """Tell whether numbers like this are given out, and how phonenumbers writes it: "" where none has so many digits.

    A foreign number may have lost a 0 that does not belong there.
    """
    try:
        number = phonenumbers.parse(key)
    except phonenumbers.NumberParseException:
        return False, ""
    if not phonenumbers.is_possible_number(number):
        return False, ""
    return phonenumbers.is_valid_number(number), phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _keys(bare: str, plan: _Plan) -> Iterator[str]:
    """Yield the keys that digits, perhaps with a plus before them, may mean."""
    if len(bare) <= plan.extension and bare[0] != "+":
        yield bare
    yield from _outward(bare, plan)
    yield from _after_line(bare, plan)


def _after_line(bare: str, plan: _Plan) -> list[str]:
    """Return what digits mean when they begin with what is dialled for a line."""
    if plan.outside and bare.startswith(plan.outside):
        return _within(_dialled(bare[len(plan.outside) :], plan))
    return []


def _outward(bare: str, plan: _Plan) -> list[str]:
    """Return what digits mean outside, the likelier first: as dialled on a line, or as trunks send them."""
    if bare[0] == "+":
        return _within(["+" + _without_trunk(bare[1:], plan)])
    keys = _dialled(bare, plan)
    if plan.home:
        if bare.startswith(plan.home[1:]):
            keys.insert(0, "+" + _without_trunk(bare, plan))
        if not (plan.trunk and bare.startswith(plan.trunk)):
            keys.append(plan.home + bare)
    keys.append("+" + bare)
    return _within(keys)


def _dialled(digits: str, plan: _Plan) -> list[str]:
    """Return what digits mean on a line to outside."""
    keys = ["+" + _without_trunk(digits[len(prefix) :], plan) for prefix in plan.abroad if digits.startswith(prefix)]
    if plan.trunk and digits.startswith(plan.trunk):
        national = digits[len(plan.trunk) :]
        return keys if national.startswith("0") else [*keys, plan.home + national]
    if plan.local:
        keys.append(plan.home + plan.local + digits)
    if plan.is_trunk_optional:
        keys.append(plan.home + digits)
    return keys


def _within(keys: list[str]) -> list[str]:
    """Return those that may be keys; no country begins with a 0."""
    return [key for key in keys if len(key) - 1 in DIGITS and key[1] != "0"]


def _without_trunk(abroad: str, plan: _Plan) -> str:
    """Return a number of this country without the 0 that some write after the country, as in 46 08 123 45."""
    superfluous = plan.home[1:] + plan.trunk
    if plan.trunk.startswith("0") and abroad.startswith(superfluous):
        return plan.home[1:] + abroad[len(superfluous) :]
    return abroad


def _bare(asked: str) -> tuple[str, ...]:
    """Return the digits of a number, a plus before them kept, without a "(0)" and with it; () for what is no number."""
    text = _plain(asked[:LONGEST])
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    text = _SCHEME.sub("", text, count=1)
    if "%" in text:
        text = unquote(text)
    both = (text.replace("(0)", ""), text) if "(0)" in text else (text,)
    matches = [_NUMBER.fullmatch(one.translate(_BETWEEN)) for one in both]
    return tuple(match[1] for match in matches if match)


def _plain(text: str) -> str:
    """Return `text` with every script's digits as ours, and plain spaces for all kinds of spaces and dashes."""
    if text.isascii():
        return text
    ours = "".join(str(decimal(each)) if each.isdecimal() else each for each in normalize("NFKC", text))
    return _SPACE.sub(" ", ours)


@lru_cache(maxsize=16)
def _plan(numbering: Numbering) -> _Plan:
    """Look up how numbers are written in a country; one that is not known has numbers from abroad alone."""
    country = numbering.country
    code = phonenumbers.country_code_for_region(country)
    known = phonenumbers.PhoneMetadata.metadata_for_region(country) if code else None
    if known is None:
        return _Plan("", "", False, (ABROAD,), "", numbering.outside, numbering.extension)
    trunk = known.national_prefix or ""
    abroad = known.preferred_international_prefix or known.international_prefix or ABROAD
    abroad = "".join(each for each in abroad if each.isdecimal()) if _DIALLED.fullmatch(abroad) else ABROAD
    area = numbering.area.removeprefix(trunk) if trunk.startswith("0") else numbering.area
    if area and country in ZERO_STAYS:
        area = "0" + area.removeprefix("0")
    prefixes = tuple(dict.fromkeys((abroad, ABROAD)))
    return _Plan(f"+{code}", trunk, trunk in ("", str(code)), prefixes, area, numbering.outside, numbering.extension)
