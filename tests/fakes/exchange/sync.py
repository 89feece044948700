"""SyncFolderItems: what changed in a folder since a state (Microsoft: "SyncFolderItems operation", "SyncState").

A state is opaque, belongs to one folder, and says up to which change its owner knows the folder; any other text is
ErrorInvalidSyncStateData. A changed occurrence is an Update of its master. Properties of appointments are refused where
something else lies in the folder ("ResponseCode", ErrorInvalidPropertyRequest); so are those of contacts where a list
does. Contacts: captures 050, 054, 081.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element

from tests.fakes.exchange import contacts
from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.fields import Writer, wanted
from tests.fakes.exchange.mailbox import Instance, Stored, opaque, read
from tests.fakes.exchange.soap import Refusal, element, find, refused, response, success, text, truth


@dataclass(frozen=True)
class Change:
    """`number` of the change; `kind`: t:Create, t:Update, t:Delete, t:ReadFlagChange. `write` says it in an answer."""

    number: int
    kind: str
    write: Callable[[], Element]


def sync_folder_items(asked: Asked) -> Element:
    body = asked.call.body
    try:
        folder = asked.directory.folder(asked.actor, find(body, "m:SyncFolderId/*"))  # type: ignore[arg-type]
        known = _known(folder, text(body, "m:SyncState"))
        changes, newest = _changes(asked, folder, known)
        most = int(text(body, "m:MaxChangesReturned", "0"))
        page, last = changes[:most], len(changes) <= most
        told = [change.write() for change in page]
    except Refusal as refusal:
        return response("SyncFolderItems", refused("SyncFolderItems", refusal, element("m:Changes")))
    reached = newest if last else page[-1].number
    return response("SyncFolderItems", success(
        "SyncFolderItems",
        element("m:SyncState", opaque("state", folder.mailbox.guid, folder.name, str(reached))),
        element("m:IncludesLastItemInRange", truth(last)),
        element("m:Changes", *told),
    ))  # fmt: skip


def _known(folder: Folder, state: str | None) -> int:
    """Return the last change that a state knows of; an empty one is none."""
    if not state:
        return 0
    kind, guid, name, number = [*read(state), *[""] * 4][:4]
    if (kind, guid, name) != ("state", folder.mailbox.guid, folder.name):
        raise Refusal("ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid.")
    return int(number)


def _changes(asked: Asked, folder: Folder, known: int) -> tuple[list[Change], int]:
    """Return what changed after the change `known`, in order, and the number of the newest change of the folder."""
    if folder.name == "calendar":
        return _appointments(asked, folder, known), folder.mailbox.calendar.change_count
    if folder.name == "contacts":
        return _contacts(asked, folder, known), folder.mailbox.contacts.change_count
    return [], 0


def _appointments(asked: Asked, folder: Folder, known: int) -> list[Change]:
    calendar, writer, fields = folder.mailbox.calendar, Writer(asked, folder.right), wanted(asked.call.body[0])
    if calendar.mixed and any(name.startswith("calendar:") for name in fields):
        raise Refusal("ErrorInvalidPropertyRequest", "Property is not valid for this object type.")
    changes: list[Change] = []

    def add(number: int, kind: str, stored: Stored) -> None:
        changes.append(Change(number, kind, partial(_written, kind, calendar.whole(stored), writer, fields)))

    for stored in calendar.items.values():
        changed = stored.changed if asked.behaviour.occurrences else max(stored.born, stored.own)
        if changed > known:
            add(changed, "t:Create" if stored.born > known else "t:Update", stored)
        elif stored.read_flag > known:
            add(stored.read_flag, "t:ReadFlagChange", stored)
    for number, born, stored in calendar.removed:
        if number > known >= born:
            add(number, "t:Delete", stored)
    return sorted(changes, key=lambda change: change.number)


def _written(kind: str, one: Instance, writer: Writer, fields: list[str]) -> Element:
    if kind in ("t:Create", "t:Update"):
        return element(kind, writer.item(one, fields))
    identity = element("t:ItemId", Id=one.id, ChangeKey=one.change_key)
    return element(kind, identity, element("t:IsRead", "true") if kind == "t:ReadFlagChange" else None)


def _contacts(asked: Asked, folder: Folder, known: int) -> list[Change]:
    mailbox, names = folder.mailbox, contacts.wanted(asked.call.body[0])

    def written(kind: str, number: int) -> Element:
        identity = mailbox.contact_id(number)
        if kind == "t:Delete":
            return element(kind, element("t:ItemId", Id=identity, ChangeKey="AAA="))
        return element(kind, contacts.written(mailbox.contacts.kept[number].contact, identity, names))

    return [Change(at, kind, partial(written, kind, number)) for at, kind, number in mailbox.contacts.since(known)]
