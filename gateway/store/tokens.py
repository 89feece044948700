"""Tokens of programs. What a program shows is kept as a hash alone."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.secret import Secret
from gateway.domain.signin import Scope, SignIn, Token
from gateway.store import entrance, signins
from gateway.store.rows import Rows
from gateway.store.signins import opener, verifier_of

COLUMN = entrance.tokens.c
APART = timedelta(minutes=1)  # between two notes of when it was used


async def add(
    rows: Rows, signin: int, name: str, scopes: Collection[Scope], now: datetime, until: datetime | None
) -> tuple[Token, Secret]:
    """Make a token, and return it with what its program shows: nobody can be told that again."""
    secret = opener()
    values = {"signin": signin, "name": name, "verifier": verifier_of(secret.reveal()), "created": now, "until": until}
    named = sorted(scope.value for scope in scopes)
    new = await rows.insert(insert(entrance.tokens).values(values | {"scopes": named}))
    rows.touch("signins")
    return Token(new, signin, name, frozenset(scopes), now, None, until), secret


async def found(rows: Rows, secret: str, now: datetime) -> tuple[Token, SignIn] | None:
    """Return the token that a program shows, and whose it is."""
    row = await rows.first(select(entrance.tokens).where(COLUMN.verifier == verifier_of(secret)))
    if row is None or (row["until"] is not None and row["until"] <= now):
        return None
    signin = await signins.get(rows, row["signin"])
    return (_token(row), signin) if signin else None


def is_noted_anew(token: Token, now: datetime) -> bool:
    """Say whether it is worth a transaction to note that it is used: at most once a minute."""
    return token.used is None or token.used + APART <= now


async def used(rows: Rows, token: Token, now: datetime) -> None:
    """Note that it is used."""
    await rows.run(update(entrance.tokens).where(COLUMN.id == token.id).values(used=now))


async def of(rows: Rows, signin: int) -> tuple[Token, ...]:
    """Return somebody's tokens."""
    found = await rows.all(select(entrance.tokens).where(COLUMN.signin == signin).order_by(COLUMN.id))
    return tuple(_token(row) for row in found)


async def remove(rows: Rows, signin: int, token: int) -> bool:
    """Let one of somebody's tokens be good for nothing, at once. False: there is none."""
    gone = delete(entrance.tokens).where(COLUMN.signin == signin, COLUMN.id == token)
    return await rows.remove(gone, "signins") > 0


async def forget_over(rows: Rows, now: datetime) -> int:
    """Remove those that are over, and return how many."""
    return await rows.remove(delete(entrance.tokens).where(COLUMN.until <= now), "signins")


def _token(row: RowMapping) -> Token:
    scopes = frozenset(Scope(one) for one in row["scopes"])
    return Token(row["id"], row["signin"], row["name"], scopes, row["created"], row["used"], row["until"])
