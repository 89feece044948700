"""What cannot be read: each cause once, which is a long text, and whom it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.deciding.report import Report


@dataclass(frozen=True, slots=True)
class Failing:
    """A calendar or book (`kind`) of `whom`, which cannot be read `since` then, and why."""

    kind: str
    whom: str
    since: datetime
    succeeded: datetime | None
    said: str


def failing(told: Report) -> Iterable[Failing]:
    """Return all that cannot be read: calendars first."""
    extensions = {user.id: user.extension for user in told.users}
    for box in told.mailboxes:
        how = told.progress[box.id]
        if how.failing_since is not None:
            yield Failing("calendar", extensions.get(box.user, ""), how.failing_since, how.succeeded, how.said or "")
    for book in told.books:
        of_book = told.book_progress[book.id]
        if of_book.failing_since is not None:
            whom = book.name if book.owner is None else extensions.get(book.owner, "")
            yield Failing("address book", whom, of_book.failing_since, of_book.succeeded, of_book.said or "")


def causes(told: Report) -> Sequence[tuple[str, str, Sequence[Failing]]]:
    """Return kind, cause and what fails for it, the cause of most first."""
    found: dict[tuple[str, str], list[Failing]] = {}
    for one in failing(told):
        found.setdefault((one.kind, one.said), []).append(one)
    return sorted(((*cause, some) for cause, some in found.items()), key=lambda cause: -len(cause[2]))
