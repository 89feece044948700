"""A text that must not be seen: a password, a key, a token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Prints as `***`; `reveal()` is for the one place that sends it."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


def concealed(value: object) -> object:
    """Return a text as a secret, and anything else as it is: for models, before they look at what they are given."""
    return Secret(value) if isinstance(value, str) else value
