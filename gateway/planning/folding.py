"""Names as people type them on a telephone: without case and accents, and as keys of the keypad. Pure.

Compatibility decomposition takes accents off (Unicode Standard Annex 15), the default caseless matching is Unicode
3.13; letters that have a stroke of their own and no decomposition (Ø, Ł, Þ) are written as their nearest Latin ones.
Joiners, which names in Persian and in the scripts of India have, say nothing (RFC 4518, section 2.2).
The keys are those of ITU-T E.161, figure 2.
"""

from unicodedata import combining, normalize

STROKED = str.maketrans(
    {
        "æ": "ae",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ĸ": "k",
        "ł": "l",
        "ŋ": "ng",
        "œ": "oe",
        "ø": "o",
        "þ": "th",
        "ŧ": "t",
    }
)
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
ON_KEYS = frozenset("0123456789")
_WRITTEN = STROKED | str.maketrans("", "", JOINERS)


def folded(text: str) -> str:
    """Return `text` without case and accents: "Öberg" is "oberg", "Łukasz" is "lukasz", "Strauß" is "strauss".

    Folding goes letter by letter, so the folded beginning of a name is the beginning of the folded name.
    """
    if text.isascii():
        return text.lower()
    apart = normalize("NFKD", text)
    plain = "".join(letter for letter in apart if not combining(letter))
    return plain.casefold().translate(_WRITTEN)


def digits(name: str) -> str:
    """Return the keys that spell `name`, one each: "Öberg" is "62374". What is on no key is left out, spaces too."""
    return "".join(key for key in folded(name).translate(KEYS) if key in ON_KEYS)
