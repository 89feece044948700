"""What servers write and exchangelib 5.6 misreads, written as it reads it. Pure.

- Times with fractions of a second become None, and with them the times of moved and deleted occurrences
  (`EWSDateTime.from_string`; gromox 3.10 writes six or nine digits: captures 017, 018).
- The first and last day of a series are read in the zone of this machine where they have none.
- The name of a zone that it does not know ends the reading of the whole answer where there is a `/` in it
  (`tzone://Microsoft/Custom`), or is printed in a warning (`Mitteleuropäische Zeit`, issues 541 and 1197 of
  exchangelib). It is replaced by `UNKNOWN`, so that whoever needs the zone sees that nobody knows it.
- Exchange 2007 names a zone in `TimeZoneName` ("MeetingTimeZone" in Microsoft's reference of EWS elements), where
  exchangelib does not look.
"""

import re
from functools import lru_cache
from html import escape, unescape

from exchangelib import EWSTimeZone
from exchangelib.errors import UnknownTimeZone

UNKNOWN = "Etc/GMT"  # a name that every system has, and that no Windows name stands for
FRACTION = re.compile(rb"(>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+((?:Z|[+-]\d\d:\d\d)?<)")
DAY = re.compile(rb"(<(?:\w+:)?(?:Start|End)Date>\d{4}-\d\d-\d\d)<")
ZONE = re.compile(rb"""<((?:\w+:)?(?:Start|End|Meeting)TimeZone)\b((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>""")
LONGEST = 1000  # bytes of what says which zone it is
NAME = re.compile(rb"""\b(?:Id|Name|TimeZoneName)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def plain(body: bytes) -> bytes:
    """Return an answer of a server (whole, well-formed, UTF-8) as exchangelib reads it rightly."""
    body = FRACTION.sub(rb"\1\2", body)
    body = DAY.sub(rb"\1Z<", body)
    return ZONE.sub(lambda match: _zone(match[1], match[2][:LONGEST], match[2].endswith(b"/")), body)


@lru_cache(maxsize=256)  # the same few in each item
def _zone(tag: bytes, attributes: bytes, is_closed: bool) -> bytes:
    names = (unescape((one or other).decode("utf-8", "replace")) for one, other in NAME.findall(attributes))
    name = next((name for name in names if _is_known(name)), UNKNOWN)
    return b'<%s Id="%s"%s>' % (tag, escape(name).encode(), b"/" if is_closed else b"")


def _is_known(name: str) -> bool:
    try:
        EWSTimeZone.from_ms_id(name)
    except (UnknownTimeZone, ValueError, OSError):  # no name of a zone at all, to zoneinfo; OSError: one of a folder
        return False
    return True
