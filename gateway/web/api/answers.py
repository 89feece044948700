"""What the API answers when something cannot be done: always the same shape, described once for all operations."""

from typing import Any

from pydantic import BaseModel, ConfigDict

HELD = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
"""For every model of the API: what nobody expects is refused, not overlooked; and what it is stays out of the log."""


class Wrong(BaseModel):
    """`where`: the value that cannot be, such as "body.until"; `said`: why. The value itself is not repeated."""

    model_config = HELD

    where: str
    said: str


class Failure(BaseModel):
    """`said`: what is wrong; `remedy`: what to do about it, or ""; `wrong`: values that cannot be."""

    model_config = HELD

    said: str
    remedy: str = ""
    wrong: tuple[Wrong, ...] = ()


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The request cannot be read."},
    401: {"model": Failure, "description": "There is no token, or it is good for nothing."},
    403: {"model": Failure, "description": "The token lacks the scope, or its owner the role."},
    404: {"model": Failure, "description": "There is no such thing, or it is somebody else's."},
    409: {"model": Failure, "description": "It cannot be done as things are now."},
    413: {"model": Failure, "description": "The request brings more than it may."},
    415: {"model": Failure, "description": "The request brings something else than JSON."},
    422: {"model": Failure, "description": "A value cannot be."},
    429: {"model": Failure, "description": "Too often: wait as long as `Retry-After` says, in seconds."},
    502: {"model": Failure, "description": "Another server that this needs refuses."},
    503: {"model": Failure, "description": "Try again in a moment."},
}
"""Of every operation (api.py hands them to all routers); an operation that answers with others adds them itself."""
