"""Accounts at calendar servers, their passwords sealed."""

from dataclasses import replace

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import Refused
from gateway.store import refusals, tables
from gateway.store.rows import Rows

HIDDEN = Secret("")


async def every(rows: Rows) -> tuple[Account, ...]:
    """Return all accounts with their passwords. Raises `Misconfigured` when the key file is not the right one."""
    return tuple(_opened(rows, row) for row in await rows.all(select(tables.accounts).order_by(tables.accounts.c.id)))


async def listed(rows: Rows) -> tuple[Account, ...]:
    """Return all accounts without their passwords, for showing."""
    found = await rows.all(select(tables.accounts).order_by(tables.accounts.c.id))
    return tuple(_account(row, HIDDEN) for row in found)


async def shown(rows: Rows, account: int) -> Account | None:
    """Return the account with this id without its password, for showing."""
    row = await rows.first(select(tables.accounts).where(tables.accounts.c.id == account))
    return _account(row, HIDDEN) if row else None


async def named(rows: Rows, source: str, login: str) -> Account | None:
    """Return the account with this login at a source, without its password."""
    column = tables.accounts.c
    row = await rows.first(select(tables.accounts).where(column.source == source, column.login == login))
    return _account(row, HIDDEN) if row else None


async def services(rows: Rows) -> tuple[Account, ...]:
    """Return the service accounts, without their passwords."""
    found = await rows.all(select(tables.accounts).where(tables.accounts.c.service).order_by(tables.accounts.c.id))
    return tuple(_account(row, HIDDEN) for row in found)


async def add(rows: Rows, account: Account) -> Account:
    """Add an account and return it with the id that it got. Raises `Refused` when it is there already."""
    column = tables.accounts.c
    same = select(column.id).where(column.source == account.source, column.login == account.login)
    if await rows.first(same):
        raise Refused(
            "{login} at {source} is an account already",
            "ringplan accounts password gives it another password",
            field="login",
            login=account.login,
            source=account.source,
        )
    new = await rows.insert(
        insert(tables.accounts).values(
            source=account.source,
            login=account.login,
            sealed=rows.vault.seal(account.password),
            service=account.service,
        )
    )
    rows.touch("accounts")
    return replace(account, id=new)


async def put_password(rows: Rows, account: int, password: Secret) -> bool:
    """Give an account another password, which nobody has refused yet; the old one leaves the file.

    False: there is no such account.
    """
    result = await rows.run(
        update(tables.accounts).where(tables.accounts.c.id == account).values(sealed=rows.vault.seal(password))
    )
    await refusals.forget(rows, (account,))
    rows.removed = True
    return result.rowcount > 0


async def remove(rows: Rows, account: int) -> bool:
    """Remove an account, with the mailboxes that are read through it, their diversions and meetings, and its books."""
    result = await rows.run(delete(tables.accounts).where(tables.accounts.c.id == account))
    if result.rowcount == 0:
        return False
    rows.touch("accounts", "mailboxes", "diversions", "meetings", "books", "contacts")
    rows.removed = True
    return True


async def remove_unread(rows: Rows, account: int) -> bool:
    """Remove a user's own account, unless somebody's calendar or a book is read through it. False: it stays."""
    column = tables.accounts.c
    used = (select(tables.mailboxes.c.account), select(tables.books.c.account))
    mine = delete(tables.accounts).where(
        column.id == account, ~column.service, *(column.id.not_in(one) for one in used)
    )
    return await rows.remove(mine, "accounts") > 0


def _opened(rows: Rows, row: RowMapping) -> Account:
    return _account(row, rows.vault.open(row["sealed"], f"{row['login']} at {row['source']}"))


def _account(row: RowMapping, password: Secret) -> Account:
    return Account(row["id"], row["source"], row["login"], password, row["service"], row["epoch"])
