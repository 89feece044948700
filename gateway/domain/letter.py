"""A letter to somebody, by mail."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Letter:
    """`to` is an address, `subject` and `body` are plain text of any characters.

    `id`: hexadecimal digits; a letter that is sent once more has the same, so that mail programs show it once.
    """

    id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
