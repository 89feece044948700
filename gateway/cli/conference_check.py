"""What `ringplan check` says of conferences: the rooms that there are, and the mail server."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from gateway.domain.conference import RoomOf
from gateway.domain.finding import Finding
from gateway.domain.user import User

NAMED = 5


def of_rooms(rooms: Sequence[RoomOf], everybody: Iterable[User], pbxs: Collection[str]) -> list[Finding]:
    """Return what is found of the rooms, without asking a PBX."""
    if not rooms:
        return [Finding("rooms", True, "there is none: no conference can be held")]
    users = {user.id: user for user in everybody}
    wrong = [*_on_no_pbx(rooms, pbxs), *_elsewhere(rooms, users)]
    own = sum(room.owner is not None for room in rooms)
    said = f"{own} of users, {len(rooms) - own} in the pool"
    bare = sorted({room.pbx for room in rooms} - {room.pbx for room in rooms if room.owner is None})
    if bare:
        remedy = "who has no room of their own, or whose is taken, needs one: ringplan rooms add … --pool"
        return [*wrong, Finding("rooms", True, f"{said}; no pool on {', '.join(bare)}", remedy)]
    return wrong or [Finding("rooms", True, said)]


def _on_no_pbx(rooms: Sequence[RoomOf], pbxs: Collection[str]) -> list[Finding]:
    lost = [room.number for room in rooms if room.pbx not in pbxs]
    remedy = f"ringplan rooms set ROOM --pbx, one of: {', '.join(pbxs)}"
    return [Finding("rooms", False, f"on a PBX that is not in the settings: {_named(lost)}", remedy)] if lost else []


def _elsewhere(rooms: Sequence[RoomOf], users: Mapping[int, User]) -> list[Finding]:
    """Return the rooms whose owner has been moved to another PBX."""
    owned = ((room, users.get(room.owner)) for room in rooms if room.owner is not None)
    lost = [room.number for room, owner in owned if owner is not None and owner.pbx != room.pbx]
    remedy = "ringplan rooms set ROOM --pool, and another room for the owner"
    return [Finding("rooms", False, f"their owner is on another PBX: {_named(lost)}", remedy)] if lost else []


def _named(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return ", ".join(numbers[:NAMED]) + more
