"""How a scripted Exchange behaves where servers differ: versions of Exchange, and EWS servers that are not Microsoft's.

The defaults are those of Exchange 2016 as Microsoft documents it; what differs names the capture that it is known from.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tests.fakes.exchange.soap import element

BUILDS = {  # Microsoft: "Exchange Server build numbers and release dates"; oldest first
    "Exchange2007": (8, 0, 685, 24),
    "Exchange2007_SP1": (8, 1, 240, 6),
    "Exchange2010": (14, 0, 639, 21),
    "Exchange2010_SP1": (14, 1, 218, 15),
    "Exchange2010_SP2": (14, 2, 247, 5),
    "Exchange2013": (15, 0, 516, 32),
    "Exchange2013_SP1": (15, 0, 847, 32),
    "Exchange2016": (15, 1, 2507, 6),
}
SAID = {"Exchange2016": "V2017_07_11"}

FIELDS_SINCE = {  # "This element was introduced in …", on each one's page
    "calendar:StartTimeZone": "Exchange2010",
    "calendar:EndTimeZone": "Exchange2010",
    "item:IsAssociated": "Exchange2010",
    "item:ConversationId": "Exchange2010",
    "calendar:EnhancedLocation": "Exchange2013",
    "item:Flag": "Exchange2013",
}


@dataclass
class Behaviour:
    """The knobs.

    `expands`: a CalendarView gives occurrences; not so: masters whose own time is in it (captures 018, 019).
    `occurrences`: SyncFolderItems reports a changed occurrence (not so: captures 158, 160). `fraction`: digits of
    seconds (6 and 9: capture 018). `folder_events`: changes and deletions reach a stream as an event on the folder,
    and quiet as a StatusEvent (capture 101). `zones`: GetServerTimeZones exists (not so: capture 060). `denial`: what
    refuses a folder (Microsoft: "Handling delegation-related errors"; ErrorAccessDenied: captures 068, 071).
    `expands_lists`: ExpandDL exists; `unknown_lists_empty`: a list that there is not comes without members ("ExpandDL
    operation" has both that and an error). `minute`: how long a minute of ConnectionTimeout and of a subscription's
    life lasts, in seconds; `heartbeat`: pause between two signs of life of a stream, in seconds. `streams`:
    HangingConnectionLimit; `subscriptions`: EWSMaxSubscriptions; `find_limit`: EWSFindCountLimit.
    """

    version: str = "Exchange2016"
    expands: bool = True
    occurrences: bool = True
    fraction: int = 0
    folder_events: bool = False
    zones: bool = True
    denial: str = "ErrorItemNotFound"
    unknown_lists_empty: bool = False
    expands_lists: bool = True
    minute: float = 60.0
    heartbeat: float = 45.0
    streams: int = 3
    subscriptions: int = 5000
    find_limit: int = 1000

    def since(self, version: str) -> bool:
        """Whether this server is `version` or newer."""
        known = list(BUILDS)
        return known.index(self.version) >= known.index(version)

    def knows(self, field: str) -> bool:
        """Whether this server's schema has a property, by its FieldURI."""
        return field not in FIELDS_SINCE or self.since(FIELDS_SINCE[field])

    def told(self) -> Element:
        """Return ServerVersionInfo: 2007 says no Version, 2016 one that no request may name (capture 002)."""
        major, minor, build, revision = BUILDS[self.version]
        return element(
            "t:ServerVersionInfo",
            MajorVersion=str(major),
            MinorVersion=str(minor),
            MajorBuildNumber=str(build),
            MinorBuildNumber=str(revision),
            Version=SAID.get(self.version, self.version) if self.since("Exchange2010") else None,
        )
