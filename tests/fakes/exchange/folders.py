"""GetFolder, FindFolder, GetUserConfiguration: the folders of a mailbox, each refused or told in its place.

Microsoft: "GetFolder operation", "FindFolder operation", "GetUserConfiguration operation", "BaseFolder".
"""

from collections.abc import Callable, Sized
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from xml.etree.ElementTree import Element

from tests.fakes.exchange import restriction
from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.mailbox import FOLDERS, opaque
from tests.fakes.exchange.paths import absent, additional, extended, named
from tests.fakes.exchange.rights import effective
from tests.fakes.exchange.soap import Fault, Refusal, element, every, find, refused, response, success, text, truth

NAMES = {
    "root": "root", "msgfolderroot": "Top of Information Store", "inbox": "Inbox", "calendar": "Calendar",
    "contacts": "Contacts", "deleteditems": "Deleted Items", "drafts": "Drafts", "junkemail": "Junk E-Mail",
    "outbox": "Outbox", "sentitems": "Sent Items", "tasks": "Tasks",
}  # fmt: skip
KINDS = {
    "calendar": ("t:CalendarFolder", "IPF.Appointment"), "contacts": ("t:ContactsFolder", "IPF.Contact"),
    "tasks": ("t:TasksFolder", "IPF.Task"),
}  # fmt: skip
BELOW = {"root": ("msgfolderroot",), "msgfolderroot": FOLDERS[2:]}
SHORT = ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount")


def get_folder(asked: Asked) -> Element:
    body = asked.call.body
    fields = _wanted(body[0])
    return response("GetFolder", *(_one(asked, identity, fields) for identity in every(body, "m:FolderIds/*")))


def _one(asked: Asked, identity: Element, fields: list[str]) -> Element:
    try:
        folder = asked.directory.folder(asked.actor, identity)
    except Refusal as refusal:
        return refused("GetFolder", refusal, element("m:Folders"))
    return success("GetFolder", element("m:Folders", _written(folder, fields)))


def find_folder(asked: Asked) -> Element:
    """Answer for each folder in its place with those that lie in it."""
    body = asked.call.body
    if body.get("Traversal") != "Shallow":
        raise Fault("ErrorInvalidRequest", "Only a shallow traversal is part of this scripted server.")
    return response("FindFolder", *(_found(asked, identity) for identity in every(body, "m:ParentFolderIds/*")))


def _found(asked: Asked, identity: Element) -> Element:
    """Return a page of folders (Microsoft: "IndexedPageFolderView"; without one: all)."""
    body, condition = asked.call.body, find(asked.call.body, "m:Restriction")
    try:
        above = asked.directory.folder(asked.actor, identity)
        inside = [replace(above, name=name) for name in BELOW.get(above.name, ())]
        found = [one for one in inside if condition is None or restriction.holds(condition[0], partial(_value, one))]
    except Refusal as refusal:
        return refused("FindFolder", refusal)
    view = find(body, "m:IndexedPageFolderView")
    offset = int(view.get("Offset", "0")) if view is not None else 0
    end = offset + int(view.get("MaxEntriesReturned", len(found)) if view is not None else len(found))
    fields = _wanted(body[0])
    return success("FindFolder", element(
        "m:RootFolder",
        element("t:Folders", *(_written(one, fields) for one in found[offset:end])),
        IndexedPagingOffset=str(min(end, len(found))) if view is not None else None,
        TotalItemsInView=str(len(found)),
        IncludesLastItemInRange=truth(end >= len(found)),
    ))  # fmt: skip


def get_user_configuration(asked: Asked) -> Element:
    """Tell that nobody here has such settings as Outlook on the web keeps for who has used it, so of time zones."""
    name = find(asked.call.body, "m:UserConfigurationName")
    assert name is not None
    refusal = Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
    try:
        asked.directory.folder(asked.actor, name[0])
    except Refusal as closed:
        refusal = closed
    return response("GetUserConfiguration", refused("GetUserConfiguration", refusal))


def _wanted(shape: Element) -> list[str]:
    base = text(shape, "t:BaseShape")
    return [*({"Default": SHORT, "AllProperties": ALL}.get(base or "", ())), *additional(shape, EXTENDED)]


def _value(folder: Folder, path: Element) -> str:
    """Return a property as text that compares as its values do; "" is none."""
    name = named(path)
    if name not in PROPERTIES and path.tag == "t:ExtendedFieldURI":
        absent(name)
        return ""
    if name not in PROPERTIES:
        raise Refusal("ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction.")
    found = PROPERTIES[name](folder)
    return restriction.comparable(path, "".join(found.itertext()) if found is not None else "")


def _written(folder: Folder, fields: list[str]) -> Element:
    parts = [write(folder) for name, write in PROPERTIES.items() if name in fields]
    return element(KINDS.get(folder.name, ("t:Folder", ""))[0], folder_id(folder), *parts)


def folder_id(folder: Folder, name: str = "t:FolderId") -> Element:
    calendar = folder.mailbox.calendar
    changed = str(calendar.change_count) if folder.name == "calendar" else "0"
    return element(name, Id=folder.mailbox.folder(folder.name), ChangeKey=opaque("change", changed))


def _parent(folder: Folder) -> Element:
    above = "root" if folder.name in ("root", "msgfolderroot") else "msgfolderroot"
    return element("t:ParentFolderId", Id=folder.mailbox.folder(above))


def _class(folder: Folder) -> str:
    return KINDS.get(folder.name, ("", "IPF.Note"))[1]


def _total(folder: Folder) -> str:
    mailbox = folder.mailbox
    inside: dict[str, Sized] = {"calendar": mailbox.calendar.items, "contacts": mailbox.contacts}
    return str(len(inside.get(folder.name, ())))


def _unread(folder: Folder) -> Element | None:
    """A calendar has no UnreadCount (Microsoft: "CalendarFolder"), nor have contacts ("ContactsFolder")."""
    return element("t:UnreadCount", "0") if folder.name not in ("calendar", "contacts") else None


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _changed(folder: Folder) -> datetime:
    return folder.mailbox.calendar.changed if folder.name == "calendar" else folder.mailbox.created


def _numbered(folder: Folder) -> int:
    return max(folder.mailbox.calendar.items, default=0) if folder.name == "calendar" else 0


EXTENDED: dict[str, Callable[[Folder], str]] = {  # of [MS-OXPROPS]
    "0x3007 SystemTime": lambda folder: _time(folder.mailbox.created),  # PidTagCreationTime
    "0x3008 SystemTime": lambda folder: _time(folder.mailbox.created),  # PidTagLastModificationTime: of its name
    "0x3602 Integer": _total,  # PidTagContentCount
    "0x3603 Integer": lambda folder: "0",  # PidTagContentUnreadCount
    "0x360a Boolean": lambda folder: truth(folder.name in BELOW),  # PidTagSubfolders
    "0x3613 String": _class,  # PidTagContainerClass
    "0x670a SystemTime": lambda folder: _time(_changed(folder)),  # PidTagLocalCommitTimeMax: of what is in it
    "0x6751 Integer": lambda folder: str(_numbered(folder) + 1),  # PidTagArticleNumberNext
}


def _extended(name: str, of: Callable[[Folder], str]) -> Callable[[Folder], Element]:
    return lambda folder: extended(name, of(folder))


PROPERTIES: dict[str, Callable[[Folder], Element | None]] = {  # in the order of types.xsd, BaseFolderType
    "folder:ParentFolderId": _parent,
    "folder:FolderClass": lambda folder: element("t:FolderClass", _class(folder)) if folder.name != "root" else None,
    "folder:DisplayName": lambda folder: element("t:DisplayName", NAMES[folder.name]),
    "folder:TotalCount": lambda folder: element("t:TotalCount", _total(folder)),
    "folder:ChildFolderCount": lambda folder: element("t:ChildFolderCount", str(len(BELOW.get(folder.name, ())))),
    **{name: _extended(name, of) for name, of in EXTENDED.items()},
    "folder:EffectiveRights": lambda folder: effective(folder.right),
    "folder:DistinguishedFolderId": lambda folder: element("t:DistinguishedFolderId", folder.name),
    "folder:UnreadCount": _unread,
}
ALL = tuple(name for name in PROPERTIES if name not in EXTENDED)
