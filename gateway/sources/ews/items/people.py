"""Who organises an item, who is asked to it, and what its owner answered. Pure.

By "MyResponseType", "AppointmentState", "Organizer", "Attendee" and "MailboxType" in Microsoft's reference of EWS
elements, and [MS-OXOCAL] 2.2.1.10 (what was received from somebody else says so).
"""

from itertools import chain

from exchangelib import CalendarItem
from exchangelib.fields import AppointmentStateField
from exchangelib.properties import Mailbox

from gateway.domain.appointment import Attendee, Response

MOST_ATTENDEES = 500
LONGEST_ADDRESS = 320  # characters
LISTS = frozenset({"PublicDL", "PrivateDL", "GroupMailbox"})
ANSWERS = {
    "Organizer": Response.ACCEPTED,
    "Accept": Response.ACCEPTED,
    "Tentative": Response.TENTATIVE,
    "Decline": Response.DECLINED,
}


def organiser(item: CalendarItem) -> str:
    """Return the organiser's address; "" where there is none, or only one that is no Internet address."""
    return address_of(item.organizer)


def attendees(item: CalendarItem) -> tuple[Attendee, ...]:
    """Return who is asked, required or not, each once. Rooms and equipment (`Resources`) are not people."""
    found: dict[str, Attendee] = {}
    for asked in chain(item.required_attendees or (), item.optional_attendees or ()):
        address = address_of(asked.mailbox)
        if address and len(found) < MOST_ATTENDEES:
            answer = ANSWERS.get(asked.response_type, Response.UNANSWERED)
            found.setdefault(address, Attendee(address, answer, is_list(asked.mailbox)))
    return tuple(found.values())


def response(item: CalendarItem, addresses: frozenset[str]) -> Response:
    """Return what the owner of `addresses` answered; OWN only where nobody else can have written the item.

    Servers say "NoResponseReceived" (gromox 3.10, capture 012) or "Unknown" of meetings and items of one's own. Such an
    item that was received from somebody is not answered, whoever it names as its organiser. One that was not received
    and that somebody else organises is there because the owner took it: accepted, but not the owner's words.
    """
    said = item.my_response_type
    if said == "Organizer":
        return Response.OWN
    if said in ANSWERS:
        return ANSWERS[said]
    if AppointmentStateField.RECEIVED in (item.appointment_state or ()):
        return Response.UNANSWERED
    by = organiser(item)
    if by in addresses:
        return Response.OWN
    if item.is_meeting:
        return Response.UNANSWERED
    return Response.ACCEPTED if by else Response.OWN


def is_list(mailbox: Mailbox) -> bool:
    """Tell whether the server says that this is a distribution list ("MailboxType")."""
    return mailbox.mailbox_type in LISTS


def address_of(mailbox: Mailbox | None) -> str:
    """Return the Internet address of somebody, lower case; "" where there is none."""
    if mailbox is None or (mailbox.routing_type or "SMTP").upper() != "SMTP":
        return ""
    address = (mailbox.email_address or "").strip().lower()
    return address if "@" in address and address.isprintable() and len(address) <= LONGEST_ADDRESS else ""
