"""Makers of telephones, read from `ldap/phones`: as installed with the program, or in a checkout."""

import sys
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from gateway.deciding.given import shortened
from gateway.deciding.installation import Reach
from gateway.errors import Misconfigured
from gateway.planning.handsets import Profile, best, profile

LIST = "vendors.toml"
OTHER = "other"  # any maker: what is typed in by hand


def phones_folder() -> Path:
    """Return the folder of the makers and their templates."""
    installed = Path(sys.prefix) / "share" / "ringplan" / "ldap" / "phones"
    checkout = Path(__file__).parents[2] / "ldap" / "phones"
    return checkout if checkout.is_dir() else installed


def vendors(folder: Path) -> dict[str, Profile]:
    """Read all makers, by their keys. Blocking. Raises `Misconfigured`, naming file and mistake."""
    where = folder / LIST
    try:
        tables = tomllib.loads(where.read_text(encoding="utf-8"))
        return {
            key: profile(key, table, (folder / str(table["template"])).read_text(encoding="utf-8"))
            for key, table in tables.items()
        }
    except OSError as error:
        raise Misconfigured(f"{error.filename} cannot be read: {error.strerror}", "install Ringplan anew") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"{where} is not as it should be: {error}", "compare it with the delivered one") from error


@lru_cache(maxsize=1)
def delivered() -> Mapping[str, Profile]:
    """Return the makers that come with the program, read once. Blocking, the first time. Raises `Misconfigured`."""
    return vendors(phones_folder())


def served(known: Iterable[Profile], where: Reach) -> list[Profile]:
    """Return the makers whose telephones are served somewhere, by title, the nameless one last."""
    fitting = [one for one in known if best(one, where.listeners)]
    return sorted(fitting, key=lambda one: (one.key == OTHER, one.title.casefold()))


def vendor_named(field: str, name: str, known: Mapping[str, Profile]) -> Profile:
    """Return the maker called `name`. Raises `Misconfigured`."""
    found = known.get(name.strip().lower())
    if found is None:
        near = get_close_matches(name.lower(), known, n=1)
        remedy = "did you mean {near}?" if near else "one of: {known}"
        told = {"near": near[0]} if near else {"known": ", ".join(known)}
        asked = repr(shortened(name))
        raise Misconfigured("{field}: there are no settings for {value}", remedy, field=field, value=asked, **told)
    return found
