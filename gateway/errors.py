"""Everything that can go wrong, named by what the caller does about it.

    RingplanError             has a `remedy`: what an administrator can do
    ├── RetryLater            time heals it: wait, with backoff, and try again
    │   ├── Unreachable       no connection, or it was lost
    │   └── Throttled         the whole account is asked to rest; nothing is wrong
    ├── SignInAgain           the other side refused our credentials: retried slowly, said at once
    ├── GiveUp                no use trying again until somebody changes something
    │   ├── Misconfigured     a setting, by key, value and remedy
    │   ├── Refused           the other side understood, and will not do it
    │   └── NotOffered        there is no such thing there for anybody, and nobody is at fault
    └── OurFault              a defect of Ringplan

Messages carry ids and addresses of servers, never contents of calendars and never secrets.
"""


class RingplanError(Exception):
    """`str(error)` says what happened; `remedy` says what to do about it.

    With `values`, both are templates with `{names}` of these in them, kept as `template` and `remedy_template`: whoever
    speaks another language fills in a translation of them.
    """

    def __init__(self, message: str, remedy: str = "", **values: str | int) -> None:
        super().__init__(message.format_map(values) if values else message)
        self.template, self.remedy_template, self.values = message, remedy, values
        self.remedy = remedy.format_map(values) if values else remedy


class RetryLater(RingplanError):
    """Time heals it; `after`: the other side asks to be left alone for so many seconds."""

    def __init__(self, message: str, remedy: str = "", after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.after = after


class Unreachable(RetryLater):
    """The other side cannot be reached, or the connection was lost."""


class Throttled(RetryLater):
    """The other side asks the account to rest for `after` seconds: no mailbox of it is asked before then."""


class SignInAgain(RingplanError):
    """Our credentials were refused."""


class GiveUp(RingplanError):
    """Nothing changes until somebody changes something."""


class Misconfigured(GiveUp):
    """A setting cannot be used."""


class Refused(GiveUp):
    """The other side understood and refuses."""


class NotOffered(GiveUp):
    """The other side has nothing of the kind, such as address books: it is not offered there."""


class OurFault(RingplanError):
    """A defect of Ringplan."""
