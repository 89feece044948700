"""Which members of a collection there are, or changed.

RFC 6578: a sync-collection, in pages where the server cuts it (section 3.6). A server without it, or one that refuses
it for whatever reason, is asked with a PROPFIND for all members. Where there is no token of any kind, a digest of all
ETags is one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import GiveUp
from gateway.sources.caldav import dav
from gateway.sources.caldav.client import Answer, Client, joined
from gateway.sources.caldav.contacts import asked
from gateway.sources.caldav.discovery import path
from gateway.sources.caldav.places import DavCollection

MOST = 200_000  # members of one collection
MOST_PAGES = 2_000


@dataclass(frozen=True, slots=True)
class Listing:
    """`members`: hrefs by path; `gone`: paths. `sync`: what the next sync begins at, None: there is none.

    `digest`: differs when anything does, "" where the server tells no ETags.
    """

    members: Mapping[str, str] = field(repr=False)
    gone: frozenset[str] = field(default=frozenset(), repr=False)
    sync: str | None = field(default=None, repr=False)
    digest: str = ""


async def changed(client: Client, collection: DavCollection, token: str) -> Listing:
    """Return what changed since `token` ("": all members). Raises `GiveUp` where the server refuses it or cannot."""
    members: dict[str, str] = {}
    gone: set[str] = set()
    for _ in range(MOST_PAGES):
        answer = await client.report(collection.at, 0, asked.changes(token), may_be_cut=True)
        for where, resource in _members(answer, collection):
            if resource.is_gone:
                gone.add(where)
                members.pop(where, None)
            else:
                gone.discard(where)
                members[where] = resource.href
        _check(collection, members)
        if answer.token is None or (answer.is_cut and answer.token == token):
            break
        if not answer.is_cut:
            return Listing(members, frozenset(gone), answer.token)
        token = answer.token
    raise GiveUp(f"{collection.at.host} does not say how far its list of changes goes", "is it a CardDAV server?")


async def everything(client: Client, collection: DavCollection) -> Listing:
    """Return all members."""
    if collection.syncs:
        try:
            return await changed(client, collection, "")
        except GiveUp:
            pass  # whatever it has against a sync-collection: it has to answer a PROPFIND
    answer = await client.propfind(collection.at, 1, asked.ETAGS)
    members = {where: resource for where, resource in _members(answer, collection) if not resource.is_gone}
    _check(collection, members)
    etags = sorted((where, resource.text(f"{dav.D}getetag") or "") for where, resource in members.items())
    digest = hashlib.sha256(repr(etags).encode()).hexdigest() if all(etag for _, etag in etags) else ""
    return Listing({where: resource.href for where, resource in members.items()}, digest=digest)


def _members(answer: Answer, collection: DavCollection) -> Iterator[tuple[str, dav.Resource]]:
    """Yield what lies in a collection, by path; neither itself nor collections in it."""
    itself = path(collection.at)
    for resource in answer.resources:
        at = joined(answer.at, resource.href)
        kind = resource.properties.get(f"{dav.D}resourcetype")
        is_collection = at.path.endswith("/") or (kind is not None and kind.find(f"{dav.D}collection") is not None)
        if at.host == answer.at.host and path(at) != itself and not is_collection:
            yield path(at), resource


def _check(collection: DavCollection, members: Mapping[str, object]) -> None:
    if len(members) > MOST:
        raise GiveUp(f"{collection.at.host} has more than {MOST} contacts in one address book", "divide it")
