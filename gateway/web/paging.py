"""Lists that are shown in pages: which page is asked for, and how many there are."""

from starlette.requests import Request

MOST_DIGITS = 6  # of a page's number


def asked_page(request: Request) -> int:
    """Return which page is asked for (`page=2`), the first where that is none."""
    asked = request.query_params.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) <= MOST_DIGITS else 1


def many_pages(total: int, a_page: int) -> int:
    """Return how many pages `total` lines are, at least 1."""
    return max(1, -(-total // a_page))
