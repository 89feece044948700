"""Streaming notifications: Subscribe, GetStreamingEvents, Unsubscribe.

Microsoft: "Notification subscriptions, mailbox events, and EWS in Exchange", "Handling notification-related errors in
EWS in Exchange", "Maintain affinity between a group of subscriptions and the Mailbox server in Exchange",
"GetStreamingEvents operation"; captures 097 to 101, 133 to 143. Without impersonation only who owns the mailbox
subscribes to it ("ResponseCode": ErrorSubscriptionDelegateAccessNotSupported). A subscription lives on the server of
its mailbox, and is not found by a stream that was led to another.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4
from xml.etree.ElementTree import Element

from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.directory import Asked, Folder
from tests.fakes.exchange.mailbox import Happened, Mailbox, opaque
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.soap import Fault, Refusal, element, enveloped, every, refused, response, success, text

MOST = 200  # subscriptions of one stream: "a maximum of 200 subscription IDs in the same group"
LIFE = 30  # minutes that a subscription outlives its last stream


@dataclass
class Subscription:
    """`payer`: the login that made it, and whom it impersonated; `left`: when its last stream ended (loop's clock)."""

    payer: tuple[str, str]
    mailbox: Mailbox
    calendar: bool
    events: frozenset[str]
    left: float
    id: str = field(default_factory=lambda: opaque("subscription", uuid4().hex))
    waiting: list[Element] = field(default_factory=list)
    stream: "Stream | None" = None


class Subscriptions:
    """All that are alive; `open` counts streams by who pays for them."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.alive: dict[str, Subscription] = {}
        self.open: Counter[tuple[str, str]] = Counter()

    def expire(self) -> None:
        """End all subscriptions, as a restart of the server does; open streams say so and close."""
        for subscription in tuple(self.alive.values()):
            self.remove(subscription)

    def subscribe(self, asked: Asked) -> Element:
        request = asked.call.body[0]
        try:
            made = self._made(asked, request)
        except Refusal as refusal:
            return response("Subscribe", refused("Subscribe", refusal))
        self.alive[made.id] = made
        return response("Subscribe", success("Subscribe", element("m:SubscriptionId", made.id)))

    def unsubscribe(self, asked: Asked) -> Element:
        try:
            self.remove(self._own(asked, text(asked.call.body, "m:SubscriptionId"), "ErrorSubscriptionNotFound"))
        except Refusal as refusal:
            return response("Unsubscribe", refused("Unsubscribe", refusal))
        return response("Unsubscribe", success("Unsubscribe"))

    def remove(self, subscription: Subscription) -> None:
        del self.alive[subscription.id]
        if subscription.stream:
            subscription.stream.end(Refusal("ErrorInvalidSubscription", "Subscription is invalid."), subscription)

    def stream(self, asked: Asked) -> "Element | Stream":
        """Open a stream, or say with ErrorSubscriptionIds why not (capture 142)."""
        ids = [part.text or "" for part in every(asked.call.body, "m:SubscriptionIds/t:SubscriptionId")]
        if len(ids) > MOST:
            raise Fault("ErrorInvalidRequest", f"More than {MOST} subscriptions in one connection.")
        found: list[Subscription] = []
        bad: dict[str, Refusal] = {}
        for identity in ids:
            try:
                found.append(self._own(asked, identity, "ErrorInvalidSubscription"))
            except Refusal as refusal:
                bad[identity] = refusal
        if bad:
            return _closed(next(iter(bad.values())), bad)
        if self.open[payer(asked)] >= self.behaviour.streams:
            said = "You have exceeded the available concurrent connections for your account."
            return _closed(Refusal("ErrorExceededConnectionCount", said))
        minutes = int(text(asked.call.body, "m:ConnectionTimeout"))
        return Stream(self, payer(asked), found, minutes * self.behaviour.minute)

    def heard(self, happened: Happened) -> None:
        """Keep an event for whoever subscribed to the calendar it happened in."""
        for subscription in tuple(self.alive.values()):
            if subscription.mailbox is happened.mailbox and subscription.calendar:
                self._keep(subscription, happened)

    def _keep(self, subscription: Subscription, happened: Happened) -> None:
        event = happened.event
        if self.behaviour.folder_events and event != "CreatedEvent":  # capture 101
            event = "ModifiedEvent"
        if event not in subscription.events:
            return
        subscription.waiting.append(_event(event, happened, self.behaviour.folder_events))
        if subscription.stream:
            subscription.stream.wake.set()

    def _made(self, asked: Asked, request: Element) -> Subscription:
        if request.tag != "m:StreamingSubscriptionRequest":
            raise Fault("ErrorInvalidRequest", "Pull and push are not part of this scripted server.")
        folders = [asked.directory.folder(asked.actor, one) for one in every(request, "t:FolderIds/*")]
        if request.get("SubscribeToAllFolders") == "true":
            own = asked.directory.mailbox(asked.actor)
            folders = [Folder(own, "calendar", Right.FULL)]
        if not folders or len({folder.mailbox.guid for folder in folders}) > 1:
            raise Refusal("ErrorInvalidSubscriptionRequest", "A subscription is for one mailbox.")
        if folders[0].right < Right.FULL:
            said = "Subscriptions are not supported for delegate user access."
            raise Refusal("ErrorSubscriptionDelegateAccessNotSupported", said)
        if sum(one.payer == payer(asked) for one in self.alive.values()) >= self.behaviour.subscriptions:
            raise Refusal("ErrorExceededSubscriptionCount", "You have exceeded the available subscriptions.")
        mailbox, now = folders[0].mailbox, asyncio.get_running_loop().time()
        if self.heard not in mailbox.listeners:
            mailbox.listeners.append(self.heard)
        events = frozenset(part.text or "" for part in every(request, "t:EventTypes/t:EventType"))
        return Subscription(payer(asked), mailbox, any(one.name == "calendar" for one in folders), events, now)

    def _own(self, asked: Asked, identity: str, missing: str) -> Subscription:
        subscription, now = self.alive.get(identity), asyncio.get_running_loop().time()
        if subscription and not subscription.stream and now - subscription.left > LIFE * self.behaviour.minute:
            del self.alive[identity]
            subscription = None
        if subscription is None:
            raise Refusal(missing, "Subscription is invalid.")
        if subscription.payer[0] != asked.login:
            raise Refusal("ErrorSubscriptionAccessDenied", "Only its creator can use a subscription.")
        if subscription.mailbox.group != server(asked):
            raise Refusal("ErrorSubscriptionNotFound", "The specified subscription was not found.")
        return subscription


def payer(asked: Asked) -> tuple[str, str]:
    """Return whose budget pays: a login's, or its copy of the budget of whom it impersonates."""
    return asked.login, asked.call.impersonated.lower()


def server(asked: Asked) -> str:
    """Return the group of the server that a request is led to: by the cookie, else by its anchor, else by who asks."""
    led = asked.call.cookies.get("X-BackEndOverrideCookie")
    if led is not None:
        return led.removeprefix("~")
    anchor = asked.call.headers.get("x-anchormailbox", "").lower() or asked.actor
    mailbox = asked.directory.mailboxes.get(anchor) or asked.directory.mailboxes.get(asked.actor)
    return mailbox.group if mailbox else ""


def affinity(asked: Asked) -> dict[str, str]:
    """Return the cookie that keeps a client at the server of its anchor, if it asked for that."""
    wanted = asked.call.headers.get("x-preferserveraffinity", "").lower() == "true"
    return {"X-BackEndOverrideCookie": f"~{server(asked)}"} if wanted else {}


class Stream:
    """One open GetStreamingEvents: envelopes until its time is over, a subscription ends, or the client leaves."""

    def __init__(
        self, those: Subscriptions, payer: tuple[str, str], subscriptions: list[Subscription], seconds: float
    ) -> None:
        self.wake = asyncio.Event()
        self._those, self._payer = those, payer
        self._subscriptions, self._seconds = subscriptions, seconds
        self._ended: Element | None = None

    def end(self, refusal: Refusal, subscription: Subscription) -> None:
        self._ended = _closed(refusal, (subscription.id,))
        self.wake.set()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield an envelope at once, with each event, and as a sign of life; the last says Closed."""
        loop, told = asyncio.get_running_loop(), self._those.behaviour.told
        over = loop.time() + self._seconds
        self._take()
        try:
            yield enveloped(_status("OK"), told())
            while self._ended is None and (left := over - loop.time()) > 0:
                yielded = self._news()
                if yielded is not None:
                    yield enveloped(yielded, told())
                    continue
                try:
                    async with asyncio.timeout(min(left, self._those.behaviour.heartbeat)):
                        await self.wake.wait()
                except TimeoutError:
                    yield enveloped(self._quiet(), told())
            yield enveloped(self._ended if self._ended is not None else _status("Closed"), told())
        finally:
            self._leave()

    def _take(self) -> None:
        """A subscription has one stream: an older one ends (Microsoft: "ErrorNewEventStreamConnectionOpened")."""
        self._those.open[self._payer] += 1
        for subscription in self._subscriptions:
            if subscription.stream:
                said = "A new connection was opened for the subscription."
                subscription.stream.end(Refusal("ErrorNewEventStreamConnectionOpened", said), subscription)
            subscription.stream = self

    def _leave(self) -> None:
        self._those.open[self._payer] -= 1
        for subscription in self._subscriptions:
            if subscription.stream is self:
                subscription.stream = None
                subscription.left = asyncio.get_running_loop().time()

    def _news(self) -> Element | None:
        self.wake.clear()
        told = [_notification(one, *one.waiting) for one in self._subscriptions if one.waiting]
        for one in self._subscriptions:
            one.waiting.clear()
        return _status("OK", element("m:Notifications", *told)) if told else None

    def _quiet(self) -> Element:
        """A sign of life; of servers that tell changes of the folder with a StatusEvent of each (capture 101)."""
        if not self._those.behaviour.folder_events:
            return _status("OK")
        told = [_notification(one, element("t:StatusEvent")) for one in self._subscriptions]
        return _status("OK", element("m:Notifications", *told))


def _notification(one: Subscription, *events: Element) -> Element:
    return element("m:Notification", element("t:SubscriptionId", one.id), element("t:MoreEvents", "false"), *events)


def _status(status: str, notifications: Element | None = None) -> Element:
    said = success("GetStreamingEvents", notifications, element("m:ConnectionStatus", status))
    return response("GetStreamingEvents", said)


def _closed(refusal: Refusal, ids: Iterable[str] = ()) -> Element:
    wrong = [element("t:SubscriptionId", identity) for identity in ids]
    parts = [element("m:ErrorSubscriptionIds", *wrong)] if wrong else []
    said = refused("GetStreamingEvents", refusal, *parts, element("m:ConnectionStatus", "Closed"))
    return response("GetStreamingEvents", said)


def _event(event: str, happened: Happened, of_folder: bool) -> Element:
    """Return an event; a deletion by a user is a move to Deleted Items (captures 101 and 140 show the parts)."""
    folder = happened.mailbox.folder
    made = element(f"t:{event}", element("t:TimeStamp", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    if of_folder and event == "ModifiedEvent":
        made.append(element("t:FolderId", Id=folder("calendar")))
        made.append(element("t:ParentFolderId", Id=folder("msgfolderroot")))
        return made
    made.append(element("t:ItemId", Id=happened.item))
    made.append(element("t:ParentFolderId", Id=folder("deleteditems" if event == "MovedEvent" else "calendar")))
    if event == "MovedEvent":
        made.append(element("t:OldItemId", Id=happened.item))
        made.append(element("t:OldParentFolderId", Id=folder("calendar")))
    return made
