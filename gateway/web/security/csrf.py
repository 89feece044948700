"""What a form must bring along, so that no other site can send it: an HMAC of the cookie that the browser has.

The cookie is `SameSite=Lax` and `HttpOnly` besides; and what browsers say of where a request comes from
(`Sec-Fetch-Site`, `Origin`) is looked at too (OWASP, Cross-Site Request Forgery Prevention).
"""

import hmac
import secrets
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class Seal:
    """A key that lives as long as the process: forms that were open over a restart are sent once more."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def of(self, cookie: str) -> str:
        """Return what a form of the browser with this cookie brings along."""
        return hmac.digest(self._key, b"csrf " + cookie.encode(), "sha256").hex()

    def fits(self, cookie: str, given: str) -> bool:
        """Say whether a form is one of ours, for this browser."""
        return bool(cookie) and hmac.compare_digest(self.of(cookie).encode(), given.encode(errors="replace"))


def comes_from_elsewhere(connection: HTTPConnection, public: str) -> bool:
    """Say whether the browser tells that another site sent this."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = connection.headers.get("origin")
    return origin is not None and origin != public
