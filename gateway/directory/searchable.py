"""What the server asks of whoever holds the entries, as Protocols."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from gateway.directory.query import Query, Viewer
from gateway.domain.contact import Form, Numbering

Hit: TypeAlias = Any  # whatever names an entry to its holder
Selection: TypeAlias = Any  # whatever tells it what shall stand in one


class Found(Protocol):
    """What a search found, as it was then."""

    @property
    def entries(self) -> Sequence[Hit]:
        """All of it in order; cheap to slice."""


class Searchable(Protocol):
    """Entries in memory. A filter is cheap (an index answers it), or everything visible has to be looked at."""

    @property
    def base(self) -> str:
        """The name of the top entry."""

    @property
    def numbering(self) -> Numbering:
        """How numbers are written here."""

    def find(self, viewer: Viewer, query: Query) -> Found | None:
        """Return what `viewer` may see of it; None: that takes more than a few ms, ask `find_slowly`.

        Raises `Refusal`: noSuchObject (whatever is not there, or not for this viewer), invalidDNSyntax.
        """

    async def find_slowly(self, viewer: Viewer, query: Query, deadline: float) -> Found:
        """As `find`, with pauses for others; raises `Refusal` (timeLimitExceeded) at `deadline`, a time of the loop."""

    def selection(self, attributes: tuple[str, ...], types_only: bool, form: Form) -> Selection:
        """Return what stands for these attributes, numbers shown in `form`."""

    def entry(self, hit: Hit, selection: Selection) -> bytes:
        """Return one entry as it goes over the wire: a SearchResultEntry (RFC 4511, section 4.5.2) with its tag."""
