"""What decisions need to know of the settings file: names of what is there, and what that can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.user import Extension
from gateway.errors import Misconfigured
from gateway.planning.handsets import Listener, Profile, best


@dataclass(frozen=True, slots=True)
class SourceAt:
    """One source: `refresh` is how often it is read unless somebody says otherwise, in seconds.

    `addressed`: the settings say where it is; otherwise that is found from each address. `host`: the server, or the
    domain at which it is looked for, "" where they do not say.
    """

    kind: str
    refresh: int = 60
    has_calendars: bool = True
    addressed: bool = True
    host: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where telephones reach the directory: `host` and `base` as in the settings file, and where it listens."""

    host: str
    base: str
    listeners: tuple[Listener, ...]

    def of(self, profile: Profile) -> Listener:
        """Return where telephones of a maker are served. Raises `Misconfigured` when that is nowhere."""
        found = best(profile, self.listeners)
        if found is None:
            can = " or ".join(f'"{tls}"' for tls in profile.tls)
            remedy = "add a [directory.listen.<name>] with tls = {can} for the network of these telephones"
            raise Misconfigured("telephones of {title} can be served nowhere", remedy, title=profile.title, can=can)
        return found


@dataclass(frozen=True, slots=True)
class Installation:
    """`pbxs` by name, the usual one first; `sources` by name; `pilot` empty: everybody takes part.

    `directory` None: there is none, and no contacts are read. `sends_mail`: letters can be sent. `portal`: its public
    address ("https://telephone.example.com"), None: there is none.
    """

    pbxs: tuple[str, ...]
    sources: Mapping[str, SourceAt] = field(default_factory=dict)
    pilot: frozenset[Extension] = frozenset()
    dry_run: bool = False
    directory: Reach | None = None
    sends_mail: bool = False
    portal: str | None = None

    def has_calendars(self, source: str) -> bool:
        """Say whether calendars can be read at the source of this name, and not contacts alone."""
        found = self.sources.get(source)
        return found is not None and found.has_calendars

    def refresh(self, source: str) -> int:
        """Return how often a source is read unless somebody says otherwise, in seconds."""
        found = self.sources.get(source)
        return found.refresh if found is not None else 60
