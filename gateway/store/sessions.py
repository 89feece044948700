"""Sessions of browsers that are signed in. What the cookie says is kept as a hash alone."""

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, insert, select, update

from gateway.domain.secret import Secret
from gateway.domain.signin import Session
from gateway.store import entrance
from gateway.store.rows import Rows
from gateway.store.signins import opener, verifier_of

COLUMN = entrance.sessions.c
LONGEST_AGENT = 200


async def begin(rows: Rows, signin: int, now: datetime, until: datetime, agent: str) -> Secret:
    """Begin a session, and return what its cookie says: always something new."""
    secret = opener()
    values = {"verifier": verifier_of(secret.reveal()), "signin": signin, "created": now, "used": now, "until": until}
    await rows.run(insert(entrance.sessions).values(values | {"agent": agent[:LONGEST_AGENT]}))
    return secret


async def found(rows: Rows, secret: str, now: datetime, idle: timedelta) -> Session | None:
    """Return the session of a cookie; None: it is over, or never was."""
    row = await rows.first(select(entrance.sessions).where(COLUMN.verifier == verifier_of(secret)))
    if row is None or row["until"] <= now or row["used"] + idle <= now:
        return None
    return _session(row)


async def used(rows: Rows, secret: str, now: datetime) -> None:
    """Note that it is used."""
    await rows.run(update(entrance.sessions).where(COLUMN.verifier == verifier_of(secret)).values(used=now))


async def of(rows: Rows, signin: int) -> tuple[tuple[str, Session], ...]:
    """Return somebody's sessions, each with a name to end it by (the hash, hexadecimal), the last used first."""
    mine = select(entrance.sessions).where(COLUMN.signin == signin).order_by(COLUMN.used.desc())
    return tuple((row["verifier"].hex(), _session(row)) for row in await rows.all(mine))


def name_of(secret: str) -> str:
    """Return the name in `of` of the session of a cookie."""
    return verifier_of(secret).hex()


async def end(rows: Rows, secret: str) -> bool:
    """End the session of a cookie."""
    gone = delete(entrance.sessions).where(COLUMN.verifier == verifier_of(secret))
    return await rows.remove(gone, "signins") > 0


async def end_named(rows: Rows, signin: int, name: str) -> bool:
    """End one of somebody's sessions, by its name in `of`."""
    try:
        verifier = bytes.fromhex(name)
    except ValueError:
        return False
    gone = delete(entrance.sessions).where(COLUMN.signin == signin, COLUMN.verifier == verifier)
    return await rows.remove(gone, "signins") > 0


async def end_others(rows: Rows, signin: int, secret: str | None = None) -> int:
    """End all of somebody's sessions but the one of this cookie, and return how many."""
    gone = delete(entrance.sessions).where(COLUMN.signin == signin)
    if secret is not None:
        gone = gone.where(COLUMN.verifier != verifier_of(secret))
    return await rows.remove(gone, "signins")


async def forget_over(rows: Rows, now: datetime, idle: timedelta) -> int:
    """Remove those that are over, and return how many."""
    gone = delete(entrance.sessions).where((COLUMN.until <= now) | (COLUMN.used <= now - idle))
    return await rows.remove(gone, "signins")


def _session(row: RowMapping) -> Session:
    return Session(row["signin"], row["created"], row["used"], row["until"], row["agent"])
