"""Subscribe and GetStreamingEvents, for calendars of one group over one connection. Runs in worker threads.

exchangelib's classes speak both operations, for one mailbox: they anchor and impersonate by the address of their
account, and send the affinity cookie as a header of that name. Here all requests of a group carry its anchor and its
cookies, and each Subscribe acts as its own mailbox (Microsoft: "Maintain affinity between a group of subscriptions and
the Mailbox server in Exchange"). All of a server's cookies are sent back: Exchange 2010 and load balancers have others.

What becomes of an error follows Microsoft's "Handling notification-related errors in EWS in Exchange" and ResponseCode.
Other errors than those named here are raised as exchangelib has them.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import requests
from exchangelib import IMPERSONATION, Account
from exchangelib import errors as ews
from exchangelib.account import Identity
from exchangelib.properties import DistinguishedFolderId, Mailbox
from exchangelib.services import GetStreamingEvents, SubscribeToStreaming
from exchangelib.services.common import EWSAccountService
from exchangelib.util import MNS, TNS
from exchangelib.version import EXCHANGE_2010_SP1

from gateway.errors import RetryLater
from gateway.sources.ews.requests import Alias, Plain, primary

OPEN = 30  # minutes that a connection is asked for, the most (Microsoft: "ConnectionTimeout")
# Seconds. Microsoft's own client expects a sign of life each 45 s (EWS Managed API), and nothing else is documented.
SILENCE = 3 * 45.0
LARGEST = 16 * 2**20  # bytes of what a stream tells while it is open: some ten thousand events
PIECE = 64 * 2**10
EVENTS = ("CreatedEvent", "ModifiedEvent", "DeletedEvent", "MovedEvent", "CopiedEvent")

UNKNOWN_THERE = (
    ews.ErrorSchemaValidation,
    ews.ErrorInvalidServerVersion,
    ews.ErrorIncorrectSchemaVersion,
    ews.ErrorInvalidSchemaVersionForMailboxVersion,
)
# Of the account or the whole server, not of one mailbox.
OF_ALL = (
    ews.ErrorServerBusy,
    ews.ErrorExceededConnectionCount,
    ews.ErrorTimeoutExpired,
    ews.ErrorConnectionFailed,
    ews.ErrorConnectionFailedTransientError,
    ews.ErrorInternalServerTransientError,
    ews.ErrorTooManyObjectsOpened,
)
GONE = (
    ews.ErrorInvalidSubscription,
    ews.ErrorSubscriptionNotFound,
    ews.ErrorExpiredSubscription,
    ews.ErrorSubscriptionUnsubsribed,
    ews.ErrorSubscriptionAccessDenied,
    ews.ErrorNewEventStreamConnectionOpened,
    ews.ErrorInvalidWatermark,
    ews.ErrorMissedNotificationEvents,
    ews.ErrorReadEventsFailed,
    ews.ErrorProxyRequestNotAllowed,
    ews.ErrorProxiedSubscriptionCallFailure,
)


@dataclass(slots=True)
class Affinity:
    """What leads the requests of a group to one server: the anchor's address, and the cookies that came so far."""

    anchor: str
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers that each request of the group carries."""
        headers = {"X-AnchorMailbox": self.anchor, "X-PreferServerAffinity": "true"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return headers


class No(Enum):
    """Why there is no subscription."""

    NOT_FOR_DELEGATES = "only their owners may, or who impersonates them"
    NOT_FOR_THIS_ONE = "no right to the mailbox, or it is not well"
    NOT_THERE = "the server has no streaming notifications (Exchange 2010 SP1 and later have)"
    NO_MORE = "the account has as many subscriptions as it may have (EwsMaxSubscriptions)"


class How(Enum):
    """How a stream ended."""

    CLOSED = "the server ended it"  # in order: its time is over
    CUT = "the connection was lost"
    LOST = "the server does not know the subscriptions any more"
    TOO_MANY = "the account has as many streams as it may have (HangingConnectionLimit)"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended; `lost`: the subscriptions that are gone, none where the server did not name them."""

    how: How
    lost: frozenset[str] = frozenset()


def subscribe(account: Account, affinity: Affinity, address: str) -> str | No:
    """Subscribe to the calendar of `address`, if that is an alias, to its main one's; return the subscription's id."""
    if account.version.build is not None and account.version.build < EXCHANGE_2010_SP1:
        return No.NOT_THERE
    try:
        return _subscribed(account, affinity, address)
    except Alias as alias:
        main = alias.primary or primary(account, address)
        if not main:
            return No.NOT_FOR_THIS_ONE
    if affinity.anchor == address:
        affinity.anchor = main
    return _subscribed(account, affinity, main)


def _subscribed(account: Account, affinity: Affinity, address: str) -> str | No:
    calendar = DistinguishedFolderId(id="calendar", mailbox=Mailbox(email_address=address))
    try:
        subscription = _Subscribe(account, affinity, address).get(folders=[calendar], event_types=EVENTS)
    except ews.ErrorSubscriptionDelegateAccessNotSupported:
        return No.NOT_FOR_DELEGATES
    except UNKNOWN_THERE:
        return No.NOT_THERE
    except ews.ErrorExceededSubscriptionCount:
        return No.NO_MORE
    except OF_ALL:
        raise
    except ews.ResponseMessageError:
        return No.NOT_FOR_THIS_ONE
    return str(subscription) if subscription else No.NOT_FOR_THIS_ONE


def follow(
    account: Account,
    affinity: Affinity,
    subscriptions: Collection[str],
    opened: Callable[[], object],
    tell: Callable[[str], object],
    silence: float = SILENCE,
) -> Ending:
    """Hold one stream open, for `OPEN` minutes at most, and say how it ended; `silence`: seconds it may last.

    `opened` is called with the first envelope that is no error, which comes at once. `tell` is called with each
    subscription in which something happened: any kind of event, on an item or on the folder (some servers tell of
    changed items only by the latter).
    """
    stream = _Stream(account, affinity, opened)
    try:
        for told in stream.told(subscriptions, silence):
            tell(told)
    except GONE:
        return Ending(How.LOST, stream.failed & frozenset(subscriptions))
    except ews.ErrorExceededConnectionCount:
        return Ending(How.TOO_MANY)
    return Ending(How.CLOSED if stream.connection_status == stream.CLOSED else How.CUT)


class _InGroup(EWSAccountService):  # type: ignore[misc]
    """What the requests of a group have in common, over exchangelib's own services."""

    def __init__(self, account: Account, affinity: Affinity, address: str) -> None:
        super().__init__(account=account)
        self._affinity = affinity
        self._address = address

    def _extra_headers(self) -> dict[str, str]:
        return self._affinity.headers()

    def _handle_response_cookies(self, session: requests.Session) -> None:
        self._affinity.cookies |= session.cookies.get_dict()

    @property
    def _account_to_impersonate(self) -> Identity | None:
        if self.account.access_type == IMPERSONATION:
            return Identity(primary_smtp_address=self._address)
        return None

    def _api_versions_to_try(self) -> tuple[str]:
        """Ask in the version that the server is known to speak, and in no other."""
        return (self._version_hint.api_version,)


class _Subscribe(_InGroup, Plain, SubscribeToStreaming):  # type: ignore[misc]
    """Subscribe, for one mailbox of a group."""


class _Stream(_InGroup, GetStreamingEvents):  # type: ignore[misc]
    """GetStreamingEvents for a group; where the account impersonates, it is charged to the anchor (as Microsoft says).

    `failed`: the subscriptions that the last error named, in whichever namespace (capture 142).
    """

    def __init__(self, account: Account, affinity: Affinity, opened: Callable[[], object]) -> None:
        super().__init__(account, affinity, affinity.anchor)
        self.failed: frozenset[str] = frozenset()
        self._opened = opened
        self._is_open = False

    def told(self, subscriptions: Collection[str], silence: float) -> Iterator[str]:
        """Yield a subscription each time that something happened in it; ends, or raises exchangelib's errors."""
        answers = self.call(subscription_ids=subscriptions, connection_timeout=OPEN)
        self.timeout = silence  # of one read; `call` allows as long as the stream may be open
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                yield answer

    def _elem_to_obj(self, elem: Any) -> str | None:
        names = {child.tag.rpartition("}")[2] for child in elem.iterchildren("*")}
        if not any(name.endswith("Event") and name != "StatusEvent" for name in names):
            return None
        subscription: str | None = elem.findtext(f"{{{TNS}}}SubscriptionId")
        return subscription

    def _get_element_container(self, message: Any, name: str | None = None) -> Any:
        named = message.iterfind(f"{{{MNS}}}ErrorSubscriptionIds/{{*}}SubscriptionId")
        self.failed = frozenset(one.text for one in named if one.text)
        notifications = super()._get_element_container(message=message, name=name)
        if not self._is_open:
            self._is_open = True
            self._opened()
        return notifications

    def _get_soap_messages(self, body: requests.Response) -> Any:
        return super()._get_soap_messages(body=_Bytewise(body))


@dataclass(frozen=True, slots=True)
class _Bytewise:
    """A body in single bytes, as exchangelib takes streams apart.

    A chunked one is read in the pieces in which it comes: urllib3 is slow at single bytes, and gives more than one at a
    time where the server compresses.
    """

    response: requests.Response

    def iter_content(self) -> Iterator[bytes]:
        """Yield each byte as soon as it is there. Raises `RetryLater` where they are too many to be kept."""
        size = 0
        for piece in self.response.iter_content(PIECE if self.response.raw.chunked else 1):
            size += len(piece)
            if size > LARGEST:
                raise RetryLater(f"a stream told more than {LARGEST >> 20} MiB")
            yield from (piece[at : at + 1] for at in range(len(piece)))

    def close(self) -> None:
        """Let the connection go."""
        self.response.close()
