"""One search: what it may see, in which order, and how much of it (RFC 4511, section 4.5; controls in `controls`).

Nothing is kept between searches but, per connection, the list of which pages are being given.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from gateway.directory.query import And, AtLeast, AtMost, Not, Or, Present, Query, Viewer
from gateway.directory.schema import Schema
from gateway.directory.searchable import Found, Hit, Searchable
from gateway.directory.wire import answers, controls
from gateway.directory.wire.answers import (
    INAPPROPRIATE_MATCHING,
    NO_SUCH_ATTRIBUTE,
    OFFSET_RANGE_ERROR,
    SEARCH_DONE,
    SIZE_LIMIT_EXCEEDED,
    SORT_CONTROL_MISSING,
    SUCCESS,
    UNAVAILABLE_CRITICAL_EXTENSION,
    UNWILLING_TO_PERFORM,
    Refusal,
)
from gateway.directory.wire.controls import Page, Sort, Wanted, Window
from gateway.directory.wire.messages import Search

AT_ONCE = 100  # entries that are written before others have a turn
COOKIE = 16  # bytes


class Unsorted(Refusal):
    """Nothing is answered rather than in another order; `told`: the control that says why (RFC 2891, section 1.2)."""

    def __init__(self, told: bytes) -> None:
        super().__init__(UNAVAILABLE_CRITICAL_EXTENSION, "cannot be sorted so")
        self.told = told


@dataclass(frozen=True, slots=True)
class Limits:
    """The most entries of one answer, the most seconds of one search."""

    size: int
    seconds: int


@dataclass(slots=True)
class Paging:
    """The list whose pages a connection is being given, under `cookie`: for this query and viewer, from `at` on."""

    cookie: bytes
    query: Query
    viewer: Viewer
    found: Found
    at: int


@dataclass(frozen=True, slots=True)
class Part:
    """What is answered of what was found: `hits`, how that ends, and the controls that say more."""

    hits: Sequence[Hit]
    code: int
    controls: bytes = b""


class Searching:
    """All searches of one connection; `paging` is forgotten when somebody else binds."""

    def __init__(self, catalogue: Searchable, schema: Schema, limits: Limits) -> None:
        self._catalogue = catalogue
        self._schema = schema
        self._limits = limits
        self.paging: Paging | None = None

    def query(self, search: Search, wanted: Wanted) -> tuple[Query, bytes]:
        """Return what the catalogue is asked, and the control that says how it will be sorted.

        Raises `Refusal` where it would not be sorted and sorting is critical.
        """
        base = name_of(search.base)
        if not base and search.scope:  # telephones without a base; the root has nothing below it otherwise
            base = self._catalogue.base
        query = Query(base, search.scope, search.filter, search.attributes, search.types_only)
        if wanted.sort is None:
            return query, b""
        code, blamed = self._sortable(wanted.sort)
        told = controls.sorted_so(code, blamed)
        if code == SUCCESS:
            return replace(query, order=wanted.sort.keys), told
        if wanted.sort.is_critical:
            raise Unsorted(told)
        return query, told

    def part(
        self, viewer: Viewer, query: Query, search: Search, wanted: Wanted, found: Found, rest: Found | None = None
    ) -> Part:
        """Return what of `found` answers `search`; `rest`: what `from_value` found. Raises `Refusal`."""
        if wanted.window is not None:
            return self._window(query, wanted.window, found, rest)
        if wanted.page is not None:
            return self._page(viewer, query, search, wanted.page, found)
        most = self._most(search.size)
        entries = found.entries
        if len(entries) > most:
            return Part(entries[:most], SIZE_LIMIT_EXCEEDED)
        return Part(entries, SUCCESS)

    def going_on(self, viewer: Viewer, query: Query, wanted: Wanted) -> Found | None:
        """Return the list of which this search asks the next page. Raises `Refusal` for a cookie that is not its."""
        if wanted.page is None or not wanted.page.cookie:
            return None
        paging = self.paging
        if (
            paging is None
            or not secrets.compare_digest(paging.cookie, wanted.page.cookie)
            or (paging.query, paging.viewer) != (query, viewer)
        ):
            self.paging = None
            raise Refusal(UNWILLING_TO_PERFORM, "this cookie is not of this search")
        return paging.found

    def from_value(self, query: Query, wanted: Wanted) -> Query | None:
        """Return what finds how much is not before the value at which a window shall begin; None: there is none.

        What lacks the attribute comes last, and first in a reversed order (RFC 2891, section 2.2).
        """
        value = wanted.window.value if wanted.window is not None else None
        if value is None or not query.order:
            return None
        attribute = query.order[0].attribute
        if query.order[0].is_reversed:
            return replace(query, filter=And((query.filter, AtMost(attribute, value))), order=())
        behind = Or((AtLeast(attribute, value), Not(Present(attribute))))
        return replace(query, filter=And((query.filter, behind)), order=())

    def written(
        self, number: int, viewer: Viewer, query: Query, part: Part, told: bytes
    ) -> bytes | AsyncIterator[bytes]:
        """Return the messages that answer request `number`: as they are, or a piece at a time if they are many."""
        selection = self._catalogue.selection(query.attributes, query.types_only, viewer.form)
        entry = self._catalogue.entry
        done = answers.result(number, SEARCH_DONE, part.code, controls=told + part.controls)
        hits = part.hits
        if len(hits) <= AT_ONCE:
            if not hits:
                return done
            return answers.entries(number, [entry(hit, selection) for hit in hits]) + done

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(hits), AT_ONCE):
                yield answers.entries(number, [entry(hit, selection) for hit in hits[start : start + AT_ONCE]])
            yield done

        return pieces()

    def _most(self, asked: int) -> int:
        return min(asked or self._limits.size, self._limits.size)

    def _sortable(self, sort: Sort) -> tuple[int, str | None]:
        for key in sort.keys:
            if self._schema.attribute(key.attribute) is None:
                return NO_SUCH_ATTRIBUTE, key.attribute
            if key.rule is not None and not self._schema.orders(key.rule):
                return INAPPROPRIATE_MATCHING, key.attribute
        return SUCCESS, None

    def _page(self, viewer: Viewer, query: Query, search: Search, page: Page, found: Found) -> Part:
        begins = self.paging.at if page.cookie and self.paging is not None else 0
        self.paging = None
        entries = found.entries
        if not page.size and page.cookie:  # RFC 2696: the client has had enough
            return Part((), SUCCESS, controls.page_of(len(entries), b""))
        ends = begins + min(page.size, self._limits.size)
        if search.size and ends > search.size and len(entries) > search.size:
            return Part(entries[begins : search.size], SIZE_LIMIT_EXCEEDED, controls.page_of(len(entries), b""))
        if ends >= len(entries):
            return Part(entries[begins:], SUCCESS, controls.page_of(len(entries), b""))
        cookie = secrets.token_bytes(COOKIE)
        self.paging = Paging(cookie, query, viewer, found, ends)
        return Part(entries[begins:ends], SUCCESS, controls.page_of(len(entries), cookie))

    def _window(self, query: Query, window: Window, found: Found, rest: Found | None) -> Part:
        entries = found.entries
        count = len(entries)
        if not query.order:
            return Part((), SORT_CONTROL_MISSING, controls.window_at(0, count, SORT_CONTROL_MISSING))
        if window.value is not None:
            target = count - (0 if rest is None else len(rest.entries)) + 1
        elif not window.offset:
            return Part((), OFFSET_RANGE_ERROR, controls.window_at(0, count, OFFSET_RANGE_ERROR))
        elif window.count in (0, count):
            target = window.offset
        else:  # the client's list is of another length: as far into it
            target = (window.offset * count + window.count // 2) // window.count
        target = max(1, min(target, count + 1))
        before, after = min(window.before, self._limits.size), min(window.after, self._limits.size)
        hits = entries[max(0, target - 1 - before) : target + after]
        return Part(hits[: self._limits.size], SUCCESS, controls.window_at(target, count, SUCCESS))


def name_of(base: bytes) -> str:
    """Return the name of an entry as text. Raises `Refusal` (invalidDNSyntax)."""
    try:
        return base.decode()
    except UnicodeDecodeError as error:
        raise Refusal(answers.INVALID_DN_SYNTAX, "a name is UTF-8") from error
