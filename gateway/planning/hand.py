"""The absence by hand and the last end, as a PBX holds them (dialplan/README.md, `ringplan-hand`).

The dialplan writes this value when somebody dials a star code, and counts its `turn` up; the gateway writes it for an
absence that it knows, and never counts. So a turn that is higher than the known one was dialled.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.user import User
from gateway.planning.callers import window_of
from gateway.planning.grammar import EPOCH, checked, count, counted, instant, parts, seconds
from gateway.planning.rules import Rules, is_digit
from gateway.planning.schedule import Window, parse_window, write_window
from gateway.planning.timeline import Segment

VERSION = "1"
LONGEST_ABSENCE = timedelta(days=366)
LAST_TURN = 10**9  # nobody dials so often: it is garbage, and from there the dialplan could not go on counting


@dataclass(frozen=True, slots=True)
class Hand:
    """`ended`: when somebody last ended what was in force, None: never. `window` None: nobody is absent by hand.

    `digit` is that of the code that was dialled, None where nothing was, or the code has none.
    """

    turn: int
    ended: datetime | None = None
    digit: str | None = None
    window: Window | None = None


def write(hand: Hand) -> str:
    """Return the value, ASCII. Raises `ValueError` for anything that the format has no room for."""
    head = (
        count(hand.turn),
        seconds(hand.ended, EPOCH) if hand.ended else "0",
        checked(not hand.digit or is_digit(hand.digit), hand.digit or ""),
    )
    _check(hand)
    window = [write_window(hand.window, EPOCH)] if hand.window else []
    return "|".join((VERSION, "-".join(head), *window))


def parse(text: str) -> Hand:
    """Return what `write` was given. Raises `ValueError` for whatever it would not have written."""
    version, head, *windows = parts(text, "|", 2, 3)
    checked(version == VERSION, version)
    turn, ended, digit = parts(head, "-", 3, 3)
    hand = Hand(
        turn=counted(turn),
        ended=instant(ended, EPOCH) if ended != "0" else None,
        digit=checked(not digit or is_digit(digit), digit) or None,
        window=next((parse_window(window, EPOCH) for window in windows), None),
    )
    _check(hand)
    return hand


def of(segment: Segment, user: User, rules: Rules, turn: int) -> Hand:
    """Return what the gateway writes for an absence by hand: the dialplan's last turn, and no end of its own."""
    code = rules.by_key[segment.diversion.code]
    digit = code.digit if code.digit and rules.by_digit.get(code.digit) == code else None
    return Hand(turn, None, digit, window_of(segment, user, rules))


def taken_over(hand: Hand, rules: Rules, user: User, now: datetime) -> Diversion | None:
    """Return the absence that was dialled.

    None: none was, or of a code that is not there, or it is over, or it lasts longer than anybody can have dialled.
    """
    window, code = hand.window, rules.by_digit.get(hand.digit or "")
    if window is None or code is None or window.end <= now:
        return None
    if window.end - min(window.start, now) > LONGEST_ABSENCE:
        return None
    return Diversion(user.id, BY_HAND, code.key, window.start, window.end, by_hand=True)


def _check(hand: Hand) -> None:
    window = hand.window
    checked(hand.turn < LAST_TURN, str(hand.turn))
    checked(window is not None or not hand.digit, hand.digit or "")
    checked(window is None or not (window.begun or window.flags), "begun, flags")
    checked(hand.ended is None or hand.ended > EPOCH, str(hand.ended))
