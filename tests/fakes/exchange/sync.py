"""SyncFolderItems: what changed in a folder since a state (Microsoft: "SyncFolderItems operation", "SyncState").

A state is opaque, belongs to one folder, and says up to which change its owner knows the folder; any other text is
ErrorInvalidSyncStateData. A changed occurrence is an Update of its master. Properties of appointments are refused where
something else lies in the folder ("ResponseCode", ErrorInvalidPropertyRequest).
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.fields import Writer, wanted
from tests.fakes.exchange.mailbox import Instance, opaque, read
from tests.fakes.exchange.soap import Refusal, element, find, refused, response, success, text, truth


@dataclass(frozen=True)
class Change:
    """`number` of the change; `kind`: t:Create, t:Update, t:Delete, t:ReadFlagChange."""

    number: int
    kind: str
    instance: Instance


def sync_folder_items(asked: Asked) -> Element:
    body = asked.call.body
    try:
        folder = asked.directory.folder(asked.actor, find(body, "m:SyncFolderId/*"))  # type: ignore[arg-type]
        known = _known(folder, text(body, "m:SyncState"))
        fields = _fields(folder, body[0])
    except Refusal as refusal:
        return response("SyncFolderItems", refused("SyncFolderItems", refusal, element("m:Changes")))
    changes = _changes(folder, known, asked.behaviour.occurrences)
    most = int(text(body, "m:MaxChangesReturned", "0"))
    page, last = changes[:most], len(changes) <= most
    reached = folder.mailbox.calendar.change_count if last else page[-1].number
    writer = Writer(asked, folder.right)
    return response("SyncFolderItems", success(
        "SyncFolderItems",
        element("m:SyncState", opaque("state", folder.mailbox.guid, folder.name, str(reached))),
        element("m:IncludesLastItemInRange", truth(last)),
        element("m:Changes", *(_written(change, writer, fields) for change in page)),
    ))  # fmt: skip


def _known(folder: Folder, state: str | None) -> int:
    """Return the last change that a state knows of; an empty one is none."""
    if not state:
        return 0
    kind, guid, name, number = [*read(state), *[""] * 4][:4]
    if (kind, guid, name) != ("state", folder.mailbox.guid, folder.name):
        raise Refusal("ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid.")
    return int(number)


def _fields(folder: Folder, shape: Element) -> list[str]:
    fields = wanted(shape)
    if folder.mailbox.calendar.mixed and any(name.startswith("calendar:") for name in fields):
        raise Refusal("ErrorInvalidPropertyRequest", "Property is not valid for this object type.")
    return fields


def _changes(folder: Folder, known: int, occurrences: bool) -> list[Change]:
    if folder.name != "calendar":
        return []
    calendar, changes = folder.mailbox.calendar, []
    for stored in calendar.items.values():
        changed = stored.changed if occurrences else max(stored.born, stored.own)
        if changed > known:
            kind = "t:Create" if stored.born > known else "t:Update"
            changes.append(Change(changed, kind, calendar.whole(stored)))
        elif stored.read_flag > known:
            changes.append(Change(stored.read_flag, "t:ReadFlagChange", calendar.whole(stored)))
    for number, born, stored in calendar.removed:
        if number > known >= born:
            changes.append(Change(number, "t:Delete", calendar.whole(stored)))
    return sorted(changes, key=lambda change: change.number)


def _written(change: Change, writer: Writer, fields: list[str]) -> Element:
    one = change.instance
    if change.kind in ("t:Create", "t:Update"):
        return element(change.kind, writer.item(one, fields))
    identity = element("t:ItemId", Id=one.id, ChangeKey=one.change_key)
    return element(change.kind, identity, element("t:IsRead", "true") if change.kind == "t:ReadFlagChange" else None)
