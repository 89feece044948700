"""What a number is for, by the words that programs and people put beside it. Pure.

TYPE of RFC 2426 section 3.3.1 and RFC 6350 section 6.4.1, Apple's and Google's labels, and the Swedish and German words
that people write there.
"""

import re

from gateway.domain.contact import Kind

NOBODY_ANSWERS = frozenset({
    "fax", "homefax", "workfax", "otherfax", "telefax", "pager", "personsökare", "modem", "bbs", "textphone", "telex",
    "tty", "isdn",
})  # fmt: skip
KINDS = (
    (Kind.MOBILE, frozenset({"cell", "mobile", "mobil", "iphone", "pcs", "car", "handy", "mobiltelefon"})),
    (Kind.WORK, frozenset({
        "work", "business", "office", "company", "arbete", "jobb", "arbeit", "geschäftlich", "büro", "dienstlich",
        "firma",
    })),
    (Kind.HOME, frozenset({"home", "hem", "bostad", "privat", "zuhause"})),
)  # fmt: skip
WORD = re.compile(r"[^\W_]+")
SEAM = re.compile(r"(?<=[a-zåäöü])(?=[A-ZÅÄÖÜ])")


def words(label: str) -> frozenset[str]:
    """Return the words of a label, in lower case; Apple's own are taken apart: `_$!<HomeFAX>!$_` is home and fax."""
    return frozenset(word.lower() for word in WORD.findall(SEAM.sub(" ", label)))


def kind(said: frozenset[str]) -> Kind | None:
    """Return what a number is for of which these words are said; None: nobody answers there."""
    if said & NOBODY_ANSWERS:
        return None
    return next((found for found, some in KINDS if some & said), Kind.OTHER)
