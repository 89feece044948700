"""What people write into a calendar and dial on a telephone for some of the codes in use (planning/usual.py)."""

from datetime import datetime, timedelta

from gateway.domain.appointment import Appointment
from tests.unit.engine import right, told
from tests.unit.engine.told import Item

CODES = {  # by key: what is written, the digit, what is dialled behind it
    "meeting": ("M", "1", "time"),
    "lunch": ("L", "2", "time"),
    "gone_for_the_day": ("GFD", "3", "nothing"),
    "sick_child": ("VAB", "41", "date"),
    "trip": ("TJR", "7", "date"),
}
BY_DIGIT = {digit: key for key, (_, digit, _) in CODES.items()}
WRONG = ("*23*99*1200", "*23*1*2561", "*23*1", "*23*3*1200", "*23*41*0231", "*23*7*1301", "*23*1*12")


def starred(code: str, ahead: int, now: datetime) -> str:
    """Return what is dialled to be away until `ahead` minutes from now, where the code takes a time, or some days."""
    _, digit, takes = CODES[code]
    here = now.astimezone(told.ZONE)
    if takes == "nothing":
        return f"*23*{digit}"
    if takes == "time":
        return f"*23*{digit}*{here + timedelta(minutes=ahead):%H%M}"
    return f"*23*{digit}*{here + timedelta(days=1 + ahead % 9):%m%d}"


def appointment(item: Item) -> Appointment:
    """Return what the calendar says of `item`; an end that follows from its code is not written."""
    target = f">{item.target}" if item.target else ""
    subject = f"{CODES[item.code][0]}{':' if item.diverts else ';'}{target} Styrgrupp"
    end = item.start + 1800 if item.code == "gone_for_the_day" else item.end
    start, ends = right.instant(item.start), right.instant(end)
    return Appointment(uid=item.uid, occurrence="", subject=subject, start=start, end=ends)
