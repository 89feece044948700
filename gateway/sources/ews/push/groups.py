"""Which calendars share a streaming connection, and which are asked in turn instead. Pure.

A connection may carry the subscriptions of mailboxes that have both the URL of Exchange Web Services and Autodiscover's
GroupingInformation in common, at most 200 of them (Microsoft: "Maintain affinity between a group of subscriptions and
the Mailbox server in Exchange", steps 2 and 7). How many connections an account may hold is few.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from gateway.domain.mailbox import Mailbox

MOST = 200  # subscriptions in one GetStreamingEvents


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a mailbox is: the URL of its Exchange Web Services, its GroupingInformation ("": unknown), its address."""

    mailbox: Mailbox
    url: str
    group: str
    address: str


Stream = tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Each mailbox once: in one of `streams`, or in `polled`."""

    streams: tuple[Stream, ...]
    polled: tuple[Placed, ...]


def plan(mailboxes: Collection[Placed], streams: int) -> Plan:
    """Share at most `streams` streams out, so that they serve as many mailboxes as they can.

    Within a group, who was first (by `Mailbox.id`) is served first: somebody who joins later takes nobody's place in
    it, and all streams but one stay as they are.
    """
    packed = sorted(_packed(mailboxes), key=lambda stream: (-len(stream), _key(stream[0]), stream[0].mailbox.id))
    return Plan(
        streams=tuple(packed[:streams]),
        polled=tuple(one for stream in packed[streams:] for one in stream),
    )


def anchor(stream: Collection[Placed]) -> str:
    """Return the address that comes first by name: its mailbox leads the stream's requests to their server."""
    return min((one.address for one in stream), key=lambda address: (address.casefold(), address))


def _packed(mailboxes: Collection[Placed]) -> Iterator[Stream]:
    ordered = sorted(mailboxes, key=lambda one: (_key(one), one.mailbox.id))
    for _, members in groupby(ordered, key=_key):
        group = tuple(members)
        for first in range(0, len(group), MOST):
            yield group[first : first + MOST]


def _key(one: Placed) -> tuple[str, str]:
    return one.url, one.group
