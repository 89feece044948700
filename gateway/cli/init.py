"""`ringplan init`: the settings of a new installation, and what an administrator adds to the PBX."""

import os
import secrets
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, writing
from gateway.cli.prompts import dialplan_folder
from gateway.cli.unit import unit
from gateway.deciding import given
from gateway.domain.hours import WorkingHours
from gateway.errors import Misconfigured
from gateway.pbx.asterisk import lines
from gateway.settings import CALENDAR_KINDS, load
from gateway.store import organisation

LOW = 1024  # ports below are for whom the system lets (capabilities(7), CAP_NET_BIND_SERVICE)

TOML = """\
# Ringplan: where things are. What people decide (users, codes, hours, accounts) is set with the commands.

[store]
path = "ringplan.db"

[pbx.main]
kind = "asterisk"
host = {host}
port = {port}
user = {user}
secret = "file:{secret}"
# conferences: so many calls a second and at once at most, and telephones ring so long (seconds)
# calls_per_second = 20
# calls_at_once = 200
# ring = 25
# false: telephones show the room alone, and not what the meeting is called
# subjects = true

[sources.{source}]
kind = "{kind}"
{where}

[run]
# true: read and plan, but write nothing into the PBX
dry_run = false
# only these extensions take part, such as ["1001", "1002"]; empty: all users
pilot = []

[log]
level = "info"

# through which server the organisers of conferences are told
# [mail]
# host = "mail.example.org"
# sender = "telephone@example.org"
# where it lets nobody send without
# user = "ringplan"
# secret = "file:mail.secret"

# contacts on telephones, over LDAP; without this table none are read
# [directory]
# host = "pbx.example.org"
# [directory.listen.phones]
# address = "0.0.0.0"
# tls = "ldaps"
# certificate = "pbx.pem"
# key = "pbx.key"
# networks = ["10.1.0.0/16"]

# the portal, where users set themselves up, and the API; without this table there is none
# [web]
# address = "0.0.0.0"
# port = 443
# the address that people type; requests for others are refused
# url = "https://telephone.example.org"
# TLS, read anew when it is renewed
# certificate = "web.pem"
# key = "web.key"
# or a proxy does TLS, and passes on Host, X-Forwarded-For and X-Forwarded-Proto: instead of these two, from where
# it comes, such as proxies = ["127.0.0.1/32"]
"""


ACCESS = """
# how a service account reads others: "delegation" (what is shared with it) or "impersonation" (it has that role)
access = "delegation"\
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked."""

    host: str
    port: int
    user: str
    source: str
    kind: str
    url: str
    domain: str
    zone: str
    language: str
    country: str


def init(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Where Asterisk's manager interface listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="And on which port.")] = 5038,
    user: Annotated[str, typer.Option(help="Name of Ringplan in manager.conf.")] = "ringplan",
    source: Annotated[str, typer.Option(help="Name for the calendar server.")] = "office",
    kind: Annotated[str, typer.Option(help="Its kind: caldav or exchange.")] = "caldav",
    url: Annotated[str, typer.Option(help="Address of the calendar server.")] = "",
    domain: Annotated[str, typer.Option(help="Or the domain under which it is found.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of the organisation; this machine's if not given.")] = "",
    language: Annotated[str, typer.Option(help="sv, de or en.")] = "sv",
    country: Annotated[str, typer.Option(help="Whose public holidays are free, such as SE.")] = "",
    pattern: Annotated[str, typer.Option(help="Pattern of the extensions in the dialplan.")] = "_1XXX",
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: options and defaults hold.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over settings that are there.")] = False,
    unit_only: Annotated[bool, typer.Option("--unit", help="Print the systemd unit, and nothing else.")] = False,
) -> None:
    """Write the settings, and say what to add to Asterisk."""
    config: Path = context.find_root().params["config"].absolute()
    if unit_only:
        typer.echo(_unit(config), nl=False)
        return
    if config.exists() and not force:
        raise Misconfigured(f"{config} is there already", "--force writes over it; --config names another")
    answers = Answers(host, port, user, source, kind, url, domain, zone or _zone_here(), language, country)
    answers = _looked_at(answers if yes else _asked(answers))
    secret = config.with_name("ami.secret")
    _write(config, secret, answers)
    perform(_organise(config, answers))
    _tell(config, secret, answers, pattern)


def _asked(answers: Answers) -> Answers:
    answers = replace(
        answers,
        host=typer.prompt("Asterisk's manager interface listens at", default=answers.host),
        port=typer.prompt("on port", default=answers.port, type=int),
        user=typer.prompt("Name of Ringplan in manager.conf", default=answers.user),
        source=typer.prompt("A name for your calendar server", default=answers.source),
        kind=typer.prompt(f"Its kind ({', '.join(CALENDAR_KINDS)})", default=answers.kind),
    )
    where = typer.prompt(
        "Its address (https://…) or its domain", default=answers.url or answers.domain or "example.org"
    )
    is_url = "://" in where
    return replace(
        answers,
        url=where if is_url else "",
        domain="" if is_url else where,
        zone=typer.prompt("Time zone", default=answers.zone),
        language=typer.prompt("Language of the announcements (sv, de, en)", default=answers.language),
        country=typer.prompt("Country whose public holidays are free (none: -)", default=answers.country or "-").strip(
            "-"
        ),
    )


def _looked_at(answers: Answers) -> Answers:
    given.zone("--zone", answers.zone)
    given.language("--language", answers.language)
    given.holidays(WorkingHours(country=answers.country.upper()))
    if bool(answers.url) == bool(answers.domain):
        raise Misconfigured("where is the calendar server?", "give --url or --domain, one of them")
    if answers.kind not in CALENDAR_KINDS:
        raise Misconfigured(f"--kind: there is no kind {answers.kind!r}", f"one of: {', '.join(CALENDAR_KINDS)}")
    if not answers.source.replace("-", "").replace("_", "").isalnum() or not answers.source.isascii():
        raise Misconfigured(f"--source: {answers.source!r} cannot be a name", "use letters, digits, - and _")
    return replace(answers, country=answers.country.upper())


def _write(config: Path, secret: Path, answers: Answers) -> None:
    where = f"url = {_toml(answers.url)}" if answers.url else f"domain = {_toml(answers.domain)}"
    if answers.kind == "exchange":
        where += ACCESS
    text = TOML.format(
        host=_toml(answers.host),
        port=answers.port,
        user=_toml(answers.user),
        secret=secret.name,
        source=answers.source,
        kind=answers.kind,
        where=where,
    )
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        if not secret.exists():
            _private(secret, f"{secrets.token_urlsafe(24)}\n")
        draft = config.with_name(f".{config.name}.new")
        _private(draft, text)
        try:
            load(draft, {})
        except Misconfigured as error:
            draft.unlink()
            raise Misconfigured(str(error).replace(str(draft), "answers"), "answer again") from error
        draft.replace(config)
    except OSError as error:
        raise Misconfigured(
            f"{error.filename} cannot be written: {error.strerror}", "name another with --config"
        ) from error


def _private(file: Path, text: str) -> None:
    """Write a file that nobody else can read at any time."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)


async def _organise(config: Path, answers: Answers) -> None:
    async with writing(load(config)) as rows:
        before = await organisation.get(rows)
        hours = replace(before.hours, country=answers.country, subdivision="")
        zone = given.zone("--zone", answers.zone)
        numbers = replace(before.numbering, country=answers.country or before.numbering.country)
        after = replace(before, zone=zone, language=answers.language, hours=hours, numbering=numbers)
        await organisation.put(rows, after)


def _tell(config: Path, secret: Path, answers: Answers, pattern: str) -> None:
    local = answers.host in ("127.0.0.1", "localhost", "::1")
    address = lines.LOCAL if local else "<address of this machine>/255.255.255.255"
    typer.echo(f"{config} is written, its secret is in {secret}; only you can read them.\n")
    typer.echo("Add to Asterisk's manager.conf:\n")
    typer.echo(lines.manager_stanza(answers.user, address, f"the text in {secret}"))
    for conf in sorted((dialplan_folder() / "asterisk").glob("*.conf"), reverse=True):
        typer.echo(f"Copy {conf} beside Asterisk's extensions.conf.")
    typer.echo("\nAdd to extensions.conf:\n")
    typer.echo(lines.dialplan_lines(pattern))
    typer.echo("Then:\n")
    steps = (
        "manager reload, dialplan reload and module reload app_confbridge.so, on Asterisk's console",
        "ringplan prompts build",
        f"ringplan accounts add {answers.source} LOGIN --service",
        "ringplan users add 1001 --email anna@example.org, or ringplan users import FILE",
        "ringplan rooms add 8090-8099 --pool, for conferences (optional)",
        f"fill in [web] in {config}, for the portal (optional)",
        "ringplan check",
        "ringplan run; ringplan init --unit prints a systemd unit for it",
        "ringplan portal invite 1001 --role administrator, for the portal (optional)",
    )
    for step in steps:
        shown.line(f"  {step}")


def _unit(config: Path) -> str:
    running = Path(sys.argv[0]).absolute()
    program = str(running) if running.name == "ringplan" else shutil.which("ringplan")
    is_low = any(port < LOW for port in _ports(config))
    return unit(Path(program or "/usr/local/bin/ringplan"), config, low_ports=is_low)


def _ports(config: Path) -> list[int]:
    """Return where it listens as the settings say; nothing where there are none yet, or none that can be used."""
    try:
        settings = load(config)
    except Misconfigured:
        return []
    listeners = settings.directory.listen.values() if settings.directory else ()
    return [one.at[1] for one in (*listeners, *((settings.web,) if settings.web else ()))]


def _zone_here() -> str:
    """Return the zone of this machine (localtime(5)), UTC where it is not told."""
    target = str(Path("/etc/localtime").resolve())
    _, found, name = target.partition("/zoneinfo/")
    return name if found else "UTC"


def _toml(text: str) -> str:
    """Return `text` as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
