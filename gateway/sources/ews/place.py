"""Where a mailbox is, and asking it there: found once, looked for anew where that does not work any more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gateway.errors import GiveUp, RetryLater, Unreachable
from gateway.sources.ews import requests
from gateway.sources.ews.connection.client import Client, Work
from gateway.sources.ews.connection.refusals import Misplaced, NotShared
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.discovery.discovery import Discovery, Whose

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox on a server: `url` of Exchange Web Services, and the address that it is asked for by."""

    url: str
    address: str


@dataclass(slots=True)
class Places:
    """The mailboxes of one account."""

    client: Client
    discovery: Discovery
    _primary: dict[str, str] = field(default_factory=dict, repr=False)  # of addresses that are not

    async def at(self, mailbox: Whose, doing: Callable[[Place], Awaitable[T]]) -> T:
        """Return what `doing` does where the mailbox is; it is looked for anew where that does not work any more."""
        endpoint = await self.discovery.endpoint(mailbox)
        try:
            return await self._named(endpoint, mailbox, doing)
        except NotShared:
            raise
        except Misplaced as error:
            self.discovery.doubt(mailbox)
            try:
                found = await self.discovery.endpoint(mailbox)
            except (RetryLater, GiveUp):
                raise error from None  # where the mailbox is, time may tell
            if found == endpoint:
                raise
        except (GiveUp, Unreachable):
            self.discovery.forget(mailbox)
            found = await self.discovery.endpoint(mailbox)
            if found == endpoint:
                raise
        return await self._named(found, mailbox, doing)

    async def ask(self, place: Place, work: Work[T]) -> T:
        """Return what `work` brings, done on the mailbox at `place`; one call, one connection."""
        return await self.client.ask(place.url, place.address, work)

    async def _named(self, endpoint: Endpoint, mailbox: Whose, doing: Callable[[Place], Awaitable[T]]) -> T:
        """Name the mailbox as Autodiscover did, else by our address; if that is an alias, by its main one."""
        place = Place(endpoint.url, endpoint.address or self._primary.get(mailbox.address, mailbox.address))
        try:
            return await doing(place)
        except requests.Alias as alias:
            found = alias.primary or await self.ask(place, partial(requests.primary, address=place.address))
            if not found or found == place.address:
                raise
        self._primary[mailbox.address] = found
        return await doing(Place(endpoint.url, found))
