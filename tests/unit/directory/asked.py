"""Filters as telephones and others might ask them, at random, about the people of `people`."""

from random import Random

from gateway.directory.query import And, Approx, AtLeast, AtMost, Equal, Filter, Not, Or, Present, Substrings

TEXTS = ["cn", "sn", "givenName", "GN", "surname", "o", "company", "mail", "title", "uid", "commonName"]
NUMBERS = ["telephoneNumber", "mobile", "homePhone", "numberKey", "MOBILETELEPHONENUMBER"]
UNKNOWN = ["extension", "fooBar", "x-ldap"]
WORDS = [
    "an",
    "o",
    "öberg",
    "OBERG",
    "ang",
    "str",
    "strauss",
    "berg",
    "er",
    "van der",
    "lind",
    "volt",
    "gota",
    "5",
    "c1",
]
DIALLED = ["08", "0812300", "+468", "070", "0701231122", "1001", "10", "004930", "0049 30 012456", "+46 8 123 00", "77"]


def leaf(random: Random) -> Filter:
    """Return a filter of one part."""
    kind = random.random()
    attribute = random.choice(TEXTS if kind < 0.6 else NUMBERS if kind < 0.9 else UNKNOWN)
    word = random.choice(DIALLED if attribute in NUMBERS else WORDS)
    value, shape = word.encode(), random.randrange(8)
    if shape == 0:
        return Present(attribute)
    if shape == 1:
        return random.choice((Equal, Approx))(attribute, value)
    if shape == 2 and attribute not in NUMBERS:
        return random.choice((AtLeast, AtMost))(attribute, value)
    cut = random.randrange(len(word) + 1)
    first, last = word[:cut].strip().encode(), word[cut:].strip().encode()
    shapes = [
        Substrings(attribute, value, (), None),
        Substrings(attribute, None, (value,), None),
        Substrings(attribute, None, (), value),
        Substrings(attribute, first or None, (), last or value),
        Substrings(attribute, None, (first or value, last or value), None),
    ]
    return random.choice(shapes)


def some_filter(random: Random, depth: int = 3) -> Filter:
    """Return a filter, at most so deep."""
    if depth == 0 or random.random() < 0.4:
        return leaf(random)
    if random.random() < 0.25:
        return Not(some_filter(random, depth - 1))
    parts = tuple(some_filter(random, depth - 1) for _ in range(random.choice((0, 1, 2, 2, 3))))
    return random.choice((And, Or))(parts)
