"""What somebody may do with another's calendar, and how an answer says it.

Microsoft: "CalendarPermissionLevel" (None, FreeBusyTimeOnly, FreeBusyTimeAndSubjectAndLocation, Reviewer, Editor),
"EffectiveRights"; FULL is the right to the whole mailbox (Add-MailboxPermission, FullAccess), as its owner has it.
"""

from enum import IntEnum
from xml.etree.ElementTree import Element

from tests.fakes.exchange.soap import element, truth


class Right(IntEnum):
    """In rising order. Up to SUBJECT only free/busy times are open, and no folder (captures 068, 084)."""

    NONE = 0
    FREE_BUSY = 1
    SUBJECT = 2
    REVIEWER = 3
    EDITOR = 4
    FULL = 5


def effective(right: Right, private: bool | None = None) -> Element:
    """Return EffectiveRights (capture 072: a reviewer only reads); `private`: may see private items, None unsaid."""
    writes, owns = truth(right >= Right.EDITOR), truth(right == Right.FULL)
    return element(
        "t:EffectiveRights",
        element("t:CreateAssociated", owns),
        element("t:CreateContents", writes),
        element("t:CreateHierarchy", owns),
        element("t:Delete", writes),
        element("t:Modify", writes),
        element("t:Read", truth(right >= Right.REVIEWER)),
        None if private is None else element("t:ViewPrivateItems", truth(private)),
    )
