"""What is asked of a mailbox over EWS to read it: whether its calendar changed, and what is in it.

Functions over an `exchangelib.Account`, each one or two requests; they block, and run in the worker threads of
`client`. An answer is a page of at most 100 items: the caller asks for the next one, so no connection is held for long.
What exchangelib raises goes through. Operations as Microsoft's pages of these names say: SyncFolderItems, FindItem
(CalendarView, IndexedPageItemView), GetItem, ResolveNames.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from exchangelib import Account, CalendarItem, EWSDateTime
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorContentConversionFailed,
    ErrorCorruptData,
    ErrorInternalServerError,
    ErrorInvalidPropertyRequest,
    ErrorItemCorrupt,
    ErrorItemNotFound,
    ErrorItemPropertyRequestFailed,
    ErrorNonPrimarySmtpAddress,
    EWSError,
)
from exchangelib.fields import FieldPath
from exchangelib.folders import Calendar, Folder, Root
from exchangelib.items import ID_ONLY, SHALLOW
from exchangelib.items.calendar_item import RECURRING_MASTER
from exchangelib.properties import CalendarView, DistinguishedFolderId, ItemId, Mailbox
from exchangelib.services import FindItem, GetItem, SyncFolderItems
from exchangelib.services.common import EWSAccountService
from exchangelib.services.sync_folder_hierarchy import SyncFolder
from exchangelib.util import MNS, TNS
from exchangelib.version import EXCHANGE_2010

from gateway.errors import GiveUp, Refused, RetryLater
from gateway.sources.ews.items.parse import is_private
from gateway.sources.ews.items.people import MOST_ATTENDEES

F = TypeVar("F", bound=Folder)
PAGE = 100
# Beside what exchangelib calls complex. Microsoft's own client asks FindItem for neither (it has them without
# `PropertyDefinitionFlags.CanFind`); that Exchange refuses them there is not proven, that GetItem tells them is.
BY_GET_ITEM = ("original_start", "_meeting_timezone")
MOST = 1000  # items of one day: what Exchange gives at most by default (EWSFindCountLimit)
KIND, ID = f"{{{TNS}}}CalendarItemType", f"{{{TNS}}}ItemId"
ASKED = (f"{{{TNS}}}RequiredAttendees", f"{{{TNS}}}OptionalAttendees")
BROKEN = (  # an item that the server has and cannot give, among others that it gives
    ErrorContentConversionFailed,
    ErrorCorruptData,
    ErrorInternalServerError,
    ErrorItemCorrupt,
    ErrorItemPropertyRequestFailed,
)
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EWSError)  # out of one item's XML


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of what has changed: `some` (or nothing), the `state` after it, and whether there is `more`.

    `series`: ids of masters among what is new or changed, if kinds were asked for; `gone`: ids of what was removed.
    """

    state: str = field(repr=False)
    some: bool
    more: bool
    series: frozenset[str] = field(default=frozenset(), repr=False)
    gone: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """What lies in a stretch of a calendar; `full`: that is more than a page, or than was given, and nothing is here.

    `unreadable`: so many items are missing because they cannot be read.
    """

    items: tuple[CalendarItem, ...] = field(default=(), repr=False)
    unreadable: int = 0
    full: bool = False


@dataclass(frozen=True, slots=True)
class Masters:
    """The ids of the series in a page of a folder, and where the next page begins (None: it was the last one)."""

    ids: tuple[str, ...] = field(repr=False)
    following: int | None


class Mixed(GiveUp):
    """The folder has something in it that is no appointment, and so has no kind."""


class Alias(Refused):
    """The mailbox has to be asked for by its main address: `primary`, "" where the server does not tell it."""

    def __init__(self, primary: str) -> None:
        super().__init__("the server wants the main address of the mailbox", "give the user's main address")
        self.primary = primary


def calendar_of(account: Account) -> Calendar:
    """Return the mailbox's calendar without a request: `account.calendar` asks for the root, which may be refused."""
    return folder_of(account, Calendar)


def folder_of(account: Account, kind: type[F]) -> F:
    """Return the mailbox's own folder of a kind, without a request."""
    mailbox = Mailbox(email_address=account.primary_smtp_address)
    root = Root(account=account, _distinguished_id=DistinguishedFolderId(id="root", mailbox=mailbox))
    name = DistinguishedFolderId(id=kind.DISTINGUISHED_FOLDER_ID, mailbox=mailbox)
    folder: F = kind(root=root, _distinguished_id=name)
    return folder


def changes(account: Account, state: str | None, *, kinds: bool = True) -> Changes:
    """Return the next page of what has changed since `state`; None: since there was nothing.

    `kinds`: tell series from others. Raises `Mixed` where that cannot be asked: SyncFolderItems may be refused a
    property that an item of the page cannot have ("ResponseCode", ErrorInvalidPropertyRequest).
    """
    service = _Changes(account=account)
    try:
        found = raised(
            service.call(
                folder=calendar_of(account),
                shape=ID_ONLY,
                additional_fields=_paths(account, ("type",)) if kinds else [],
                sync_state=state,
                ignore=None,
                max_changes_returned=PAGE,
                sync_scope=None,
            )
        )
    except ErrorInvalidPropertyRequest as error:
        raise Mixed("the calendar has something in it that is no appointment") from error
    return Changes(
        service.sync_state or "",
        some=bool(found),
        more=not service.includes_last_item_in_range,
        series=frozenset(changed.attrib["Id"] for changed, kind in found if kind == RECURRING_MASTER),
        gone=frozenset(changed.attrib["Id"] for changed, kind in found if kind == _Changes.DELETE),
    )


def view(account: Account, start: datetime, end: datetime, fields: Iterable[str], most: int = PAGE) -> View:
    """Return what overlaps `start` to `end` (aware) with `fields`, unless there are `most` items or more.

    A server that is throttled may give a part, and says that it is one ("FindItem": IncludesLastItemInRange). Raises
    `RetryLater` where `most` is the most that anybody asks for.
    """
    paths = _paths(account, fields)
    later = [path for path in paths if path.field.is_complex or path.field.name in BY_GET_ITEM]
    at = CalendarView(start=_ews(start), end=_ews(end), max_items=most)
    elements, last = _find(account, [path for path in paths if path not in later], most, view=at)
    if not last and len(elements) < most == MOST:
        raise RetryLater("the server gives only a part of a day's calendar")
    if not last or len(elements) >= most:
        return View(full=True)
    found = [_read(element, account) for element in elements]
    items = [item for item in found if isinstance(item, CalendarItem)]
    whole, unreadable = _completed(account, items, later)
    return View(tuple(whole), unreadable=unreadable + found.count(None))


def masters(account: Account, offset: int = 0) -> Masters:
    """Look for series in a page of the whole folder, which begins after `offset` items."""
    elements, last = _find(account, _paths(account, ("type",)), PAGE, offset=offset)
    series = [element for element in elements if element.findtext(KIND) == RECURRING_MASTER]
    ids = tuple(element.find(ID).attrib["Id"] for element in series)
    return Masters(ids, None if last or not elements else offset + len(elements))


def details(account: Account, ids: Sequence[str], fields: Iterable[str]) -> tuple[CalendarItem, ...]:
    """Return up to 100 items with `fields`: those that are still there, that we may see and can read."""
    found = _got(account, ids, _paths(account, fields))
    return tuple(item for item in found if isinstance(item, CalendarItem))


def primary(account: Account, address: str) -> str:
    """Return the primary address of the mailbox that has `address`, "" if the directory does not tell.

    Exchange wants mailboxes named by it (Microsoft: PrimarySmtpAddress).
    """
    for found in account.protocol.resolve_names([f"smtp:{address}"], search_scope="ActiveDirectory"):
        if isinstance(found, Mailbox) and found.email_address:
            return str(found.email_address)
    return ""


def raised(found: Iterable[Any]) -> list[Any]:
    """Return what a service of exchangelib gives; raise what it gives in the place of an answer."""
    listed = list(found)
    for one in listed:
        if isinstance(one, Exception):
            raise one
    return listed


class Plain(EWSAccountService):  # type: ignore[misc]
    """What services have in common that name a mailbox: an alias is told from other refusals.

    And Exchange 2007 is sent no TimeZoneContext: SP1 does not have it, later ones heed it for tasks alone (Microsoft:
    "Updating Exchange Web Services Clients for Exchange 2007 SP2").
    """

    @property
    def _timezone(self) -> Any:
        return None if self.account.version.build < EXCHANGE_2010 else super()._timezone

    def _get_soap_messages(self, body: Any) -> Any:
        try:
            return super()._get_soap_messages(body)
        except ErrorNonPrimarySmtpAddress as error:
            raise _alias(body) from error

    def _get_element_container(self, message: Any, name: str | None = None) -> Any:
        try:
            return super()._get_element_container(message, name)
        except ErrorNonPrimarySmtpAddress as error:
            raise _alias(message) from error


class Refusable(SyncFolderItems):  # type: ignore[misc]
    """A refusal has no state, and is the error that it is; exchangelib looks for the state first."""

    def _get_element_container(self, message: Any, name: str | None = None) -> Any:
        if message.find(f"{{{MNS}}}SyncState") is None:
            return super(SyncFolder, self)._get_element_container(message, name)
        return super()._get_element_container(message, name)


class _Changes(Plain, Refusable):
    """Notices that something changed, without reading it: its id, and whether it is a series or was removed."""

    def _elem_to_obj(self, elem: Any) -> tuple[Any, str | None]:
        kind = self.change_types_map[elem.tag]
        return next(elem.iter(ID)), kind if kind == self.DELETE else elem.findtext(f"*/{KIND}")


class Found(Plain, FindItem):  # type: ignore[misc]
    """Finds without reading, one page; `last`: nothing comes after it. One that is too full is thrown away."""

    last = True

    def _get_paging_values(self, elem: Any) -> tuple[int, None]:
        """Leave the next page to the caller: exchangelib asks on within one call, in a view for the same once more."""
        count, _ = super()._get_paging_values(elem)
        self.last = elem.get("IncludesLastItemInRange").lower() == "true"
        return count, None

    def _elem_to_obj(self, elem: Any) -> Any:
        return elem


class _Items(Plain, GetItem):  # type: ignore[misc]
    """Reads items one by one; one that we may not see, or that is broken, comes as an error among the others."""

    ERRORS_TO_CATCH_IN_RESPONSE = (*GetItem.ERRORS_TO_CATCH_IN_RESPONSE, ErrorAccessDenied, *BROKEN)

    def _elem_to_obj(self, elem: Any) -> CalendarItem | bool | None:
        return _read(elem, self.account)


def _alias(refusal: Any) -> Alias:
    return Alias(refusal.findtext(f".//{{{TNS}}}Value[@Name='Primary']") or "")


def _read(element: Any, account: Account) -> CalendarItem | bool | None:
    """Return an appointment, None for one that cannot be read, False for something else."""
    if element.tag != CalendarItem.response_tag():
        return False
    for asked in element.iterchildren(*ASKED):
        del asked[MOST_ATTENDEES:]  # exchangelib takes 10 s for the 100,000 of an invitation
    try:
        return CalendarItem.from_xml(element, account)
    except UNREADABLE:
        return None


def _find(
    account: Account, paths: Sequence[FieldPath], most: int, offset: int = 0, view: CalendarView | None = None
) -> tuple[list[Any], bool]:
    """Return a page of what is found, and whether it is the last one."""
    service = Found(account=account, page_size=most)
    found = raised(
        service.call(
            folders=[calendar_of(account)],
            additional_fields=paths,
            restriction=None,
            order_fields=None,
            shape=ID_ONLY,
            query_string=None,
            depth=SHALLOW,
            calendar_view=view,
            max_items=most,
            offset=offset,
        )
    )
    return found, service.last


def _got(account: Account, ids: Sequence[str], paths: Sequence[FieldPath], alone: bool = True) -> list[Any]:
    """Return what GetItem says of each id: an item, None for one that cannot be read, an error.

    Raises where all are broken: that is no item's trouble but the server's. `alone`: a single one is all there is.
    """
    found = list(
        _Items(account=account).call(items=[ItemId(id=one) for one in ids], additional_fields=paths, shape=ID_ONLY)
    )
    if (alone or len(found) > 1) and found and all(isinstance(one, BROKEN) for one in found):
        raise found[0]
    return found


def _completed(
    account: Account, items: Sequence[CalendarItem], paths: Sequence[FieldPath]
) -> tuple[list[CalendarItem], int]:
    """Return the items of a view with what only GetItem tells, and how many of them cannot be read.

    One that we may not see stays without; one that was removed meanwhile is left out. Of one that is private both may
    be so: Exchange says ErrorItemNotFound to a delegate without the right, too ("Handling delegation-related errors in
    EWS in Exchange"). It stays, and if it was removed the next reading finds that.
    """
    whole, unreadable = list(items), 0
    for start in range(0, len(items) if paths else 0, PAGE):
        batch = items[start : start + PAGE]
        found = _got(account, [item.id for item in batch], paths, alone=len(items) == 1)  # as they are now: by id alone
        for item, detail in zip(batch, found, strict=True):
            if isinstance(detail, CalendarItem):
                for path in paths:
                    setattr(item, path.field.name, getattr(detail, path.field.name))
            elif detail is None or isinstance(detail, BROKEN):
                whole.remove(item)
                unreadable += 1
            elif isinstance(detail, ErrorItemNotFound) and not is_private(item):
                whole.remove(item)
    return whole, unreadable


def _paths(account: Account, names: Iterable[str]) -> list[FieldPath]:
    """Return what to ask for; with a start or an end comes its zone, under the name that the server's version has."""
    paths = calendar_of(account).normalize_fields(names)
    return [path for path in paths if path.field.supports_version(account.version)]


def _ews(moment: datetime) -> EWSDateTime:
    return EWSDateTime.from_datetime(moment.astimezone(UTC).replace(microsecond=0))
