"""iCalendar texts as servers give them, and what they are read as."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gateway.domain.mailbox import Window
from gateway.sources.caldav.parse import parse

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))
ADDRESSES = frozenset({"alice@example.test", "a.smith@example.test"})


def calendar(*events: tuple[str, ...], head: str = "") -> str:
    lines = [line for event in events for line in ("BEGIN:VEVENT", *event, "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *head.split("\n"), *lines, "END:VCALENDAR", ""])


def read(*texts: str, window: Window = WINDOW):
    return parse(texts, window, STOCKHOLM, ADDRESSES)


def one(*lines: str, head: str = ""):
    found, set_aside = read(calendar(("UID:a", "SUMMARY:M:", *lines), head=head))
    assert (len(found), set_aside) == (1, 0)
    return found[0]
