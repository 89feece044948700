"""The roll of one conference, as it is printed (deciding/roll.py)."""

from zoneinfo import ZoneInfo

from gateway.cli import shown
from gateway.deciding.planned import Told
from gateway.deciding.roll import Line
from gateway.domain.conference import Attempt, CallState, Result, Why

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


def show(told: Told, lines: tuple[Line, ...], zone: ZoneInfo) -> None:
    """Print it."""
    shown.table(
        ("WHO", "CALLED", "IN SINCE", "LEFT"),
        (
            (
                _who(line),
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
                "who": _who(line),
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


def _who(line: Line) -> str:
    """Return a user's extension and name, a number outside, or a guest."""
    if line.user is not None:
        return f"{line.user.extension} {line.user.name}".strip()
    if line.participant is None:
        return GUEST
    return line.participant.number or "a user who was removed"


def _calls(line: Line, zone: ZoneInfo) -> str:
    if line.declined and not line.attempts:
        return "has declined"
    return "; ".join(
        _call(one, zone) for one in sorted(line.attempts, key=lambda attempt: (attempt.at, attempt.number))
    )


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
