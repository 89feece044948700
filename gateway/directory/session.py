"""One client's connection, as far as it is no matter of bytes: who has bound, what is asked, what is answered.

RFC 4511, section 4; binds as RFC 4513, section 5.1, has them. A request is answered with the bytes to send, or with
something that goes on giving bytes (`Later`): the connection sends them in order, and serves nothing else meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from weakref import WeakValueDictionary

from gateway.directory.query import Equal, Filter, Present, Query, Scope, Viewer
from gateway.directory.root import START_TLS, SUBSCHEMA, WHO_AM_I, Entry
from gateway.directory.schema import Schema
from gateway.directory.searchable import Searchable
from gateway.directory.searching import Limits, Searching, Unsorted, name_of
from gateway.directory.visitors import Visitor, Visitors
from gateway.directory.wire import answers, controls
from gateway.directory.wire.answers import Refusal
from gateway.directory.wire.messages import (
    Abandon,
    Bind,
    Change,
    Compare,
    Extended,
    Message,
    Refused,
    Search,
    Unbind,
)

Later: TypeAlias = AsyncIterator[bytes]
Answer: TypeAlias = bytes | Later
VERSIONS = (2, 3)
_NO_ANSWER = b""


@dataclass(frozen=True, slots=True)
class Directory:
    """What all connections to one listener share; `busy`: by device or address, who makes a search that takes long."""

    catalogue: Searchable
    visitors: Visitors
    schema: Schema
    limits: Limits
    root: Entry
    subschema: Entry
    offers_tls: bool
    now: Callable[[], float]
    busy: MutableMapping[int | str, asyncio.Lock] = field(default_factory=WeakValueDictionary)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search that takes longer: by whom, what of the catalogue, and what its controls are answered."""

    viewer: Viewer
    query: Query
    wanted: controls.Wanted
    told: bytes


class Session:
    """`address`: the client's, `is_trusted`: whether everybody there may read the company's contacts.

    `is_secret`: nobody else can read what is sent, or nobody cares. `starts_tls`: the client has been told to begin.
    """

    __slots__ = (
        "_address",
        "_directory",
        "_is_trusted",
        "_searching",
        "_visitor",
        "is_bound",
        "is_secret",
        "starts_tls",
    )

    def __init__(self, directory: Directory, address: str, *, is_trusted: bool, is_secret: bool) -> None:
        self._directory = directory
        self._address = address
        self._is_trusted = is_trusted
        self._visitor: Visitor | None = None
        self._searching: Searching | None = None
        self.is_bound = False
        self.is_secret = is_secret
        self.starts_tls = False

    def answer(self, message: Message) -> Answer:
        """Return what answers one request."""
        request, number = message.request, message.number
        match request:
            case Search():
                return self._search(message, request)
            case Bind():
                return self._bind(message, request)
            case Refused(tag, refusal):
                if tag == answers.EXTENDED:
                    return answers.extended(number, refusal.code, refusal.said)
                return answers.result(number, tag, refusal.code, refusal.said)
            case Unbind() | Abandon():
                return _NO_ANSWER
            case Extended():
                return self._extended(message, request)
            case Compare():
                return self._compare(message, request)
            case Change(tag):
                said = "the directory is written by Ringplan alone"
                return answers.result(number, tag, answers.UNWILLING_TO_PERFORM, said)

    def _bind(self, message: Message, bind: Bind) -> Answer:
        """Whoever was bound is not any more, however this ends (RFC 4511, section 4.2.1)."""
        self._visitor, self._searching, self.is_bound = None, None, False
        number = message.number
        try:
            controls.only(*message.controls)
            self._acceptable(bind)
        except Refusal as refusal:
            return answers.result(number, answers.BIND, refusal.code, refusal.said)
        if not bind.password:
            self.is_bound = True
            return answers.result(number, answers.BIND, answers.SUCCESS)
        directory = self._directory
        came = directory.visitors.admit(bind.name, bind.password, self._address, directory.now())
        if came.wait:
            return self._let_in_later(number, came.visitor, came.wait)
        return self._let_in(number, came.visitor)

    def _acceptable(self, bind: Bind) -> None:
        if bind.version not in VERSIONS:
            raise Refusal(answers.PROTOCOL_ERROR, "versions 2 and 3 are spoken here")
        if bind.password is None:
            raise Refusal(answers.AUTH_METHOD_NOT_SUPPORTED, "simple binds alone are taken")
        if bind.password and not self.is_secret:
            raise Refusal(answers.CONFIDENTIALITY_REQUIRED, "begin TLS first")
        if bind.name and not bind.password:
            raise Refusal(answers.UNWILLING_TO_PERFORM, "a name without a password is nobody")
        if not bind.password and not self._is_trusted:
            raise Refusal(answers.INAPPROPRIATE_AUTHENTICATION, "a password is needed")

    def _let_in(self, number: int, visitor: Visitor | None) -> bytes:
        if visitor is None:
            return answers.result(number, answers.BIND, answers.INVALID_CREDENTIALS)
        self._visitor, self.is_bound = visitor, True
        return answers.result(number, answers.BIND, answers.SUCCESS)

    async def _let_in_later(self, number: int, visitor: Visitor | None, wait: float) -> Later:
        await asyncio.sleep(wait)
        yield self._let_in(number, visitor)

    def _viewer(self) -> Viewer:
        """Return who searches, as of now: a password may have been revoked. Raises `Refusal`."""
        directory = self._directory
        if not self.is_secret:
            raise Refusal(answers.CONFIDENTIALITY_REQUIRED, "begin TLS first")
        if self._visitor is not None:
            visitor = directory.visitors.here(self._visitor.device)
            if visitor is not None:
                return visitor.viewer
        elif self._is_trusted:
            return Viewer(None, directory.catalogue.numbering.form)
        raise Refusal(answers.INSUFFICIENT_ACCESS_RIGHTS, "bind first")

    def _search(self, message: Message, search: Search) -> Answer:
        number = message.number
        try:
            entry = self._told(search.base, search.scope)
            if entry is not None:
                controls.only(*message.controls)
                return self._entry(number, entry, search)
            return self._find(message, search)
        except Unsorted as refusal:
            return answers.result(number, answers.SEARCH_DONE, refusal.code, refusal.said, controls=refusal.told)
        except Refusal as refusal:
            return answers.result(number, answers.SEARCH_DONE, refusal.code, refusal.said, refusal.matched)

    def _told(self, base: bytes, scope: Scope) -> Entry | None:
        """Return the entry about the directory itself that is asked for, if one is."""
        if not base:
            return self._directory.root if scope == Scope.BASE else None
        if len(base) < 20 and base.replace(b" ", b"").lower() == SUBSCHEMA.lower().encode() and scope != Scope.ONE:
            return self._directory.subschema
        return None

    def _entry(self, number: int, entry: Entry, search: Search) -> bytes:
        done = answers.result(number, answers.SEARCH_DONE, answers.SUCCESS)
        if not entry.matches(search.filter):
            return done
        return answers.message(number, entry.encoded(search.attributes, types_only=search.types_only)) + done

    def _find(self, message: Message, search: Search) -> Answer:
        viewer = self._viewer()
        directory = self._directory
        searching = self._searching
        if searching is None:
            searching = self._searching = Searching(directory.catalogue, directory.schema, directory.limits)
        wanted = controls.wanted(message.controls) if message.controls else controls.NOTHING
        query, told = searching.query(search, wanted)
        found = searching.going_on(viewer, query, wanted) or directory.catalogue.find(viewer, query)
        if found is None or (wanted.window is not None and wanted.window.value is not None):
            return self._find_later(message.number, search, searching, Asked(viewer, query, wanted, told))
        part = searching.part(viewer, query, search, wanted, found)
        return searching.written(message.number, viewer, query, part, told)

    async def _find_later(self, number: int, search: Search, searching: Searching, asked: Asked) -> Later:
        directory = self._directory
        deadline = directory.now() + min(search.seconds or directory.limits.seconds, directory.limits.seconds)
        try:
            async with self._one_at_a_time(deadline):
                found = await directory.catalogue.find_slowly(asked.viewer, asked.query, deadline)
                from_value = searching.from_value(asked.query, asked.wanted)
                rest = await directory.catalogue.find_slowly(asked.viewer, from_value, deadline) if from_value else None
            self._viewer()
            part = searching.part(asked.viewer, asked.query, search, asked.wanted, found, rest)
        except Refusal as refusal:
            yield answers.result(number, answers.SEARCH_DONE, refusal.code, refusal.said, refusal.matched)
            return
        written = searching.written(number, asked.viewer, asked.query, part, asked.told)
        if isinstance(written, bytes):
            yield written
        else:
            async for piece in written:
                yield piece

    @asynccontextmanager
    async def _one_at_a_time(self, deadline: float) -> AsyncIterator[None]:
        """Wait while the same telephone searches on another connection: many of them have no more than one.

        Raises `Refusal` (timeLimitExceeded) at `deadline`.
        """
        whose = self._visitor.device if self._visitor is not None else self._address
        turn = self._directory.busy.setdefault(whose, asyncio.Lock())
        try:
            async with asyncio.timeout(deadline - self._directory.now()):
                await turn.acquire()
        except TimeoutError:
            raise Refusal(answers.TIME_LIMIT_EXCEEDED) from None
        try:
            yield
        finally:
            turn.release()

    def _compare(self, message: Message, compare: Compare) -> bytes:
        """RFC 4511, section 4.10: true, false, or there is no such attribute or entry."""
        try:
            controls.only(*message.controls)
            code, said, matched = self._compared(compare), "", ""
        except Refusal as refusal:
            code, said, matched = refusal.code, refusal.said, refusal.matched
        return answers.result(message.number, answers.COMPARE, code, said, matched)

    def _compared(self, compare: Compare) -> int:
        entry = self._told(compare.entry, Scope.BASE)
        if entry is not None:
            found = entry.matches(Equal(compare.attribute, compare.value))
            return answers.NO_SUCH_ATTRIBUTE if found is None else _compare_code(found)
        viewer = self._viewer()
        if self._holds(viewer, compare.entry, Equal(compare.attribute, compare.value)):
            return answers.COMPARE_TRUE
        if self._holds(viewer, compare.entry, Present(compare.attribute)):
            return answers.COMPARE_FALSE
        return answers.NO_SUCH_ATTRIBUTE

    def _holds(self, viewer: Viewer, entry: bytes, asked: Filter) -> bool:
        found = self._directory.catalogue.find(viewer, Query(name_of(entry), Scope.BASE, asked))
        return found is not None and len(found.entries) > 0

    def _extended(self, message: Message, extended: Extended) -> bytes:
        number = message.number
        try:
            controls.only(*message.controls)
        except Refusal as refusal:
            return answers.extended(number, refusal.code, refusal.said)
        if extended.oid == WHO_AM_I:  # RFC 4532
            name = b"dn:" + self._visitor.name.encode() if self._visitor else b""
            return answers.extended(number, answers.SUCCESS, value=name)
        if extended.oid == START_TLS and self._directory.offers_tls:
            return self._start_tls(number)
        return answers.extended(number, answers.PROTOCOL_ERROR, "this operation is not known here")

    def _start_tls(self, number: int) -> bytes:
        """RFC 4511, section 4.14: whoever was bound in clear is not any more."""
        if self.is_secret:
            return answers.extended(number, answers.OPERATIONS_ERROR, "TLS has begun", START_TLS)
        self._visitor, self._searching, self.is_bound, self.starts_tls = None, None, False, True
        return answers.extended(number, answers.SUCCESS, oid=START_TLS)


def _compare_code(is_so: bool) -> int:
    return answers.COMPARE_TRUE if is_so else answers.COMPARE_FALSE
