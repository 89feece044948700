"""GetItem: items by their ids, each refused or told in its place (Microsoft: "GetItem operation"; capture 032)."""

from itertools import islice
from xml.etree.ElementTree import Element

from tests.fakes.exchange import contacts
from tests.fakes.exchange.directory import Asked
from tests.fakes.exchange.fields import Writer, wanted
from tests.fakes.exchange.mailbox import CONTACT, Instance, read
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.soap import Refusal, element, every, refused, response, success, text


def get_item(asked: Asked) -> Element:
    """Answer for each id in its place."""
    shape = asked.call.body[0]
    fields = _wanted(asked, shape)
    if text(shape, "t:IncludeMimeContent") in ("true", "1"):
        fields.append("item:MimeContent")
    return response("GetItem", *(_one(asked, identity, fields) for identity in every(asked.call.body, "m:ItemIds/*")))


def _wanted(asked: Asked, shape: Element) -> list[str]:
    """Return what is asked for of calendar items; where all are contacts, which have other properties: nothing."""
    ids = every(asked.call.body, "m:ItemIds/t:ItemId")
    if ids and all(read(one.get("Id", ""))[1:2] == [CONTACT] for one in ids):
        return []
    return wanted(shape)


def _one(asked: Asked, identity: Element, fields: list[str]) -> Element:
    try:
        contact = asked.directory.contact(asked.actor, identity.get("Id", ""))
        if contact is not None:
            told = contacts.written(contact, identity.get("Id", ""), contacts.wanted(asked.call.body[0]))
            return success("GetItem", element("m:Items", told))
        instance, right = _sound(*_meant(asked, identity))
    except Refusal as refusal:
        return refused("GetItem", refusal, element("m:Items"))
    return success("GetItem", element("m:Items", Writer(asked, right).item(instance, fields)))


def _sound(instance: Instance, right: Right) -> tuple[Instance, Right]:
    if instance.item.uid in instance.mailbox.calendar.broken:
        raise Refusal("ErrorItemCorrupt", "The item is corrupt.")
    return instance, right


def _meant(asked: Asked, identity: Element) -> tuple[Instance, Right]:
    if identity.tag == "t:ItemId":
        return asked.directory.item(asked.actor, identity.get("Id", ""))
    if identity.tag == "t:RecurringMasterItemId":
        instance, right = asked.directory.item(asked.actor, identity.get("OccurrenceId", ""))
        return instance.mailbox.calendar.whole(instance.stored), right
    master, right = asked.directory.item(asked.actor, identity.get("RecurringMasterId", ""))
    return _numbered(master, int(identity.get("InstanceIndex", "0"))), right


def _numbered(master: Instance, number: int) -> Instance:
    """Return the occurrence of an index, from 1 on, that counts deleted ones (Microsoft: "OccurrenceItemId")."""
    day = next(islice(master.mailbox.calendar.series(master.stored), max(number - 1, 0), None), None)
    if day is None or number < 1:
        raise Refusal("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange", "Occurrence index is out of range.")
    if day in master.stored.deleted:
        raise Refusal("ErrorCalendarOccurrenceIsDeletedFromRecurrence", "The occurrence was deleted.")
    return master.mailbox.calendar.occurrence(master.stored, day)
