"""What is raised for an item that has to be set aside. Pure."""


class Unreadable(ValueError):
    """An item that cannot be understood, or not within bounds. Says why without its text."""
