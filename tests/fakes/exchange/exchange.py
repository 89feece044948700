"""A scripted Exchange: it keeps mailboxes and answers EWS about them, over the web server of `http` with its faults.

    async with FakeExchange().up() as exchange:
        calendar = exchange.person("alice@example.test", "password")
        calendar.put(Item(subject="M: Lunch", start=…, end=…))
        exchange.share("alice@example.test", "service@example.test", Right.REVIEWER)
        exchange.faults.next(busy(), operation="SyncFolderItems")
        … exchange.url …

What it does not do is refused, never guessed: operations and parts of operations that no client here uses.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from xml.etree.ElementTree import Element

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.exchange import grammar, soap
from tests.fakes.exchange.addressbook import FakeContacts
from tests.fakes.exchange.autodiscover import Autodiscover, Told, User
from tests.fakes.exchange.availability import get_user_availability
from tests.fakes.exchange.behaviour import BUILDS, Behaviour
from tests.fakes.exchange.directory import Asked, Directory, DistributionList
from tests.fakes.exchange.faults import XML, Faults
from tests.fakes.exchange.folders import find_folder, get_folder, get_user_configuration
from tests.fakes.exchange.http import Reply, Request, Server, page
from tests.fakes.exchange.item import get_item
from tests.fakes.exchange.items import Contact
from tests.fakes.exchange.lists import expand_dl
from tests.fakes.exchange.mailbox import FakeCalendar, Mailbox
from tests.fakes.exchange.names import convert_id, get_server_time_zones, resolve_names
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.streaming import Stream, Subscriptions, affinity
from tests.fakes.exchange.sync import sync_folder_items
from tests.fakes.exchange.throttle import Throttle
from tests.fakes.exchange.view import find_item

PLACE = "/EWS/Exchange.asmx"


class FakeExchange:
    """`behaviour`: the knobs; `people`: password by login; `users`: what Autodiscover says, by address.

    `tls`, `schemes`: as `http.Server` has them.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        tls: ssl.SSLContext | None = None,
        schemes: tuple[str, ...] = ("Negotiate", "NTLM", "Basic"),
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.directory = Directory(self.behaviour)
        self.subscriptions = Subscriptions(self.behaviour)
        self.people: dict[str, str] = {}
        self.faults = Faults()
        self.users: dict[str, Told] = {}
        self._autodiscover = Autodiscover(self.users)
        self.throttle = Throttle()
        handler = self.throttle.around(self.faults.around(self.answer))
        self.server = Server(handler, self.people, tls, schemes, in_front=self.faults.in_front)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["FakeExchange"]:
        async with self.server.up():
            yield self

    @property
    def url(self) -> str:
        """The address of EWS."""
        return self.server.url + PLACE

    def person(
        self, address: str, password: str, aliases: tuple[str, ...] = (), *, login: str = "", group: str = ""
    ) -> FakeCalendar:
        """Add somebody with a mailbox; `login`: "" is the address; `group`: GroupingInformation of the mailbox."""
        self.service(address, password, login=login)
        mailbox = Mailbox(address, address.partition("@")[0].title(), aliases, group)
        self.directory.mailboxes[address] = mailbox
        for one in (address, *aliases):
            self.users[one] = User(self.url, group=group, address=address)
        return mailbox.calendar

    def service(self, address: str, password: str, *, login: str = "") -> None:
        """Add a login without a mailbox; by `impersonator` it reads those of others."""
        self.people[login or address] = password
        self.directory.logins[(login or address).lower()] = address

    def calendar(self, address: str) -> FakeCalendar:
        return self.directory.mailboxes[address].calendar

    def share(self, address: str, other: str, right: Right) -> None:
        """Give `other` (an address) a right to somebody's calendar, FULL: to the mailbox."""
        self.directory.mailboxes[address].rights[other] = right

    def group(self, address: str, *members: str, hidden: bool = False) -> None:
        """Add a distribution list, or change it."""
        self.directory.lists[address] = DistributionList(address=address, members=members, hidden=hidden)

    def contact(self, address: str, *emails: str, **phones: str) -> None:
        """Give somebody a contact with these addresses and numbers: BusinessPhone, MobilePhone, …"""
        self.directory.mailboxes[address].contacts.put(Contact(emails=emails, phones=phones))

    def contacts(self, address: str) -> FakeContacts:
        return self.directory.mailboxes[address].contacts

    def share_contacts(self, address: str, other: str) -> None:
        """Let `other` (an address) read somebody's contacts, and nothing else."""
        self.directory.mailboxes[address].contacts_with.add(other)

    def impersonator(self, address: str) -> None:
        """Give the role ApplicationImpersonation for all mailboxes (Microsoft: "Configure impersonation")."""
        self.directory.impersonators.add(address)

    async def answer(self, request: Request) -> Reply:
        """Answer one request; what is not XML gets 400, as WCF has it."""
        if request.place != PLACE.lower():
            return await self._autodiscover(request)
        if request.method != "POST":
            return page(405)
        try:
            call = soap.parsed(request.body, request.headers)
            call = replace(call, cookies=request.cookies)
            said, cookies = self._answered(call, request.user)
        except soap.Fault as fault:
            return Reply(500, XML, soap.enveloped(soap.fault(fault.refusal), self.behaviour.told()))
        except soap.NotXml:
            return Reply(400)
        if isinstance(said, Stream):
            return Reply(200, XML, said.chunks())
        return Reply(200, XML, soap.enveloped(said, self.behaviour.told()), cookies)

    def _answered(self, call: soap.Call, user: str) -> tuple[Element | Stream, dict[str, str]]:
        operation = self._operations().get(call.operation)
        if operation is None:
            raise soap.Fault("ErrorInvalidRequest", f"{call.operation} is not part of this scripted server.")
        known = call.version in BUILDS and self.behaviour.since(call.version)
        if call.version and not known:
            raise soap.Fault("ErrorInvalidServerVersion", "The specified server version is invalid.")
        call = replace(call, zone=self._zone(call.zone))
        grammar.check(call.body, self.behaviour)
        login = self.directory.logins[user.lower()]
        asked = Asked(call, self.directory.actor(login, call), login, self.directory)
        return operation(asked), affinity(asked) if call.operation == "Subscribe" else {}

    def _zone(self, zone: str) -> str:
        """Return the zone to write times in; TimeZoneContext came with 2007 SP2, which heeds it for tasks alone."""
        if not self.behaviour.since("Exchange2010"):
            return ""
        if zone and zone not in WINDOWS_TO_OLSON:
            raise soap.Fault("ErrorTimeZone", "An internal error occurred while processing a time zone.")
        return zone

    def _operations(self) -> dict[str, Callable[[Asked], Element | Stream]]:
        return {
            "ConvertId": convert_id,
            **({"ExpandDL": expand_dl} if self.behaviour.expands_lists else {}),
            "FindFolder": find_folder,
            "FindItem": find_item,
            "GetFolder": get_folder,
            "GetItem": get_item,
            "GetServerTimeZones": get_server_time_zones,
            "GetStreamingEvents": self.subscriptions.stream,
            "GetUserAvailabilityRequest": get_user_availability,
            "GetUserConfiguration": get_user_configuration,
            "ResolveNames": resolve_names,
            "Subscribe": self.subscriptions.subscribe,
            "SyncFolderItems": sync_folder_items,
            "Unsubscribe": self.subscriptions.unsubscribe,
        }
