"""What `ringplan check` says of conferences: the rooms that there are, and the mail server."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence

from gateway.domain.conference import RoomOf
from gateway.domain.finding import Finding
from gateway.domain.letter import Letter
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.mail.settings import MailSettings
from gateway.mail.smtp import Smtp

NAMED = 5
SUBJECT = "Ringplan: test"
BODY = "This letter was sent by `ringplan check`. Organisers of telephone conferences can be told by mail.\n"


def of_rooms(
    rooms: Sequence[RoomOf], everybody: Iterable[User], pbxs: Collection[str], *, guests: bool = False
) -> list[Finding]:
    """Return what is found of the rooms, without asking a PBX; `guests`: they are given a number to dial."""
    if not rooms:
        return [Finding("rooms", True, "there is none: no conference can be held")]
    users = {user.id: user for user in everybody}
    wrong = [*_on_no_pbx(rooms, pbxs), *_elsewhere(rooms, users), *(_closed_to_guests(rooms) if guests else ())]
    own = sum(room.owner is not None for room in rooms)
    said = f"{own} of users, {len(rooms) - own} in the pool"
    bare = sorted({room.pbx for room in rooms} - {room.pbx for room in rooms if room.owner is None})
    if bare:
        remedy = "who has no room of their own, or whose is taken, needs one: ringplan rooms add … --pool"
        return [*wrong, Finding("rooms", True, f"{said}; no pool on {', '.join(bare)}", remedy)]
    return wrong or [Finding("rooms", True, said)]


async def of_mail(settings: MailSettings, to: str | None = None) -> list[Finding]:
    """Return whether the mail server would take a letter; one is sent only where somebody is named `to` get it."""
    post, found = Smtp(settings), []
    try:
        await post.greet()
        found.append(Finding("server", True, f"{settings.address} takes letters from {settings.sender}"))
        if to is not None:
            await post.send(Letter(secrets.token_hex(16), to, SUBJECT, BODY))
            found.append(Finding("letter", True, f"{settings.address} has taken one to {to}"))
    except RingplanError as error:
        found.append(Finding("letter" if found else "server", False, str(error), error.remedy))
    return found


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


def _closed_to_guests(rooms: Sequence[RoomOf]) -> list[Finding]:
    """Return the rooms of the pool without a PIN, such as those of users who were removed; an own one is as chosen."""
    bare = [room.number for room in rooms if room.owner is None and not room.pin]
    remedy = "ringplan rooms set ROOM --pin -"
    said = f"in the pool without a PIN, and so closed to guests: {_named(bare)}"
    return [Finding("rooms", True, said, remedy)] if bare else []


def _named(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return ", ".join(numbers[:NAMED]) + more
