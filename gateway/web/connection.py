"""One connection of a browser: uvicorn's, but whoever sends too slowly is hung up on, and a stream ends when we do.

uvicorn limits how much a request's headers may be, and how long nothing is sent between two requests (five seconds). It
does not limit how long a request may take to arrive, or an answer to be read.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

ARRIVING = 30.0  # seconds in which a request arrives whole, from its first letter, or from when the connection was made
ANSWERED = 660.0  # seconds in which an answer is read whole: longer than live.LONGEST
CLOSING = 10.0  # seconds in which the rest of it is read when the connection is to end


class Connection(H11Protocol):
    """Hangs up on who does not send or does not read. `ended` is set when it is over."""

    def __init__(self, **made: Any) -> None:
        super().__init__(**made)
        self.ended = asyncio.Event()
        self._patience: float | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and wait for a request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._wait(None)
        self.ended.set()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """End, since no next request comes."""
        super().timeout_keep_alive_handler()
        self._look()

    def shutdown(self) -> None:
        """End when the answer has gone out; a stream at once: what has begun to answer and has not ended is one."""
        super().shutdown()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.close()

    def _look(self) -> None:
        """Say how long what happens now may take; between two requests, that is for uvicorn to say."""
        state = self.conn.their_state
        has_begun = self.cycle is None or bool(self.conn.trailing_data[0])
        if self.transport.is_closing():
            self._wait(CLOSING)
        elif state is h11.SEND_BODY or (state is h11.IDLE and has_begun):
            self._wait(ARRIVING)
        elif self.cycle is not None and not self.cycle.response_complete:
            self._wait(ANSWERED)
        else:
            self._wait(None)

    def _wait(self, patience: float | None) -> None:
        """Hang up after so many seconds; what was waited for before goes on where that is as long."""
        if patience == self._patience:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._patience = patience
        self._deadline = None if patience is None else self.loop.call_later(patience, self.transport.abort)
