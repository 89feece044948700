"""What the database cannot do now (locked for long, disk full, gone), as an error that time heals; and what it will not
do any more, since something was removed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_CONSTRAINT_FOREIGNKEY
from sqlite3 import OperationalError as FromDriver

from sqlalchemy.exc import IntegrityError, OperationalError

from gateway.errors import RetryLater


@contextmanager
def later() -> Iterator[None]:
    """Raise `RetryLater` for what the database could not do; what it was to write stays out of the message."""
    try:
        yield
    except (OperationalError, FromDriver) as error:
        said = error.orig if isinstance(error, OperationalError) else error
        raise RetryLater(
            f"the database did not do it: {said}", "look at the disk's space, and at who else has the file open"
        ) from error


def is_too_late(error: Exception) -> bool:
    """Say whether something was to be written for somebody, or something, that has been removed."""
    code = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, IntegrityError) else None
    return code == SQLITE_CONSTRAINT_FOREIGNKEY
