"""The one error of this package."""


class Unreadable(ValueError):
    """A text holds no card, or a card nobody that could be called: it is set aside and counted."""
