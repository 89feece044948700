"""The settings: one frozen `Settings` out of a TOML file, the environment over it, and each package's own tables.

    [store]            gateway.store.settings
    [pbx.<name>]       gateway.pbx.<kind>.settings
    [sources.<name>]   gateway.sources.<kind>.settings
    [mail]             gateway.mail.settings; without it, nobody is told by mail
    [directory]        gateway.directory.settings, with [directory.listen.<name>]; without it, no contacts are read
    [web]              gateway.web.settings; without it, there is no portal and no API
    [run]  [log]       here

`RINGPLAN_PBX__MAIN__PORT=5039` in the environment stands over `port` in `[pbx.main]`. A secret is written as `env:NAME`
or `file:PATH`. Relative paths start at the folder of the file. All mistakes are told at once, each by key, value and
remedy, and never with a secret's value.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gateway.deciding.installation import Installation, Reach, SourceAt
from gateway.directory.settings import DirectorySettings, Listening, ListenSettings
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured
from gateway.mail.settings import MailSettings
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.planning.handsets import Listener
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.ews.settings import EwsSettings
from gateway.sources.file.settings import FileSettings
from gateway.store.settings import StoreSettings
from gateway.web.settings import WebSettings

Table = dict[str, Any]
Extension = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]

PREFIX = "RINGPLAN_"
NOT_SETTINGS = frozenset({"RINGPLAN_CONFIG"})  # says where the file is
PBX_KINDS: Mapping[str, type[BaseModel]] = {"asterisk": AsteriskSettings}
CalendarSettings = CalDavSettings | EwsSettings
SourceSettings = CalendarSettings | ActiveDirectorySettings | FileSettings
CALENDAR_KINDS: Mapping[str, type[BaseModel]] = {"caldav": CalDavSettings, "exchange": EwsSettings}
SOURCE_KINDS: Mapping[str, type[BaseModel]] = {
    **CALENDAR_KINDS,
    "active-directory": ActiveDirectorySettings,
    "file": FileSettings,
}
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
LONGEST_VALUE = 60
TABLES = ("store", "pbx", "sources", "mail", "directory", "web", "run", "log")
PEM = re.compile(
    r".*\.ca|(directory\..*|web)\.(certificate|key)"
)  # keys whose files are there before the gateway starts
CREDENTIALS = re.compile(r"//[^/]*@")  # in an address: never shown


class RunSettings(BaseModel):
    """`dry_run`: read and plan, but write nothing into a PBX. `pilot`: only these extensions take part; empty: all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dry_run: bool = False
    pilot: tuple[Extension, ...] = ()


class LogSettings(BaseModel):
    """`level` of what is logged to standard error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the file says; `pbx` and `sources` by name.

    `mail` None: no letters are sent; `directory` and `web` None: there is none.
    """

    file: Path
    store: StoreSettings
    pbx: Mapping[str, AsteriskSettings]
    sources: Mapping[str, SourceSettings]
    run: RunSettings = field(default_factory=RunSettings)
    log: LogSettings = field(default_factory=LogSettings)
    mail: MailSettings | None = None
    directory: Listening | None = None
    web: WebSettings | None = None

    @property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each source by its name; the users of a PBX are a source of contacts, called `pbx:<name>`."""
        pbxs = {f"pbx:{name}": one.kind for name, one in self.pbx.items()}
        return {name: one.kind for name, one in self.sources.items()} | pbxs

    @property
    def installation(self) -> Installation:
        """What decisions need to know of all this."""
        sources = {
            name: SourceAt(one.kind, one.refresh, isinstance(one, CalendarSettings), _is_addressed(one), _host(one))
            for name, one in self.sources.items()
        }
        return Installation(
            pbxs=tuple(self.pbx),
            sources=sources
            | {f"pbx:{name}": SourceAt(one.kind, has_calendars=False) for name, one in self.pbx.items()},
            pilot=frozenset(self.run.pilot),
            dry_run=self.run.dry_run,
            directory=None if self.directory is None else _reach(self.directory),
            sends_mail=self.mail is not None,
            portal=self.web.public if self.web is not None else None,
        )

    @property
    def tables(self) -> Mapping[str, BaseModel]:
        """All tables that there are, by their names in the file."""
        found: dict[str, BaseModel | None] = {"store": self.store}
        found |= {f"pbx.{name}": one for name, one in self.pbx.items()}
        found |= {f"sources.{name}": one for name, one in self.sources.items()}
        found["mail"] = self.mail
        if self.directory is not None:
            found["directory"] = self.directory.directory
            found |= {f"directory.listen.{name}": one for name, one in self.directory.listen.items()}
        found |= {"web": self.web, "run": self.run, "log": self.log}
        return {name: table for name, table in found.items() if table is not None}


def _is_addressed(source: SourceSettings) -> bool:
    return not isinstance(source, CalendarSettings) or bool(source.url or source.domain)


def _host(source: SourceSettings) -> str:
    if not isinstance(source, CalendarSettings):
        return ""
    return ((urlsplit(source.url).hostname if source.url else source.domain) or "").lower()


def _reach(told: Listening) -> Reach:
    listeners = tuple(Listener(*one.at, one.tls) for one in told.listen.values())
    return Reach(told.directory.host, told.directory.base, listeners)


@dataclass(frozen=True, slots=True)
class Mistake:
    """`key` as in `pbx.main.port`; `value` as written, "" where there is none or it must not be seen."""

    key: str
    value: str
    said: str
    remedy: str

    def __str__(self) -> str:
        written = f" = {self.value}" if self.value else ""
        return f"{self.key}{written}: {self.said}. {self.remedy}"


class Mistakes(Misconfigured):
    """The settings cannot be used; `mistakes` are all that was found."""

    def __init__(self, file: Path, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in mistakes), f"correct {file} and try again")
        self.mistakes = mistakes


def load(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Blocking. Raises `Misconfigured`, for what is in the file `Mistakes`."""
    environment = os.environ if environment is None else environment
    tables = _file(file)
    found: list[Mistake] = []
    _overlay(tables, environment, found)
    reading = _Reading(file.absolute().parent, environment, found)
    for name in tables.keys() - set(TABLES):
        near = _near(name, TABLES)
        found.append(Mistake(name, "", "there is no such table", near or "Remove it"))
    store = reading.model(StoreSettings, "store", tables.get("store", {}))
    pbx = reading.models(PBX_KINDS, "pbx", tables.get("pbx", {}))
    sources = reading.models(SOURCE_KINDS, "sources", tables.get("sources", {}))
    run = reading.model(RunSettings, "run", tables.get("run", {}))
    log = reading.model(LogSettings, "log", tables.get("log", {}))
    mail = reading.model(MailSettings, "mail", tables["mail"]) if "mail" in tables else None
    directory = reading.directory(tables["directory"]) if "directory" in tables else None
    web = reading.model(WebSettings, "web", tables["web"]) if "web" in tables else None
    if not found:
        found += [_absent(key) for key, models in (("pbx", pbx), ("sources", sources)) if not models]
    if found:
        raise Mistakes(file, tuple(sorted(found, key=lambda mistake: mistake.key)))
    return Settings(file, store, pbx, sources, run, log, mail, directory, web)


def _file(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise Misconfigured(f"there is no {file}", "ringplan init writes one; --config names another") from error
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}", "let the user of Ringplan read it") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{file}, line {line}: not UTF-8", "save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
        said = place[1] if place else str(error)
        where = f"line {place[2]}, column {place[3]}" if place and place[2] else "at its end"
        raise Misconfigured(f"{file}, {where}: {said}", 'write it as TOML: key = "text" below a [table]') from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in hundreds of brackets
        raise Misconfigured(f"{file} cannot be read: {error}", "shorten its numbers and lists") from error


def _overlay(tables: Table, environment: Mapping[str, str], found: list[Mistake]) -> None:
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        *path, key = variable.removeprefix(PREFIX).lower().split("__")
        if not path or not all([*path, key]):
            form = f"Write {PREFIX}<TABLE>__<KEY>, such as {PREFIX}RUN__DRY_RUN, or unset it"
            found.append(Mistake(variable, "", "names no key", form))
            continue
        table: Any = tables
        for name in path:
            table = table.setdefault(name, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[key] = _value(environment[variable])
        else:
            found.append(Mistake(variable, "", "lies below what is no table", "Write a key of a table, or unset it"))


def _value(text: str) -> Any:
    """Read the value of a variable: as TOML where it is TOML (`true`, `5038`, `["1001"]`), else as the text it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


@dataclass(frozen=True, slots=True)
class _Reading:
    folder: Path
    environment: Mapping[str, str]
    found: list[Mistake]

    def models(self, kinds: Mapping[str, type[BaseModel]], key: str, tables: object) -> dict[str, Any]:
        if not isinstance(tables, dict):
            self.found.append(Mistake(key, _shown(tables), "is no table", f"Write [{key}.<name>] with keys below it"))
            return {}
        made = {}
        for name, table in tables.items():
            where = f"{key}.{name}"
            kind = table.get("kind", next(iter(kinds))) if isinstance(table, dict) else next(iter(kinds))
            if not NAME.fullmatch(name):
                self.found.append(Mistake(where, "", "cannot be a name", "Use letters, digits, - and _"))
            if not isinstance(table, dict):
                form = f"Write [{key}.<name>] with keys below it"
                self.found.append(Mistake(where, "", "is no table", form))  # a secret in the wrong place, perhaps
            elif not isinstance(kind, str) or kind not in kinds:
                remedy = _near(str(kind), tuple(kinds)) or f"Known kinds: {', '.join(kinds)}"
                self.found.append(Mistake(f"{where}.kind", _shown(kind), "there is no such kind", remedy))
            else:
                made[name] = self.model(kinds[kind], where, table)
        return made

    def directory(self, table: object) -> Listening | None:
        """Return the directory and where it listens, or None and the mistakes."""
        own = {key: value for key, value in table.items() if key != "listen"} if isinstance(table, dict) else table
        directory = self.model(DirectorySettings, "directory", own)
        listen = table.get("listen", {}) if isinstance(table, dict) else {}
        if not isinstance(listen, dict) or not listen:
            form = 'Add a table [directory.listen.inside] with address and tls = "ldaps", "starttls" or "none"'
            self.found.append(Mistake("directory.listen", "", "it listens nowhere", form))
            return None
        listeners = {name: self.model(ListenSettings, f"directory.listen.{name}", one) for name, one in listen.items()}
        return Listening(directory, listeners) if directory is not None else None

    def model(self, model: type[BaseModel], where: str, table: object) -> Any:
        """Return the table as `model`, or None and the mistakes."""
        if not isinstance(table, dict):
            self.found.append(Mistake(where, _shown(table), "is no table", f"Write [{where}] with keys below it"))
            return None
        fields = model.model_fields
        ready = {key: self._ready(value, fields.get(key), f"{where}.{key}") for key, value in table.items()}
        try:
            return model(**ready)
        except ValidationError as error:
            bad = {key for key, value in ready.items() if value is None}
            self.found.extend(
                _mistake(details, model, where, table)
                for details in error.errors(include_url=False)
                if (details["loc"][0] not in bad if details["loc"] else not bad)  # nothing follows from what is missing
            )
            return None

    def _ready(self, value: object, known: FieldInfo | None, where: str) -> object:
        if known is not None and _is_secret(known):
            return self._secret(value, where)
        if known is not None and isinstance(value, str) and Path in (known.annotation, *get_args(known.annotation)):
            path = self._path(value, where)
            return path if path is None or not PEM.fullmatch(where) else self._pem(path, value, where)
        return value

    def _pem(self, path: Path, value: str, where: str) -> Path | None:
        try:
            is_there = path.is_file()
        except OSError as error:  # a folder that nobody else may enter, such as /etc/ssl/private
            said = f"it cannot be looked at ({error.strerror})"
            self.found.append(Mistake(where, _shown(value), said, "Let the user of Ringplan read it, or a copy of it"))
            return None
        if not is_there:
            self.found.append(Mistake(where, _shown(value), "there is no such file", "Name a PEM file"))
        return path if is_there else None

    def _path(self, value: str, where: str) -> Path | None:
        try:
            path = self.folder / Path(value).expanduser()
        except RuntimeError:  # ~ and nobody's name
            path = None
        if path is None or not value.isprintable() or not value:
            self.found.append(Mistake(where, _shown(value), "is no path", "Write a path, such as /etc/ringplan/name"))
            return None
        return path

    def _secret(self, value: object, where: str) -> Secret | None:
        how, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        if how == "env" and rest:
            text = self.environment.get(rest)
            if text is None:
                self.found.append(Mistake(where, f'"env:{rest}"', "the variable is not set", f"Set {rest}"))
            return None if text is None else Secret(text)
        if how == "file" and rest:
            path = self._path(rest, where)
            try:
                return None if path is None else Secret(path.read_text(encoding="utf-8").rstrip("\r\n"))
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "not UTF-8"
                remedy = "Write the secret into that file, readable by Ringplan alone"
                self.found.append(Mistake(where, f'"file:{rest}"', f"the file cannot be read ({why})", remedy))
                return None
        remedy = "Write it into a file of mode 600 and here file:PATH, or into a variable and here env:NAME"
        self.found.append(Mistake(where, "", "a secret is not written into the settings themselves", remedy))
        return None


def _is_secret(field: FieldInfo) -> bool:
    return Secret in (field.annotation, *get_args(field.annotation))


def _mistake(details: ErrorDetails, model: type[BaseModel], where: str, table: Table) -> Mistake:
    path = [str(part) for part in details["loc"]]
    key = ".".join([where, *path])
    known = model.model_fields.get(path[0]) if path else None
    hidden = not path or (known is not None and _is_secret(known)) or details["type"] == "missing"
    value = "" if hidden else _shown(table.get(path[0]) if len(path) == 1 else details["input"])
    match details["type"]:
        case "extra_forbidden":
            return Mistake(key, "", "there is no such key", _near(path[-1], tuple(model.model_fields)) or "Remove it")
        case "missing":
            return Mistake(key, "", "is missing", f"Add {path[-1]} = … below [{where}]")
        case "literal_error":
            return Mistake(key, value, "is not known", f"One of: {details['ctx']['expected']}")
        case "tuple_type":
            return Mistake(key, value, "is no list", f'Write it in brackets: {path[-1]} = ["…", "…"]')
        case "value_error":
            return Mistake(key, value, "cannot be used", _sentence(str(details["ctx"]["error"])))
    return Mistake(key, value, "cannot be used", _sentence(details["msg"].replace("Input should", "It should")))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _near(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}"


def _shown(value: object) -> str:
    if isinstance(value, str) and CREDENTIALS.search(value):
        return ""
    written = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return written if len(written) <= LONGEST_VALUE else written[:LONGEST_VALUE] + "…"


def _absent(key: str) -> Mistake:
    what = {"pbx": "no PBX is named", "sources": "no calendar server is named"}[key]
    return Mistake(key, "", what, f"Add a table [{key}.<name>]; ringplan init shows how")
