"""A conference that tests of the portal look at: Anna's, without AUTOCALL, open since ten minutes."""

from dataclasses import replace
from typing import Any

from gateway.domain.conference import (
    Attempt,
    Attendance,
    CallState,
    Conference,
    LeftOut,
    Participant,
    Result,
    RoomOf,
    Why,
)
from gateway.domain.user import Organisation
from gateway.planning.conference.calling import attempt_id, who_of
from gateway.store import attendances, calls, conferences, organisation, rooms
from tests.unit.planning.planned import conference
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import ZONE, House

OUTSIDE = "0046700000001"


class Held:
    """A conference of Anna's that is open: Otto is asked, Eva outside too, and nobody knows Zoe."""

    def __init__(self, house: House, one: Conference) -> None:
        self.house = house
        self.one = one
        self.path = f"/conferences/{one.name}"

    async def change(self, **values: Any) -> None:
        self.one = replace(self.one, **values)
        async with self.house.portal.store.write() as rows:
            await conferences.keep(rows, [self.one])

    async def attempts(self) -> tuple[Attempt, ...]:
        async with self.house.portal.store.read() as rows:
            return await calls.every(rows)

    async def put(self, *some: Attempt) -> None:
        async with self.house.portal.store.write() as rows:
            await calls.put(rows, some)

    async def comes(self, who: str) -> None:
        async with self.house.portal.store.write() as rows:
            await attendances.came(rows, Attendance(self.one.key, f"PJSIP/{who}", who, NOON))

    def attempt(self, participant: Participant, number: int, state: CallState, result: Result | None = None) -> Attempt:
        who = who_of(self.one, participant)
        return Attempt(
            id=attempt_id(self.one.key, who, number),
            conference=self.one.key,
            who=who,
            number=number,
            state=state,
            at=NOON,
            first=NOON,
            ends=self.one.end,
            result=result,
            over=NOON if result else None,
        )

    @property
    def otto(self) -> Participant:
        return self.one.participants[1]

    @property
    def eva(self) -> Participant:
        return self.one.participants[2]


async def hold(house: House) -> Held:
    user, other = house.anna.user, house.otto.user
    assert user is not None
    async with house.portal.store.write() as rows:
        await organisation.put(rows, Organisation(ZONE, outside=("0046*",), dial_in={"sv": "+46 8 500 100"}))
        await rooms.put(rows, RoomOf("8001", owner=user, pin="471199"))
        one = conference(
            start=NOON,
            autocall=False,
            organiser=user,
            subject="Budget",
            participants=(
                Participant("anna@example.org", user),
                Participant("otto@example.org", other),
                Participant("eva@customer.example", number=OUTSIDE),
            ),
            left_out=(LeftOut("zoe@example.org", Why.UNKNOWN),),
        )
        await conferences.keep(rows, [one])
    return Held(house, one)
