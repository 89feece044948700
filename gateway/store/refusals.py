"""Credentials that a server has refused: how often, and when last; kept with the account, so that it outlives us.

A try is noted before it is made (`begin`), and how it ended afterwards: whoever dies in between has still tried. What
belongs to older credentials (`epoch`, `Account.epoch`) is passed over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, literal, select, update

from gateway.domain.mailbox import Account
from gateway.store import tables
from gateway.store.rows import Rows

COLUMN = tables.accounts.c
NONE = {"refusals": 0, "first_refused": None, "last_refused": None, "unanswered": 0, "tried": None}


@dataclass(frozen=True, slots=True)
class Refusals:
    """Since they last worked, an account's credentials were refused `many` times, at `first` and at `last`.

    `unanswered` tries since the last answer, the last one at `tried`, ended with the process that made them.
    """

    many: int = 0
    first: datetime | None = None
    last: datetime | None = None
    unanswered: int = 0
    tried: datetime | None = None


async def of(rows: Rows, account: int) -> Refusals:
    """Return those of one account; none where it is gone."""
    row = await rows.first(select(tables.accounts).where(COLUMN.id == account))
    return _refusals(row) if row else Refusals()


async def every(rows: Rows) -> Mapping[int, Refusals]:
    """Return those of all accounts, by id."""
    return {row["id"]: _refusals(row) for row in await rows.all(select(tables.accounts))}


async def known(rows: Rows) -> Mapping[int, Refusals]:
    """Return those of the accounts that have any, or an unanswered try, by id."""
    some = select(tables.accounts).where((COLUMN.refusals > 0) | (COLUMN.unanswered > 0))
    return {row["id"]: _refusals(row) for row in await rows.all(some)}


def resting(own_since: datetime, service_since: datetime, unanswered: int) -> ColumnElement[bool]:
    """Choose accounts that were refused, or `unanswered` times in a row not answered, last after these instants."""
    late = (COLUMN.service & (COLUMN.tried > service_since)) | (~COLUMN.service & (COLUMN.tried > own_since))
    return (COLUMN.refusals > 0) | ((COLUMN.unanswered >= unanswered) & late)


async def begin(rows: Rows, account: Account, now: datetime) -> None:
    """Note that the credentials are about to be tried."""
    await _put(rows, account, unanswered=COLUMN.unanswered + 1, tried=now)


async def answered(rows: Rows, account: Account, *, accepted: bool) -> None:
    """Note that a try was answered; `accepted`: by a reading, so all refusals are forgotten."""
    await _put(rows, account, **(NONE if accepted else {"unanswered": 0}))


async def refused(rows: Rows, account: Account, now: datetime) -> None:
    """Note that the credentials were refused."""
    first = func.coalesce(COLUMN.first_refused, literal(now, tables.Instant()))
    await _put(rows, account, refusals=COLUMN.refusals + 1, first_refused=first, last_refused=now, unanswered=0)


async def set_back(rows: Rows, account: Account, now: datetime) -> None:
    """Let nothing have happened after `now`: the clock was ahead when it was noted."""
    for column in (COLUMN.first_refused, COLUMN.last_refused, COLUMN.tried):
        await rows.run(update(tables.accounts).where(COLUMN.id == account.id, column > now).values({column.name: now}))


async def forget(rows: Rows, accounts: Collection[int]) -> None:
    """Forget the refusals of these accounts, which are opened anew and tried at once."""
    await rows.run(update(tables.accounts).where(COLUMN.id.in_(accounts)).values(**NONE, epoch=COLUMN.epoch + 1))
    rows.touch("accounts")


async def _put(rows: Rows, account: Account, **values: Any) -> None:
    mine = (COLUMN.id == account.id, COLUMN.epoch == account.epoch)
    await rows.run(update(tables.accounts).where(*mine).values(values))
    rows.touch("progress")


def _refusals(row: RowMapping) -> Refusals:
    return Refusals(row["refusals"], row["first_refused"], row["last_refused"], row["unanswered"], row["tried"])
