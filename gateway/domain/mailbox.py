"""Where a user's calendar is, how it is opened, and what a reading of it brings."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.domain.appointment import Appointment
from gateway.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials at the source named `source` in the settings.

    `service`: a service account that reads many people's calendars; otherwise a user's own. `epoch` is counted up when
    it gets other credentials, or is to be tried again with those that were refused.
    """

    id: int
    source: str
    login: str
    password: Secret
    service: bool = False
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One user's calendars at a source, read through `account` (`Account.id`).

    `address` is the owner's address at the source, `addresses` all addresses that are the owner's (lower case): they
    tell own items and own answers. `zone` is the owner's zone, for all-day and floating items. `path` where the
    calendars lie, when it is not found from the address. `refresh`: seconds, None: only when somebody asks. `calendar`:
    whether it is read, and its diversions are kept.
    """

    id: int
    user: int
    account: int
    address: str
    addresses: frozenset[str]
    zone: ZoneInfo
    path: str | None = None
    refresh: int | None = 60
    calendar: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a calendar that is read, aware and half-open; `day` names it."""

    start: datetime
    end: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Cursor:
    """The server's token, and the day of the window that was read with it: the first read of a day is always whole."""

    token: str = field(repr=False)
    day: date


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole window: every appointment that overlaps it. `set_aside` items could not be read and were left out."""

    appointments: tuple[Appointment, ...]
    cursor: Cursor | None
    set_aside: int = 0
