"""FindItem: a CalendarView, or a folder's items page by page (Microsoft: "FindItem operation", "CalendarView",
"IndexedPageItemView", "Throttling policies and the EWSFindCountLimit").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from xml.etree.ElementTree import Element

from tests.fakes.exchange import contacts, restriction
from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.fields import Writer, wanted
from tests.fakes.exchange.mailbox import Instance
from tests.fakes.exchange.soap import Fault, Refusal, element, every, find, moment, refused, response, success, truth

LONGEST = timedelta(days=2 * 366)  # "CalendarView queries should not span more than 2 years"


@dataclass(frozen=True)
class Page:
    """A part of what was found: `total` of all, `following` the offset of the next page, None of a view."""

    instances: Sequence[Instance]
    last: bool
    total: int
    following: int | None = None


def find_item(asked: Asked) -> Element:
    """Answer for each folder in its place."""
    folders = every(asked.call.body, "m:ParentFolderIds/*")
    return response("FindItem", *(_one(asked, identity) for identity in folders))


def _one(asked: Asked, identity: Element) -> Element:
    try:
        folder = asked.directory.folder(asked.actor, identity)
        if folder.name == "contacts":
            return _contacts(asked, folder)
        page = _view(asked, folder) if find(asked.call.body, "m:CalendarView") is not None else _paged(asked, folder)
    except Refusal as refusal:
        return refused("FindItem", refusal)
    writer, fields = Writer(asked, folder.right, found=True), wanted(asked.call.body[0])
    return success("FindItem", element(
        "m:RootFolder",
        element("t:Items", *(writer.item(one, fields) for one in page.instances)),
        IndexedPagingOffset=None if page.following is None else str(page.following),
        TotalItemsInView=str(page.total),
        IncludesLastItemInRange=truth(page.last),
    ))  # fmt: skip


def _contacts(asked: Asked, folder: Folder) -> Element:
    """Return a page of contacts, in the order of their making."""
    body = asked.call.body
    if find(body, "m:CalendarView") is not None:
        raise Refusal("ErrorCalendarFolderIsInvalidForCalendarView", "The folder is not a calendar.")
    names = contacts.wanted(body[0])
    found = [(number, one) for number, one in folder.mailbox.contacts if contacts.fits(one, body)]
    view = find(body, "m:IndexedPageItemView")
    offset = int(view.get("Offset", "0")) if view is not None else 0
    most = _most(asked, view, len(found[offset:]))
    page = found[offset : offset + most]
    told = (contacts.written(one, folder.mailbox.contact_id(number), names, found=True) for number, one in page)
    return success("FindItem", element(
        "m:RootFolder",
        element("t:Items", *told),
        IndexedPagingOffset=str(offset + len(page)),
        TotalItemsInView=str(len(found)),
        IncludesLastItemInRange=truth(offset + len(page) >= len(found)),
    ))  # fmt: skip


def _view(asked: Asked, folder: Folder) -> Page:
    view = find(asked.call.body, "m:CalendarView")
    assert view is not None
    if folder.name != "calendar":
        raise Refusal("ErrorCalendarFolderIsInvalidForCalendarView", "The folder is not a calendar.")
    if find(asked.call.body, "m:Restriction") is not None or find(asked.call.body, "m:SortOrder") is not None:
        raise Fault("ErrorInvalidRequest", "Restriction or order of a view is not part of this scripted server.")
    since, before = moment(view.get("StartDate")), moment(view.get("EndDate"))
    if before < since:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate.")
    if before - since > LONGEST:
        raise Refusal("ErrorCalendarViewRangeTooBig", "The calendar view spans more than two years.")
    found = folder.mailbox.calendar.expanded(since, before)
    if not asked.behaviour.expands:  # captures 018 and 019: a master is found where its own time is
        found = [
            one
            for one in folder.mailbox.calendar.wholes()
            if one.item.end.astimezone(UTC) >= since and one.item.start.astimezone(UTC) < before
        ]
    most = _most(asked, view, len(found))
    return Page(found[:most], len(found) <= most, len(found))


def _paged(asked: Asked, folder: Folder) -> Page:
    """Singles and masters, in the order of their making unless told otherwise."""
    body = asked.call.body
    view = find(body, "m:IndexedPageItemView")
    writer = Writer(asked, folder.right)
    found = folder.mailbox.calendar.wholes() if folder.name == "calendar" else []
    condition = find(body, "m:Restriction")
    if condition is not None:
        found = [one for one in found if restriction.holds(condition[0], partial(restriction.value, writer, one))]
    for order in reversed(every(body, "m:SortOrder/t:FieldOrder")):
        found.sort(key=lambda one: restriction.value(writer, one, order[0]), reverse=order.get("Order") == "Descending")
    offset = int(view.get("Offset", "0")) if view is not None else 0
    if view is not None and view.get("BasePoint") == "End":
        raise Fault("ErrorInvalidRequest", "Paging from the end is not part of this scripted server.")
    rest = found[offset:]
    most = _most(asked, view, len(rest))
    page = rest[:most]
    return Page(page, len(rest) <= most, len(found), offset + len(page))


def _most(asked: Asked, view: Element | None, found: int) -> int:
    """How many are given. Who names no maximum and would get more than EWSFindCountLimit gets nothing; since 2010."""
    limit = asked.behaviour.find_limit if asked.behaviour.since("Exchange2010") else found
    named = view.get("MaxEntriesReturned") if view is not None else None
    if named is None and found > limit:
        raise Refusal("ErrorExceededFindCountLimit", "You have exceeded the maximum number of objects.")
    return min(int(named), limit) if named is not None else max(found, 1)
