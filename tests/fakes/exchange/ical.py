"""The same items as on CalDAV servers, put into a scripted Exchange: what tests of all calendar sources write.

Takes iCalendar (RFC 5545) as far as Exchange can keep it: a rule that it has no pattern for is a ValueError.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.exchange.items import Attendee, Item
from tests.fakes.exchange.mailbox import FakeCalendar
from tests.fakes.exchange.series import DAYS, WHICH, Recurrence

ZONES = {zone: name for name, zone in reversed(WINDOWS_TO_OLSON.items())} | {
    "Europe/Stockholm": "W. Europe Standard Time",
    "UTC": "UTC",
}
SHORT = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
SENSITIVITY = {"PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}
ANSWERS = {"ACCEPTED": "Accept", "DECLINED": "Decline", "TENTATIVE": "Tentative"}
KINDS = {"DAILY": "Daily", "WEEKLY": "Weekly", "MONTHLY": "Monthly", "YEARLY": "Yearly"}


@dataclass
class ByICalendar:
    """A calendar that is written like `peers.dav.Calendar`; `days`: the Windows zone in which days are days."""

    calendar: FakeCalendar
    days: str = "W. Europe Standard Time"
    names: dict[str, str] = field(default_factory=dict)

    async def put(self, name: str, ics: str) -> str:
        """Write the item `name`, new or changed."""
        events: list[Any] = list(Calendar.from_ical(ics).walk("VEVENT"))
        (master,) = (event for event in events if "RECURRENCE-ID" not in event)
        uid = self.names[name] = self.calendar.put(self._item(master))
        for day in _exdates(master):
            self.calendar.delete_occurrence(uid, day)
        for event in events:
            if event is not master:
                item = self._item(event)
                day = event["RECURRENCE-ID"].dt.astimezone(self.calendar.stored(uid).item.tz).date()
                self.calendar.change_occurrence(uid, day, subject=item.subject, start=item.start, end=item.end)
        return ""

    async def delete(self, name: str) -> None:
        """Remove the item `name`; an error if it is not there."""
        self.calendar.delete(self.names.pop(name))

    def _item(self, event: Any) -> Item:
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        whole_days = not isinstance(start, datetime)
        zone = self.days if whole_days else ZONES[_zone(start)]
        tz = ZoneInfo(WINDOWS_TO_OLSON[zone])
        if whole_days:
            start, end = (datetime(day.year, day.month, day.day, tzinfo=tz) for day in (start, end))
        item = Item(
            uid=str(event["UID"]),
            subject=str(event.get("SUMMARY", "")),
            start=start,
            end=end,
            zone=zone,
            all_day=whole_days,
            show_as=_shown(event),
            sensitivity=SENSITIVITY.get(str(event.get("CLASS", "")), "Normal"),
            cancelled=event.get("STATUS") == "CANCELLED",
            location=str(event.get("LOCATION", "")),
            body=str(event.get("DESCRIPTION", "")),
        )
        item = replace(item, recurrence=_recurrence(event["RRULE"], item) if "RRULE" in event else None)
        return _meeting(item, event, self.calendar.mailbox.address)


def _meeting(item: Item, event: Any, owner: str) -> Item:
    if "ORGANIZER" not in event:
        return item
    attendees = event.get("ATTENDEE", [])
    people = tuple(_attendee(who) for who in (attendees if isinstance(attendees, list) else [attendees]))
    own = next((who.response for who in people if who.address == owner), "")
    own = "NoResponseReceived" if own == "Unknown" else own
    return replace(item, organizer=_attendee(event["ORGANIZER"]), required=people, response=own)


def _attendee(who: Any) -> Attendee:
    address = str(who).lower().removeprefix("mailto:")
    return Attendee(
        address=address, name=who.params.get("CN", ""), response=ANSWERS.get(who.params.get("PARTSTAT", ""), "Unknown")
    )


def _shown(event: Any) -> str:
    """By what Outlook writes, else by TRANSP."""
    told = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).capitalize()
    if told in ("Free", "Tentative", "Busy"):
        return told
    return {"Oof": "OOF", "Workingelsewhere": "WorkingElsewhere"}.get(
        told, "Free" if event.get("TRANSP") == "TRANSPARENT" else "Busy"
    )


def _zone(start: datetime) -> str:
    return "UTC" if start.tzinfo is UTC else str(start.tzinfo)


def _exdates(event: Any) -> Iterable[date]:
    listed = event.get("EXDATE", [])
    for one in listed if isinstance(listed, list) else [listed]:
        yield from (day.dt.date() if isinstance(day.dt, datetime) else day.dt for day in one.dts)


def _recurrence(rule: Any, item: Item) -> Recurrence:
    """Translate a rule into the pattern that has the same days."""
    kind = KINDS.get(rule["FREQ"][0])
    unknown = set(rule) - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}
    if kind is None or unknown:
        raise ValueError(f"Exchange has no pattern for {rule}")
    until = rule.get("UNTIL", [None])[0]
    if isinstance(until, datetime):
        until = until.astimezone(item.tz).date()
    first = item.start.astimezone(item.tz)
    common = Recurrence(
        kind=kind, interval=rule.get("INTERVAL", [1])[0], number=rule.get("COUNT", [None])[0], until=until,
        first_day=DAYS[SHORT[rule.get("WKST", ["MO"])[0]]], month=rule.get("BYMONTH", [first.month])[0],
    )  # fmt: skip
    days = [str(day) for day in rule.get("BYDAY", [])]
    if kind == "Weekly":
        names = tuple(DAYS[SHORT[day]] for day in days) or (DAYS[first.weekday()],)
        return replace(common, days=names)
    if kind == "Daily":
        return common
    if days:
        (day,) = days
        which = list(WHICH)[int(day[:-2]) - 1] if int(day[:-2]) > 0 else "Last"
        return replace(common, kind=f"Relative{kind}", days=(DAYS[SHORT[day[-2:]]],), which=which)
    return replace(common, kind=f"Absolute{kind}", day=rule.get("BYMONTHDAY", [first.day])[0])
