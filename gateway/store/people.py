"""How the people of a meeting or a conference are written into a column, and read out of it again. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.domain.conference import LeftOut, Participant, Why

Written = list[dict[str, Any]]


def participants_out(some: Iterable[Participant]) -> Written:
    """Return participants as JSON, in their order."""
    return [{"address": one.address, "user": one.user, "number": one.number, "declined": one.declined} for one in some]


def participants_in(written: Iterable[Mapping[str, Any]]) -> tuple[Participant, ...]:
    """Read what `participants_out` wrote."""
    return tuple(Participant(one["address"], one["user"], one["number"], one["declined"]) for one in written)


def left_out_out(some: Iterable[LeftOut]) -> Written:
    """Return who is left out as JSON, in their order."""
    return [{"address": one.address, "why": one.why.value} for one in some]


def left_out_in(written: Iterable[Mapping[str, Any]]) -> tuple[LeftOut, ...]:
    """Read what `left_out_out` wrote."""
    return tuple(LeftOut(one["address"], Why(one["why"])) for one in written)
