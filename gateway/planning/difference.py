"""What has to be written so that a PBX holds what it should. Pure, and level-triggered: nothing is remembered."""

from collections.abc import Mapping

from gateway.domain.held import Held, Place


def difference(holds: Mapping[Place, Held], wanted: Mapping[Place, Held]) -> dict[Place, Held | None]:
    """Return what differs: each place with what it should hold, None where it should hold nothing of ours."""
    changed: dict[Place, Held | None] = {place: held for place, held in wanted.items() if holds.get(place) != held}
    return changed | {place: None for place in holds if place not in wanted}
