"""Conferences that the tests of planning talk about, and Hypothesis strategies for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import strategies as st

from gateway.domain.conference import Conference, Participant, RoomOf
from gateway.domain.user import User
from tests.unit.planning.given import ANNA, STOCKHOLM, at

BERTA = User(2, "1002", ("berta@example.org",), STOCKHOLM, "de")
PEOPLE = {user.id: user for user in (ANNA, BERTA)}
ROOM = RoomOf("8001", owner=1, pin="4711")
MINUTES = timedelta(minutes=1)


def conference(word: str = "styrelse", start: datetime | None = None, last: int = 60, **more: object) -> Conference:
    """A conference of Anna's with Berta, of `last` minutes, at nine if nothing else is said."""
    begins = start or at("09:00")
    ends = begins + last * MINUTES
    key = sha256(word.encode()).hexdigest()[:32]
    plain = Conference(
        key=key,
        meeting=key[::-1],
        series=key,
        organiser=1,
        pbx="main",
        room="8001",
        start=begins,
        end=ends,
        opens=begins - 10 * MINUTES,
        closes=ends + 15 * MINUTES,
        autocall=True,
        participants=(Participant("anna@example.org", 1), Participant("berta@example.org", 2)),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@st.composite
def some_conferences(draw: st.DrawFn, most: int = 40) -> list[Conference]:
    """Within two days of 2026-11-23, many that overlap, some cancelled, in no order; some end between two seconds."""
    begin = datetime(2026, 11, 22, 12, tzinfo=UTC)
    found = []
    for number in range(draw(st.integers(0, most))):
        start = begin + draw(st.integers(0, 48 * 60)) * MINUTES
        made = conference(str(number), start, draw(st.sampled_from((1, 30, 60, 60, 24 * 60))))
        some = timedelta(microseconds=draw(st.sampled_from((0, 0, 1, 999_999))))
        found.append(
            replace(
                made,
                end=made.end + some,
                closes=made.closes + some,
                cancelled=draw(st.sampled_from((False, False, True))),
            )
        )
    return found
