"""What nobody expected while a request was answered: it is written into the log, and a page says no more than that."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class Mended:
    """Stands between the pages and uvicorn, which would write it into the log once more, and say nothing."""

    def __init__(self, app: ASGIApp, page: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:
            # the path may hold an invitation: the route's does not
            route = getattr(scope.get("route"), "path", "no route")
            said = "a request cannot be answered (%s): %s %s"
            log.exception(said, type(error).__name__, scope.get("method", ""), route)
            if not has_begun and scope["type"] == "http":
                answer = await self._page(Request(scope), error)
                await answer(scope, receive, send)
