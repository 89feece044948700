"""How much Exchange lets one account do at once ("EWS throttling in Exchange"), and whether that is respected.

More than EWSMaxConcurrency requests of an account at once are refused with ErrorExceededConnectionCount in a SOAP
fault, and so are more than HangingConnectionLimit streams ("Handling notification-related errors in EWS in Exchange").
What a service account does in somebody's name is charged to a copy of that person's budget ("Maintain affinity between
a group of subscriptions and the Mailbox server in Exchange", its table of default values). What MessageXml says is
what Exchange Online was seen to send (OfficeDev/ews-managed-api, issue 293).
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.fakes.exchange.faults import BUSY, soap_fault
from tests.fakes.exchange.http import Handler, Reply, Request

CODE = "ErrorExceededConnectionCount"
TEXT = (
    "You have exceeded the available concurrent connections for your account.  "
    "Try again once your other requests have completed."
)
IMPERSONATED = re.compile(rb"<(?:\w+:)?ConnectingSID>\s*<[^>]+>\s*([^<\s]+)")


class OverBudget(Exception):
    """There are too many at once; `values` are what MessageXml says of it."""

    def __init__(self, policy: str, limit: int) -> None:
        super().__init__(CODE)
        self.values: dict[str, object] = {"Policy": policy, "MaxConcurrencyLimit": limit, "ErrorMessage": TEXT}


class Throttle:
    """`concurrency`: EWSMaxConcurrency (10 in 2010, 27 since 2013); `streams`: HangingConnectionLimit.

    `most`: requests at once, by who is charged for them. `impatient`: requests that came although the account had
    been told to rest.
    """

    def __init__(self, concurrency: int = 27, streams: int = 3) -> None:
        self.concurrency = concurrency
        self.streams = streams
        self.most: Counter[str] = Counter()
        self.impatient = 0
        self._working: Counter[str] = Counter()
        self._streaming: Counter[str] = Counter()
        self._rests: dict[str, float] = {}
        self._told: set[str] = set()

    def rest(self, login: str, seconds: float) -> None:
        """Refuse everything of `login` with ErrorServerBusy for so long, each time with what is left of it."""
        self._rests[login] = asyncio.get_running_loop().time() + seconds
        self._told.discard(login)

    def around(self, handler: Handler) -> Handler:
        """Put the budgets around what EWS answers."""

        async def answer(request: Request) -> Reply:
            left = self._rests.get(request.user, 0.0) - asyncio.get_running_loop().time()
            if left > 0:
                self.impatient += request.user in self._told
                self._told.add(request.user)
                return soap_fault("ErrorServerBusy", BUSY, {"BackOffMilliseconds": round(left * 1000)})
            try:
                with self._counted(self._working, charged(request), "MaxConcurrency", self.concurrency):
                    return await handler(request)
            except OverBudget as over:
                return soap_fault(CODE, TEXT, over.values)

        return answer

    def stream(self, request: Request) -> AbstractContextManager[None]:
        """Count one stream while the block runs; entering it raises OverBudget where there are too many."""
        return self._counted(self._streaming, charged(request), "MaxStreamingConcurrency", self.streams)

    @contextmanager
    def _counted(self, counts: Counter[str], account: str, policy: str, limit: int) -> Iterator[None]:
        if counts[account] >= limit:
            raise OverBudget(policy, limit)
        counts[account] += 1
        if counts is self._working:
            self.most[account] = max(self.most[account], counts[account])
        try:
            yield
        finally:
            counts[account] -= 1


def charged(request: Request) -> str:
    """Return whose budget pays: the login's, or with impersonation the login's copy of the person's."""
    found = IMPERSONATED.search(request.body)
    return f"{request.user} as {found[1].decode().lower()}" if found else request.user
