"""What a command works with: the settings that `--config` names, the store, the time; and how its errors end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import typer
from typer.core import TyperGroup

from gateway.cli.shown import complain
from gateway.deciding import given
from gateway.domain.user import Extension, User
from gateway.errors import Misconfigured, RingplanError
from gateway.planning.targets import is_number
from gateway.settings import Settings, load
from gateway.store import users
from gateway.store.rows import Rows
from gateway.store.store import Store

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130

T = TypeVar("T")


class Commands(TyperGroup):
    """A group whose commands end with one clear message and a status instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except (RingplanError, BaseExceptionGroup) as error:
            told = list(_ours(error))
            if not told:
                raise
            for one in told:
                complain(one)
            wrong = all(isinstance(one, Misconfigured) for one in told)
            raise typer.Exit(WRONG_USE if wrong else FAILED) from None


def settings_of(context: typer.Context) -> Settings:
    """Return the settings. Raises `Misconfigured`."""
    return load(context.find_root().params["config"])


def perform(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command."""
    return asyncio.run(work)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Rows]:
    """Open the store for one reading."""
    async with Store.open(settings.store) as store, store.read() as rows:
        yield rows


@asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[Rows]:
    """Open the store for one transaction."""
    async with Store.open(settings.store) as store, store.write() as rows:
        yield rows


async def user_at(rows: Rows, extension: Extension) -> User:
    """Return the user whom `extension` belongs to. Raises `Misconfigured`."""
    user = await users.by_extension(rows, extension) if is_number(extension) else None
    if user is None:
        raise Misconfigured(
            f"nobody has the number {given.shortened(extension)}", "ringplan users list names everybody"
        )
    return user


def _ours(error: BaseException) -> Iterator[RingplanError]:
    """Yield the errors of ours that `error` consists of; nothing when there is any other among them."""
    if isinstance(error, RingplanError):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        ours, others = error.split(RingplanError)
        if ours is not None and others is None:
            yield from _leaves(ours)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[RingplanError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield cast("RingplanError", error)
