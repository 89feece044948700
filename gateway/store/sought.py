"""Who is looked for in a list of people: each word must be in the name or an address, or begin a number.

SQLite knows upper and lower case of ASCII alone: what was typed is looked for as it is, small, large, with capitals.
"""

from sqlalchemy import ColumnElement, and_, or_, select, true

from gateway.store import tables

MOST_WORDS = 5
NAME, ID = tables.users.c.name, tables.users.c.id
EMAIL, NUMBER = tables.emails.alias("any_email").c, tables.numbers.alias("any_number").c


def sought(search: str) -> ColumnElement[bool]:
    """Choose the users whom a search means; "" means everybody."""
    return and_(true(), *(_says(word) for word in search.split()[:MOST_WORDS]))


def _says(word: str) -> ColumnElement[bool]:
    written = {word, word.lower(), word.upper(), word.capitalize(), word.title()}
    return or_(
        *(NAME.contains(one, autoescape=True) for one in sorted(written)),
        ID.in_(select(NUMBER.user).where(NUMBER.number.startswith(word, autoescape=True))),
        ID.in_(select(EMAIL.user).where(EMAIL.email.contains(word.lower(), autoescape=True))),
    )
