"""How much Exchange lets one account do at once ("EWS throttling in Exchange").

More than EWSMaxConcurrency requests of an account at once are refused with ErrorExceededConnectionCount in a SOAP
fault; streams have a limit of their own, which is in `streaming`. What a service account does in somebody's name is
charged to a copy of that person's budget ("Maintain affinity between a group of subscriptions and the Mailbox server in
Exchange", its table of default values). What MessageXml says is what Exchange Online was seen to send
(OfficeDev/ews-managed-api, issue 293).
"""

import re
from collections import Counter

from tests.fakes.exchange.faults import soap_fault
from tests.fakes.exchange.http import Handler, Reply, Request

TEXT = (
    "You have exceeded the available concurrent connections for your account.  "
    "Try again once your other requests have completed."
)
IMPERSONATED = re.compile(rb"<(?:\w+:)?ConnectingSID>\s*<[^>]+>\s*([^<\s]+)")


class Throttle:
    """`concurrency`: EWSMaxConcurrency, 10 in Exchange 2010, 27 since 2013."""

    def __init__(self, concurrency: int = 27) -> None:
        self.concurrency = concurrency
        self._working: Counter[str] = Counter()

    def around(self, handler: Handler) -> Handler:
        """Put the budgets around what EWS answers, and around what holds it up."""
        return lambda request: self._answer(request, handler)

    async def _answer(self, request: Request, handler: Handler) -> Reply:
        account = charged(request)
        if self._working[account] >= self.concurrency:
            return self._exceeded()
        self._working[account] += 1
        try:
            return await handler(request)
        finally:
            self._working[account] -= 1

    def _exceeded(self) -> Reply:
        limit = str(self.concurrency)
        said = f"This operation exceeds the throttling budget for policy part 'MaxConcurrency', policy value '{limit}'"
        values = {"Policy": "MaxConcurrency", "MaxConcurrencyLimit": limit, "ErrorMessage": said}
        return soap_fault("ErrorExceededConnectionCount", TEXT, **values)


def charged(request: Request) -> str:
    """Return whose budget pays: the login's, or with impersonation the login's copy of the person's."""
    found = IMPERSONATED.search(request.body)
    return f"{request.user} as {found[1].decode().lower()}" if found else request.user
