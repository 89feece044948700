"""ConvertId, ResolveNames and GetServerTimeZones: what clients ask before they read calendars."""

from xml.etree.ElementTree import Element

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.exchange.directory import Asked
from tests.fakes.exchange.mailbox import Mailbox, read
from tests.fakes.exchange.soap import Fault, Refusal, element, every, refused, response, success, text, truth


def convert_id(asked: Asked) -> Element:
    """Tell whose each id is (Microsoft: "AlternateId"), and refuse ids that are none, as exchangelib's dummy is.

    exchangelib asks so for the server's version (capture 002), DavMail for the address of whoever has signed in.
    """
    return response("ConvertId", *(_converted(asked, one) for one in every(asked.call.body, "m:SourceIds/*")))


def _converted(asked: Asked, one: Element) -> Element:
    guid, *_ = [*read(one.get("Id", "")), ""]
    mailbox = asked.directory.by_guid(guid)
    if mailbox is None:
        return refused("ConvertId", Refusal("ErrorInvalidIdMalformed", "Id is malformed."))
    same = element("m:AlternateId", Id=one.get("Id"), Format=asked.call.body.get("DestinationFormat"),
                   Mailbox=mailbox.address)  # fmt: skip
    return success("ConvertId", same)


def resolve_names(asked: Asked) -> Element:
    """Find people by the beginning of name or address, aliases too (Microsoft: "ResolveNames operation")."""
    sought = text(asked.call.body, "m:UnresolvedEntry", "").lower().removeprefix("smtp:")
    found = [one for one in asked.directory.mailboxes.values() if _fits(one, sought)]
    if not found:
        return response("ResolveNames", refused(
            "ResolveNames", Refusal("ErrorNameResolutionNoResults", "No results were found.")
        ))  # fmt: skip
    entries = element(
        "m:ResolutionSet",
        *(element("t:Resolution", _mailbox(one)) for one in found),
        TotalItemsInView=str(len(found)),
        IncludesLastItemInRange=truth(True),
    )
    message = success("ResolveNames", entries)
    if len(found) > 1:
        message = refused("ResolveNames", Refusal("ErrorNameResolutionMultipleResults", "Multiple results."), entries)
        message.set("ResponseClass", "Warning")
    return response("ResolveNames", message)


def _fits(mailbox: Mailbox, sought: str) -> bool:
    words = [mailbox.name.lower(), mailbox.address, *mailbox.aliases, *mailbox.name.lower().split()]
    return bool(sought) and any(word.startswith(sought) for word in words)


def _mailbox(mailbox: Mailbox) -> Element:
    return element(
        "t:Mailbox",
        element("t:Name", mailbox.name),
        element("t:EmailAddress", mailbox.address),
        element("t:RoutingType", "SMTP"),
        element("t:MailboxType", "Mailbox"),
    )


def get_server_time_zones(asked: Asked) -> Element:
    """List zones by id and name (Microsoft: "GetServerTimeZones operation", without full data)."""
    if not asked.behaviour.zones:
        raise Fault("ErrorInvalidRequest", "Unknown request 'GetServerTimeZones'.")  # capture 060
    ids = [part.text or "" for part in every(asked.call.body, "m:Ids/t:Id")]
    if asked.call.body.get("ReturnFullTimeZoneData") == "true":
        raise Fault("ErrorInvalidRequest", "Full data of zones is not part of this scripted server.")
    wanted = [name for name in WINDOWS_TO_OLSON if not ids or name in ids]
    zones = (element("t:TimeZoneDefinition", Id=name, Name=name) for name in wanted)
    return response("GetServerTimeZones", success(
        "GetServerTimeZones", element("m:TimeZoneDefinitions", *zones)
    ))  # fmt: skip
