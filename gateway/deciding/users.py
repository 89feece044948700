"""Who takes part: added, changed, and removed, each in the transaction of whoever decides it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.deciding import signing
from gateway.deciding.by import By
from gateway.deciding.installation import Installation
from gateway.deciding.person import nobody, person, service_account
from gateway.deciding.read import Read, put_read
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import User
from gateway.errors import Misconfigured
from gateway.store import accounts, audit, mailboxes, organisation, rooms, signins, users
from gateway.store.rows import Rows

ADDED, CHANGED, REMOVED = "user added", "user changed", "user removed"  # for the audit log


@dataclass(frozen=True, slots=True)
class Put:
    """What came of it. `account`: what reads the user's calendar from now on; None: what did before, or nothing.

    `changed`: not all was so already.
    """

    user: User
    account: Account | None
    changed: bool = True


async def add(
    rows: Rows, installation: Installation, by: By, fields: Mapping[str, str], read: Read | None = None, *,
    unread: bool = False, whole: bool = False,
) -> Put:  # fmt: skip
    """Let somebody take part, as `fields` say (`person`); a service account reads their calendar, unless `unread`.

    Raises an `ExceptionGroup` of `Misconfigured`, and `Refused` for what belongs to somebody else.
    """
    ours = await organisation.get(rows)
    made, wrong = person(fields, nobody(ours, installation.pbxs[0]), ours, installation.pbxs, whole=whole)
    _refuse(wrong)
    account = None if unread else await _service(rows, installation, fields)
    user = await users.add(rows, made)
    await audit.note(rows, by.now, by.who, ADDED, f"user {user.id}")
    if account is None or not user.emails:
        return Put(user, None)
    await _let_read(rows, installation, user, account, fields)
    await _put_read(rows, user, read)
    return Put(user, account)


async def change(
    rows: Rows, installation: Installation, by: By, before: User, fields: Mapping[str, str], read: Read | None = None,
    *, unread: bool = False, whole: bool = False,
) -> Put:  # fmt: skip
    """Change what `fields` say about somebody; what is not given stays. Without a calendar, a service account gets it.

    Raises like `add`, and `Refused` when the last administrator would not take part any more.
    """
    after, wrong = person(fields, before, await organisation.get(rows), installation.pbxs, whole=whole)
    _refuse(wrong)
    if before.enabled and not after.enabled:
        await _takes_part_no_more(rows, before)
    await users.put(rows, after)
    account = None
    if not await mailboxes.of(rows, after.id) and after.emails:
        account = None if unread else await _service(rows, installation, fields)
    elif fields.get("source") or fields.get("path"):
        raise Misconfigured(
            "{extension} has a calendar already, or no address",
            "ringplan users list shows it; remove the user and add them anew to read another",
            field="source",
            extension=after.extension,
        )
    if account is not None:
        await _let_read(rows, installation, after, account, fields)
    await _put_read(rows, after, read)
    changed = after != before or account is not None or read is not None
    if changed:
        await audit.note(rows, by.now, by.who, CHANGED, f"user {after.id}")
    return Put(after, account, changed)


async def remove(rows: Rows, by: By, user: User) -> tuple[str, ...]:
    """Let somebody take part no more: their diversions end at once, and nothing about them is kept.

    Returns the rooms that were theirs and belong to the pool now. Raises `Refused` for the last administrator.
    """
    await _takes_part_no_more(rows, user)
    own = await rooms.of(rows, user.id)
    await users.remove(rows, user.id)
    await audit.note(rows, by.now, by.who, REMOVED, f"user {user.id}")
    return tuple(room.number for room in own)


async def services(rows: Rows, installation: Installation) -> tuple[Account, ...]:
    """Return the service accounts through which calendars can be read, without their passwords."""
    return tuple(one for one in await accounts.services(rows) if installation.has_calendars(one.source))


async def _service(rows: Rows, installation: Installation, fields: Mapping[str, str]) -> Account | None:
    return service_account(fields.get("source", ""), await services(rows, installation))


async def _let_read(
    rows: Rows, installation: Installation, user: User, account: Account, fields: Mapping[str, str]
) -> None:
    refresh, path = installation.refresh(account.source), fields.get("path") or None
    await mailboxes.add(rows, Mailbox(0, user.id, account.id, user.emails[0], frozenset(), user.zone, path, refresh))


async def _put_read(rows: Rows, user: User, read: Read | None) -> None:
    if read is not None and not await put_read(rows, user.id, read):
        said = "nothing is read for {extension}"
        raise Misconfigured(said, "give an address and an account", field="source", extension=user.extension)


async def _takes_part_no_more(rows: Rows, user: User) -> None:
    signin = await signins.of_user(rows, user.id)
    if signin is not None:
        await signing.takes_part_no_more(rows, signin)


def _refuse(wrong: tuple[Misconfigured, ...]) -> None:
    if wrong:
        raise ExceptionGroup("a user cannot be like this", wrong)
