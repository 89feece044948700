"""What anybody can put into an invitation costs the gateway little."""

from exchangelib.util import MNS, SOAPNS, TNS

from gateway.sources.ews.items.people import MOST_ATTENDEES
from gateway.sources.ews.requests import details
from tests.unit.sources.ews.scripted import account

SPACES = f'xmlns:s="{SOAPNS}" xmlns:m="{MNS}" xmlns:t="{TNS}"'


def item(inside: str) -> bytes:
    """Return an answer to GetItem."""
    return (
        f"<s:Envelope {SPACES}><s:Body><m:GetItemResponse><m:ResponseMessages>"
        '<m:GetItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Items>'
        f'<t:CalendarItem><t:ItemId Id="a"/>{inside}</t:CalendarItem>'
        "</m:Items></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>"
    ).encode()


def asked(number: int) -> str:
    address = f"<t:EmailAddress>p{number}@example.test</t:EmailAddress>"
    return f"<t:Attendee><t:Mailbox>{address}</t:Mailbox></t:Attendee>"


def test_of_a_crowd_only_so_many_are_read():
    crowd = "".join(map(asked, range(MOST_ATTENDEES + 100)))
    body = item(f"<t:RequiredAttendees>{crowd}</t:RequiredAttendees><t:OptionalAttendees>{crowd}</t:OptionalAttendees>")
    one, _ = account(body)
    [read] = details(one, ["a"], ("required_attendees", "optional_attendees"))
    for some in (read.required_attendees, read.optional_attendees):
        assert len(some) == MOST_ATTENDEES
        assert some[0].mailbox.email_address == "p0@example.test"
