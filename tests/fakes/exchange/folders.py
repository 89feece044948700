"""GetFolder: the folders of a mailbox, each refused or told in its place (Microsoft: "GetFolder operation")."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.mailbox import opaque
from tests.fakes.exchange.rights import effective
from tests.fakes.exchange.soap import Refusal, element, every, refused, response, success, text

NAMES = {
    "root": "root", "msgfolderroot": "Top of Information Store", "inbox": "Inbox", "calendar": "Calendar",
    "contacts": "Contacts", "deleteditems": "Deleted Items",
}  # fmt: skip
KINDS = {"calendar": ("t:CalendarFolder", "IPF.Appointment"), "contacts": ("t:ContactsFolder", "IPF.Contact")}
SHORT = ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount")


def get_folder(asked: Asked) -> Element:
    body = asked.call.body
    base = text(body, "m:FolderShape/t:BaseShape")
    fields = [part.get("FieldURI", "") for part in every(body, "m:FolderShape/t:AdditionalProperties/t:FieldURI")]
    fields += {"Default": SHORT, "AllProperties": tuple(PROPERTIES)}.get(base or "", ())
    return response("GetFolder", *(_one(asked, identity, fields) for identity in every(body, "m:FolderIds/*")))


def _one(asked: Asked, identity: Element, fields: list[str]) -> Element:
    try:
        folder = asked.directory.folder(asked.actor, identity)
    except Refusal as refusal:
        return refused("GetFolder", refusal, element("m:Folders"))
    parts = [write(folder) for name, write in PROPERTIES.items() if name in fields]
    made = element(KINDS.get(folder.name, ("t:Folder", ""))[0], folder_id(folder), *parts)
    return success("GetFolder", element("m:Folders", made))


def folder_id(folder: Folder, name: str = "t:FolderId") -> Element:
    calendar = folder.mailbox.calendar
    changed = str(calendar.change_count) if folder.name == "calendar" else "0"
    return element(name, Id=folder.mailbox.folder(folder.name), ChangeKey=opaque("change", changed))


def _parent(folder: Folder) -> Element:
    above = "root" if folder.name in ("root", "msgfolderroot") else "msgfolderroot"
    return element("t:ParentFolderId", Id=folder.mailbox.folder(above))


def _class(folder: Folder) -> Element | None:
    return element("t:FolderClass", KINDS.get(folder.name, ("", "IPF.Note"))[1]) if folder.name != "root" else None


def _total(folder: Folder) -> Element:
    return element("t:TotalCount", str(len(folder.mailbox.calendar.items) if folder.name == "calendar" else 0))


def _children(folder: Folder) -> Element:
    return element("t:ChildFolderCount", {"root": "1", "msgfolderroot": str(len(NAMES) - 2)}.get(folder.name, "0"))


def _unread(folder: Folder) -> Element | None:
    """A calendar has no UnreadCount (Microsoft: "CalendarFolder")."""
    return element("t:UnreadCount", "0") if folder.name not in KINDS else None


PROPERTIES: dict[str, Callable[[Folder], Element | None]] = {  # in the order of types.xsd, BaseFolderType
    "folder:ParentFolderId": _parent,
    "folder:FolderClass": _class,
    "folder:DisplayName": lambda folder: element("t:DisplayName", NAMES[folder.name]),
    "folder:TotalCount": _total,
    "folder:ChildFolderCount": _children,
    "folder:EffectiveRights": lambda folder: effective(folder.right),
    "folder:DistinguishedFolderId": lambda folder: element("t:DistinguishedFolderId", folder.name),
    "folder:UnreadCount": _unread,
}
