"""Items of a calendar as exchangelib makes them: by hand, and out of captured answers."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.properties import Attendee, Mailbox
from lxml import etree

from gateway.domain.mailbox import Window
from gateway.sources.ews.connection.dialect import plain

CAPTURES = Path(__file__).parents[4] / "captures" / "exchange"
CALENDAR_ITEM = "{http://schemas.microsoft.com/exchange/services/2006/types}CalendarItem"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
BERLIN = EWSTimeZone("Europe/Berlin")
ANNA = "anna@example.test"
WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC), date(2026, 11, 21))


def captured(name: str) -> list[CalendarItem]:
    """What exchangelib makes of the calendar items in an answer of gromox 3.10."""
    [path] = CAPTURES.glob(f"{name}_*.response.xml")
    return read(path.read_bytes())


def read(body: bytes) -> list[CalendarItem]:
    root = etree.fromstring(plain(body))
    return [CalendarItem.from_xml(element, None) for element in root.iter(CALENDAR_ITEM)]


def moment(text: str) -> EWSDateTime:
    """`2026-11-23 08:00` in UTC."""
    return EWSDateTime.from_string(text.replace(" ", "T") + ":00Z")


def item(start: object = "2026-11-23 08:00", end: object = "2026-11-23 09:00", **fields: object) -> CalendarItem:
    """A single item of an hour, with a UID and a subject, or whatever is said of it."""
    said = {"id": "id-1", "uid": "uid-1", "subject": "M: möte", "type": "Single", "_start_timezone": BERLIN}
    times = (moment(one) if isinstance(one, str) else one for one in (start, end))
    return CalendarItem(**dict(zip(("start", "end"), times, strict=True)), **{**said, **fields})


def mailbox(address: str | None, routing: str | None = "SMTP", kind: str = "Mailbox") -> Mailbox:
    return Mailbox(email_address=address, routing_type=routing, mailbox_type=kind)


def attendee(address: str | None, said: str | None, kind: str = "Mailbox") -> Attendee:
    return Attendee(mailbox=mailbox(address, kind=kind), response_type=said)
