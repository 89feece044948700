"""What a user decides about themselves, all at once: account, what is read and how often, room, language."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.deciding import accounts, given, own_room
from gateway.deciding.accounts import Entered
from gateway.deciding.installation import Installation
from gateway.deciding.read import Read, put_read
from gateway.domain.code import Language
from gateway.domain.conference import Room
from gateway.domain.user import User
from gateway.store import users
from gateway.store.rows import Rows


@dataclass(frozen=True, slots=True)
class Mine:
    """`entered` None: what reads the calendar stays. `calendar` and `contacts` None: read or not, as they are.

    `refresh`: seconds, None: only on demand. `room` None: none of their own.
    """

    entered: Entered | None
    calendar: bool | None
    contacts: bool | None
    refresh: int | None
    room: Room | None
    language: Language


async def save(rows: Rows, installation: Installation, user: User, wanted: Mine, *, who: str, now: datetime) -> bool:
    """Let it be so. True: the credentials are other ones. Raises `Misconfigured` or `Refused`; then nothing is kept."""
    before = await accounts.reads(rows, installation, user.id)
    read_before = before.mailbox.refresh if before.mailbox is not None else None
    refresh = accounts.refresh("refresh", wanted.refresh, installation, read_before)
    language = given.language("language", wanted.language)
    is_new = wanted.entered is not None and await accounts.enter(
        rows, installation, user, wanted.entered, who=who, now=now
    )
    if is_new or before.mailbox is not None:
        await put_read(rows, user.id, Read(refresh, wanted.calendar, wanted.contacts))
    await own_room.choose(rows, user, wanted.room, who, now)
    current = await users.get(rows, user.id)
    if current is not None and current.language != language:
        await users.put(rows, replace(current, language=language))
    return is_new
