"""Browsers in which somebody has signed in before: a cookie says so, which nobody makes without the key file.

It lets nobody in. Who brings it is not slowed by what others try, from the same address or under the same name.
"""

from hmac import compare_digest

from starlette.responses import Response

from gateway.store.rows import Rows
from gateway.web.portal import Portal
from gateway.web.visit import Visit, cookie_name

MOST = 5  # names of one browser: receptions have one for several people
LASTING = 31_536_000  # seconds: a year after the last sign-in


async def is_known(visit: Visit, name: str) -> bool:
    """Say whether somebody has signed in as `name` in this browser."""
    marks = _marks(visit)
    if not marks:
        return False
    async with visit.portal.store.read() as rows:
        wanted = _mark(rows, name).encode()
    return any(compare_digest(one.encode(), wanted) for one in marks)


def cookie_for(rows: Rows, visit: Visit, name: str) -> str:
    """Return what the cookie says once somebody has signed in as `name`, the last one first."""
    mark = _mark(rows, name)
    return ".".join([mark, *(one for one in _marks(visit) if one != mark)][:MOST])


def put(response: Response, portal: Portal, value: str) -> None:
    """Let the browser have it."""
    secure = portal.settings.is_secret
    response.set_cookie(_name(portal), value, max_age=LASTING, secure=secure, httponly=True, samesite="lax", path="/")


def _marks(visit: Visit) -> list[str]:
    said = visit.request.cookies.get(_name(visit.portal), "")
    return [one for one in said.split(".") if one][:MOST]


def _mark(rows: Rows, name: str) -> str:
    return rows.vault.derive(f"browser of {name.strip().lower()}").reveal()


def _name(portal: Portal) -> str:
    return f"{cookie_name(portal)}-known"
