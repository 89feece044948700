"""Who organises an event, who is asked to it, and what its owner answered. Pure.

RFC 5545 sections 3.2.3 (CUTYPE), 3.2.12 (PARTSTAT), 3.2.16 (ROLE), 3.8.4.1 and 3.8.4.3; RFC 7986 section 6.2 (EMAIL).
"""

from gateway.domain.appointment import Attendee, Response
from gateway.sources.caldav.components import Component, Property

MOST_ATTENDEES = 500
LONGEST_ADDRESS = 320  # characters
THINGS = frozenset({"ROOM", "RESOURCE"})
ANSWERS = {
    "ACCEPTED": Response.ACCEPTED,
    "TENTATIVE": Response.TENTATIVE,
    "DECLINED": Response.DECLINED,
    "DELEGATED": Response.DECLINED,
}
STRONGEST = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED, Response.UNANSWERED)


def organiser(component: Component) -> str:
    """Return the organiser's address; "" where there is none, or only one that is no Internet address."""
    found = component.one("ORGANIZER")
    return _address(found) if found is not None else ""


def attendees(component: Component) -> tuple[Attendee, ...]:
    """Return who is asked, each once: people and groups, not rooms and things, nor who is only told of it."""
    found: dict[str, Attendee] = {}
    for asked in component.all("ATTENDEE"):
        said = asked.parameters
        if said.get("CUTYPE", "").upper() in THINGS or said.get("ROLE", "").upper() == "NON-PARTICIPANT":
            continue
        if (address := _address(asked)) and len(found) < MOST_ATTENDEES:
            is_group = said.get("CUTYPE", "").upper() == "GROUP"
            found.setdefault(address, Attendee(address, _answer(asked), is_group))
    return tuple(found.values())


def response(component: Component, addresses: frozenset[str]) -> Response:
    """Return what the owner answered; what the owner organises, or nobody does, is the owner's own.

    What somebody else organises and asks nobody to (a published item) is there because the owner took it: accepted,
    but not the owner's own words, so that no `>number` of a stranger counts.
    """
    asked, by = component.all("ATTENDEE"), component.one("ORGANIZER")
    if by is None and not asked:
        return Response.OWN
    if by is not None and _addresses(by) & addresses:
        return Response.OWN
    if not asked:
        return Response.ACCEPTED
    answers = {_answer(attendee) for attendee in asked if _addresses(attendee) & addresses}
    return next((answer for answer in STRONGEST if answer in answers), Response.UNANSWERED)


def _answer(attendee: Property) -> Response:
    return ANSWERS.get(attendee.parameters.get("PARTSTAT", "").upper(), Response.UNANSWERED)


def _address(found: Property) -> str:
    """Return the Internet address of a calendar user, "" where there is none."""
    for address in sorted(_addresses(found)):
        if (
            "@" in address
            and not set(address) & set("/:")
            and address.isprintable()
            and len(address) <= LONGEST_ADDRESS
        ):
            return address
    return ""


def _addresses(found: Property) -> set[str]:
    """Return the addresses of a calendar user, lower case: the value, or EMAIL.

    EMAIL counts where the value is no address: servers look only at the value when they check who sent an item.
    """
    value, email = found.value.strip().lower(), found.parameters.get("EMAIL", "").strip().lower()
    if value.startswith("mailto:"):
        return {value.removeprefix("mailto:").strip()} - {""}
    return {value, email} - {""}
