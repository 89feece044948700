"""ExpandDL: who is in a distribution list (Microsoft: "ExpandDL operation", "DLExpansion", "MailboxType";
[MS-OXWSDLIST] 3.1.4.1).

One list is expanded, and a list in it is named. What is hidden from address lists is not found. What is not found is
ErrorNameResolutionNoResults by the page's example of an error, and by its comments a success without members: a server
does either (`Behaviour.unknown_lists_empty`).
"""

from xml.etree.ElementTree import Element

from tests.fakes.exchange.directory import Asked, DistributionList
from tests.fakes.exchange.soap import Fault, Refusal, element, refused, response, success, text, truth


def expand_dl(asked: Asked) -> Element:
    """Name who is in a list. A page of Microsoft's writes its Mailbox with `t:`, the schema has `m:`."""
    if text(asked.call.body, "m:Mailbox/t:ItemId"):
        raise Fault("ErrorInvalidRequest", "Private lists are not part of this scripted server.")
    sought = text(asked.call.body, "m:Mailbox/t:EmailAddress").lower()
    found = asked.directory.lists.get(sought)
    if found is None or found.hidden:
        if not asked.behaviour.unknown_lists_empty:
            refusal = Refusal("ErrorNameResolutionNoResults", "No results were found.")
            return response("ExpandDL", refused("ExpandDL", refusal))
        found = DistributionList(address=sought)
    members = [_member(asked, address) for address in found.members]
    expansion = element(
        "m:DLExpansion", *members, TotalItemsInView=str(len(members)), IncludesLastItemInRange=truth(True)
    )
    return response("ExpandDL", success("ExpandDL", expansion))


def _member(asked: Asked, address: str) -> Element:
    mailbox, inner = asked.directory.known(address), asked.directory.lists.get(address.lower())
    name, kind = address, "Contact"
    if mailbox is not None:
        name, kind = mailbox.name, "Mailbox"
    elif inner is not None:
        name, kind = inner.name or address, "PublicDL"
    return element(
        "t:Mailbox",
        element("t:Name", name),
        element("t:EmailAddress", address),
        element("t:RoutingType", "SMTP"),
        element("t:MailboxType", kind),
    )
