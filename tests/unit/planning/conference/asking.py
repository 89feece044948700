"""Meetings in calendars that the tests of conferences talk about, and Hypothesis strategies for them."""

from dataclasses import replace

from hypothesis import strategies as st

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.user import User
from tests.unit.planning.given import ANNA, MONDAY, NASTY, STOCKHOLM, at, instants

BERTA = User(2, "1002", ("berta@example.org", "berta.berg@example.org"), STOCKHOLM)
CARL = User(3, "1003", ("carl@example.org",), STOCKHOLM)
DORA = User(4, "1004", ("dora@example.org",), STOCKHOLM, pbx="north")
EVERYBODY = (ANNA, BERTA, CARL, DORA)
ADDRESSES = (
    *(address for user in EVERYBODY for address in user.emails),
    "guest@elsewhere.example",
    "board@example.org",
)


def asks(*addresses: str, response: Response = Response.UNANSWERED) -> tuple[Attendee, ...]:
    return tuple(Attendee(address, response) for address in addresses)


def meets(
    location: str = "PBX", start: str = "09:00", end: str = "10:00", day: str = MONDAY, **more: object
) -> Appointment:
    """Anna's own meeting with Berta."""
    plain = Appointment(
        "uid", "", "Styrgrupp", at(start, day), at(end, day), organiser="anna@example.org", location=location
    )
    return replace(replace(plain, attendees=asks("berta@example.org")), **more)  # type: ignore[arg-type]


def some_attendees() -> st.SearchStrategy[list[Attendee]]:
    return st.lists(
        st.builds(Attendee, st.sampled_from(ADDRESSES), st.sampled_from(Response), st.booleans()), max_size=8
    )


@st.composite
def some_meetings(draw: st.DrawFn) -> list[Appointment]:
    """What a calendar may hold that has, mostly, to do with conferences, in no order."""
    texts = st.one_of(st.text(st.characters(), max_size=20), st.sampled_from(NASTY))
    found = []
    for _ in range(draw(st.integers(0, 5))):
        first, second = draw(instants()), draw(instants())
        start, end = draw(st.sampled_from([(first, second), (min(first, second), max(first, second))]))
        found.append(
            Appointment(
                uid=draw(st.one_of(st.sampled_from(("a", "b")), texts)),
                occurrence=draw(st.sampled_from(("", "20270328"))),
                subject=draw(st.one_of(st.none(), texts)),
                start=start.astimezone(STOCKHOLM),
                end=end.astimezone(STOCKHOLM),
                response=draw(st.sampled_from((Response.OWN, Response.OWN, *Response))),
                cancelled=draw(st.sampled_from((False, False, True))),
                private=draw(st.booleans()),
                organiser=draw(st.sampled_from(("anna@example.org", "", *ADDRESSES))),
                attendees=tuple(draw(some_attendees())),
                location=draw(st.one_of(st.sampled_from(("PBX", "Rum 3, pbx autocall", "")), texts)),
            )
        )
    return found
