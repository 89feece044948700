"""What the portal works with: one object that every page and every call of the API is handed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.deciding.accounts import Hosts
from gateway.deciding.installation import Installation
from gateway.deciding.sync import Asked
from gateway.domain.listing import Listing
from gateway.domain.user import Extension
from gateway.engine.decided import Decided
from gateway.ports import Clock, Post
from gateway.store.store import Store
from gateway.web.api.strangers import Strangers
from gateway.web.security.csrf import Seal
from gateway.web.security.hashing import Hashing
from gateway.web.security.slowing import Slowing
from gateway.web.settings import WebSettings
from gateway.web.streams import Streams
from gateway.web.texts import Texts
from gateway.web.uploads import Uploads

NameOf = Callable[[Extension, str], str | None]
"""Who calls: the name that the owner of an extension may see for a number (`Directory.name_of`)."""

Search = Callable[[int, str, int, int], Awaitable[Listing]]
"""What a user's telephone finds for what is typed: from so many on, at most so many (`Directory.search`)."""


@dataclass(frozen=True, slots=True)
class Portal:
    """`post` None: no letters are sent. `name_of` and `search` None: there is no directory.

    `hosts` None: DNS is not asked where a calendar is. `asked`: who wants theirs to be read now.

    `decided` keeps codes, organisation and users in memory while they are unchanged. `told`: facts of the settings file
    for the page that shows them, by table; never a secret. `file`: its path; `read`: when it was read.
    """

    store: Store
    settings: WebSettings
    installation: Installation
    clock: Clock
    texts: Texts
    seal: Seal
    decided: Decided = field(default_factory=Decided)
    post: Post | None = None
    name_of: NameOf | None = None
    search: Search | None = None
    hosts: Hosts | None = None
    asked: Asked = field(default_factory=Asked)
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    file: str = ""
    read: datetime | None = None
    strangers: Strangers = field(default_factory=Strangers)
    slowing: Slowing = field(default_factory=Slowing)
    asking: Slowing = field(default_factory=lambda: Slowing(free=3, free_at=30, longest=900.0))  # for letters
    hashing: Hashing = field(default_factory=Hashing)
    uploads: Uploads = field(default_factory=Uploads)
    streams: Streams = field(default_factory=Streams)
