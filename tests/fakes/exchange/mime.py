"""MimeContent of calendar items: iCalendar as Exchange writes it of what is in a folder (Microsoft: "MimeContent").

[MS-OXCICAL], "Exporting from Calendar objects" of each property: METHOD is PUBLISH, which has no attendees; zones have
the Windows names, with a rule for each half of the year from 1601 on; all-day events go from midnight to midnight and
say so in X-MICROSOFT-CDO-ALLDAYEVENT (2.1.3.1.1.20.28 advises against it; DavMail knows servers that do it);
exceptions of a series follow it as further events. Days that some months do not have are not written, but refused.
"""

from base64 import b64encode
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from tests.fakes.exchange.items import Item
from tests.fakes.exchange.mailbox import Instance
from tests.fakes.exchange.series import DAYS, SETS, WHICH, Recurrence
from tests.fakes.exchange.soap import Fault, element

CLASSES = {"Normal": "PUBLIC", "Personal": "X-PERSONAL", "Private": "PRIVATE", "Confidential": "CONFIDENTIAL"}
KINDS = {"Single": "0", "RecurringMaster": "1", "Occurrence": "2", "Exception": "3"}  # X-MICROSOFT-CDO-INSTTYPE
SECOND, HALF_HOUR = timedelta(seconds=1), timedelta(minutes=30)
LOCAL, ZULU = "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"


def mime_content(instance: Instance) -> Element:
    return element("t:MimeContent", b64encode(written(instance)).decode(), CharacterSet="UTF-8")


def written(instance: Instance) -> bytes:
    """Return an item as iCalendar; a series with all its exceptions."""
    lines = [
        "BEGIN:VCALENDAR", "METHOD:PUBLISH", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0",
        *_zone(instance.item), *_event(instance),
    ]  # fmt: skip
    if instance.kind == "RecurringMaster":
        stored, calendar = instance.stored, instance.mailbox.calendar
        for day in sorted(stored.exceptions):
            lines += _event(calendar.occurrence(stored, day))
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def _event(instance: Instance) -> Iterator[str]:
    item, zone = instance.item, f";TZID={instance.item.zone}:"
    yield "BEGIN:VEVENT"
    if item.meeting:
        organizer = item.organizer.address if item.organizer else instance.mailbox.address
        yield f"ORGANIZER:MAILTO:{organizer}"
    yield f"DESCRIPTION;LANGUAGE=en-US:{_text(item.body)}"
    if item.recurrence:
        yield f"RRULE:{_rule(item.recurrence, item)}"
        first = item.start.astimezone(item.tz)
        gone = [datetime.combine(day, first.time()).strftime(LOCAL) for day in sorted(instance.stored.deleted)]
        if gone:
            yield f"EXDATE{zone}{','.join(gone)}"
    yield f"UID:{item.uid}"
    if instance.original:
        yield f"RECURRENCE-ID{zone}{instance.original.astimezone(item.tz).strftime(LOCAL)}"
    yield f"SUMMARY;LANGUAGE=en-US:{_text(item.subject)}"
    yield f"DTSTART{zone}{item.start.astimezone(item.tz).strftime(LOCAL)}"
    yield f"DTEND{zone}{item.end.astimezone(item.tz).strftime(LOCAL)}"
    yield f"CLASS:{CLASSES[item.sensitivity]}"
    yield "PRIORITY:5"
    yield f"DTSTAMP:{instance.stored.modified.astimezone(UTC).strftime(ZULU)}"
    yield f"TRANSP:{'TRANSPARENT' if item.show_as == 'Free' else 'OPAQUE'}"
    yield f"STATUS:{'CANCELLED' if item.cancelled else 'TENTATIVE' if item.show_as == 'Tentative' else 'CONFIRMED'}"
    yield "SEQUENCE:0"
    yield f"LOCATION;LANGUAGE=en-US:{_text(item.location)}"
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{item.show_as.upper()}"
    yield f"X-MICROSOFT-CDO-ALLDAYEVENT:{str(item.all_day).upper()}"
    yield "X-MICROSOFT-CDO-IMPORTANCE:1"
    yield f"X-MICROSOFT-CDO-INSTTYPE:{KINDS[instance.kind]}"
    yield "END:VEVENT"


def _rule(recurrence: Recurrence, item: Item) -> str:
    """RRULE. The end of a series is told in UTC: when an occurrence of its last day begins."""
    kind, local = recurrence.kind, item.start.astimezone(item.tz)
    if kind.startswith("Absolute") and recurrence.day > 28:
        raise Fault("ErrorInvalidRequest", "Days that a month may lack are not part of this scripted server.")
    parts = [
        f"FREQ={kind.removeprefix('Absolute').removeprefix('Relative').upper()}",
        f"INTERVAL={recurrence.interval}",
    ]
    if recurrence.number is not None:
        parts.append(f"COUNT={recurrence.number}")
    elif recurrence.until is not None:
        last = datetime.combine(recurrence.until, local.time(), item.tz)
        parts.append(f"UNTIL={last.astimezone(UTC).strftime(ZULU)}")
    if kind.startswith("Absolute"):
        parts.append(f"BYMONTHDAY={recurrence.day}")
    elif recurrence.days:
        names = [one for name in recurrence.days for one in SETS.get(name, (name,))]
        parts.append("BYDAY=" + ",".join(_short(name) for name in names))
    if kind.startswith("Relative"):
        which = WHICH[recurrence.which]
        parts.append(f"BYSETPOS={which if which < 0 else which + 1}")
    if kind.endswith("Yearly"):
        parts.append(f"BYMONTH={recurrence.month}")
    if kind == "Weekly":
        parts.append(f"WKST={_short(recurrence.first_day)}")
    return ";".join(parts)


def _zone(item: Item) -> Iterator[str]:
    """VTIMEZONE by the changes of the year in which the item begins; a zone that has none: two halves without rules."""
    changes = list(_changes(item.start.astimezone(item.tz).year, item.tz))
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{item.zone}"
    for change in changes:
        yield from _half(change, item.tz)
    for name in () if changes else ("STANDARD", "DAYLIGHT"):
        offset = f"{item.start.astimezone(item.tz):%z}"
        yield from (f"BEGIN:{name}", "DTSTART:16010101T000000", f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}")
        yield f"END:{name}"
    yield "END:VTIMEZONE"


def _half(change: datetime, zone: ZoneInfo) -> Iterator[str]:
    """The part of each year that begins with `change`; its rule is in the time that clocks show until then."""
    before, after = (change - SECOND).astimezone(zone), change.astimezone(zone)
    name, wall = "DAYLIGHT" if after.dst() else "STANDARD", before + SECOND
    yield f"BEGIN:{name}"
    yield f"DTSTART:16010101T{wall:%H%M%S}"
    yield f"TZOFFSETFROM:{before:%z}"
    yield f"TZOFFSETTO:{after:%z}"
    yield f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY={_nth(wall)};BYMONTH={wall.month}"
    yield f"END:{name}"


def _changes(year: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when in a year the offset of a zone becomes another one, to the half hour, in UTC."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    for step in range(366 * 48):
        moment = begin + step * HALF_HOUR
        if moment.astimezone(zone).utcoffset() != (moment - SECOND).astimezone(zone).utcoffset():
            yield moment


def _nth(day: datetime) -> str:
    """Name a day of a month by its weekday: `2SU`, `-1SU` for the last."""
    last = day.day + 7 > monthrange(day.year, day.month)[1]
    return f"{-1 if last else (day.day - 1) // 7 + 1}{_short(DAYS[day.weekday()])}"


def _short(name: str) -> str:
    return name[:2].upper()


def _text(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _folded(line: str) -> str:
    """RFC 5545, 3.1: at most 75 octets a line, none of them a part of a character."""
    pieces, size = [""], 0
    for character in line:
        length = len(character.encode())
        if size + length > 75:
            pieces.append(" ")
            size = 1
        pieces[-1] += character
        size += length
    return "\r\n".join(pieces)
