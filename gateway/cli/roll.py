"""The roll of one conference: who is asked, how calling them went, who is in or was, and who was left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.cli import shown
from gateway.deciding.planned import Told
from gateway.domain.conference import Attempt, Attendance, CallState, Participant, Result, Why
from gateway.domain.user import User
from gateway.planning.conference.calling import who_of

CAME_TO = {
    Result.LEFT: "was in",
    Result.BUSY: "busy",
    Result.NO_ANSWER: "no answer",
    Result.REJECTED: "rejected",
    Result.UNREGISTERED: "no telephone signed in",
    Result.DND: "do not disturb",
    Result.AWAY: "diverted for another reason",
    Result.UNCONFIRMED: "answered, nobody pressed 1",
    Result.FAILED: "failed",
    Result.RESTARTED: "lost when the PBX was started anew",
    Result.CAME: "dialled in",
    Result.LATE: "too late",
    Result.DROPPED: "no longer asked",
}
BECAUSE = {
    Why.UNKNOWN: "nobody here has this address",
    Why.GROUP: "a distribution list that is not expanded",
    Why.NOT_PERMITTED: "its number outside may not be called",
    Why.TOO_MANY: "too many are asked",
}
GUEST = "a guest"


@dataclass(frozen=True, slots=True)
class Line:
    """`who` is a user's extension and name, a number outside, or a guest."""

    who: str
    declined: bool = False
    attempts: tuple[Attempt, ...] = ()
    stays: tuple[Attendance, ...] = ()


def roll(told: Told, everybody: Mapping[int, User]) -> tuple[Line, ...]:
    """Return a line for everybody who is asked, in their order, and then for others who are in or were."""
    conference = told.conference
    asked = [
        Line(
            _name(one, everybody),
            one.declined,
            tuple(attempt for attempt in told.attempts if attempt.who == who_of(conference, one)),
            tuple(stay for stay in told.stays if stay.who == one.who),
        )
        for one in conference.participants
    ]
    known = {one.who for one in conference.participants}
    users = {f"user:{user.id}": _of(user) for user in everybody.values()}
    others = [Line(users.get(stay.who, GUEST), stays=(stay,)) for stay in told.stays if stay.who not in known]
    return (*asked, *others)


def show(told: Told, lines: tuple[Line, ...], zone: ZoneInfo) -> None:
    """Print it."""
    shown.table(
        ("WHO", "CALLED", "IN SINCE", "LEFT"),
        (
            (
                line.who,
                _calls(line, zone),
                "; ".join(shown.instant(stay.joined, zone) for stay in line.stays),
                "; ".join(shown.instant(stay.left, zone) or "is in" for stay in line.stays),
            )
            for line in lines
        ),
    )
    if told.conference.left_out:
        shown.line("")
        shown.table(("LEFT OUT", "BECAUSE"), ((one.address, BECAUSE[one.why]) for one in told.conference.left_out))


def as_json_of(told: Told, lines: tuple[Line, ...]) -> dict[str, object]:
    """Return it for programs."""
    return {
        "people": [
            {
                "who": line.who,
                "declined": line.declined,
                "calls": [
                    {
                        "number": one.number,
                        "state": one.state.value,
                        "result": one.result.value if one.result else None,
                        "at": one.at.isoformat(),
                        "over": one.over.isoformat() if one.over else None,
                    }
                    for one in line.attempts
                ],
                "in": [
                    {"since": one.joined.isoformat(), "left": one.left.isoformat() if one.left else None}
                    for one in line.stays
                ],
            }
            for line in lines
        ],
        "left_out": [{"address": one.address, "why": one.why.value} for one in told.conference.left_out],
    }


def _name(one: Participant, everybody: Mapping[int, User]) -> str:
    if one.user is None:
        return one.number or ""
    return _of(everybody[one.user]) if one.user in everybody else "a user who was removed"


def _of(user: User) -> str:
    return f"{user.extension} {user.name}".strip()


def _calls(line: Line, zone: ZoneInfo) -> str:
    if line.declined and not line.attempts:
        return "has declined"
    return "; ".join(_call(one, zone) for one in sorted(line.attempts, key=lambda attempt: attempt.number))


def _call(one: Attempt, zone: ZoneInfo) -> str:
    when = f"{(one.over or one.at).astimezone(zone):%H:%M:%S}"
    match one.state:
        case CallState.DUE:
            return f"when the telephone signs in, until {when}" if one.waits else f"due at {when}"
        case CallState.SENT:
            return f"being called since {when}"
        case CallState.UP:
            return f"has come by the call of {when}"
        case CallState.VOID:
            return f"not called: {_ended(one)} {when}"
        case CallState.OVER:
            return f"{_ended(one)} {when}"


def _ended(one: Attempt) -> str:
    return CAME_TO[one.result] if one.result else "over"
