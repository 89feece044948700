"""`ringplan codes`: what people may write, and what callers then meet."""

import re
from dataclasses import replace
from typing import Annotated, TypeVar

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, writing
from gateway.deciding import given
from gateway.deciding.treatments import WORDS, read_treatment, words
from gateway.domain.code import NEUTRAL, NEUTRAL_TEXTS, Availability, Behaviour, Code, Takes, Treatment
from gateway.domain.user import Mode
from gateway.engine.decided import rules_of
from gateway.errors import Misconfigured
from gateway.planning.codes import is_name, marked
from gateway.planning.rules import Rules, is_digit
from gateway.planning.schedule import is_reason
from gateway.planning.targets import is_permitted
from gateway.store import codes

app = typer.Typer(help="What people may write in a subject, and what callers then meet.", no_args_is_help=True)

TELLS = Treatment(announce=True, then=Behaviour.TARGET)
AVAILABLE = {one.name.lower().replace("_", "-"): one for one in Availability}

Key = Annotated[str, typer.Argument(help="The code's own name, such as meeting.")]
T = TypeVar("T")


@app.command("list")
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Show all codes."""

    async def work() -> tuple[Code, ...]:
        async with reading(settings_of(context)) as rows:
            return await codes.every(rows)

    every = perform(work())
    if as_json:
        shown.as_json([_as_json(code) for code in every])
        return
    shown.table(
        ("KEY", "WRITTEN", "SHOWN AS", "INTERNAL", "EXTERNAL", "TARGET", "DIGIT", "TAKES", "IS"),
        (
            (
                code.key,
                " ".join(code.names),
                code.texts.get("sv", ""),
                words(code.internal),
                words(code.external),
                code.target or "",
                code.digit or "",
                code.takes.value if code.digit else "",
                " ".join(_marks(code)),
            )
            for code in every
        ),
        empty="There is no code: ringplan codes set",
    )


@app.command("set")
def change(
    context: typer.Context,
    key: Key,
    name: Annotated[list[str] | None, typer.Option(help="What people write, such as M; may be repeated.")] = None,
    reason: Annotated[str | None, typer.Option(help="Key of the spoken reason: the sound reason-<key>.")] = None,
    text_sv: Annotated[str | None, typer.Option(help="Shown in Swedish.")] = None,
    text_de: Annotated[str | None, typer.Option(help="Shown in German.")] = None,
    text_en: Annotated[str | None, typer.Option(help="Shown in English.")] = None,
    internal: Annotated[str | None, typer.Option(help=f"What colleagues meet: {WORDS}.")] = None,
    external: Annotated[str | None, typer.Option(help=f"What callers from outside meet: {WORDS}.")] = None,
    target: Annotated[str | None, typer.Option(help='Number that callers are led to; "" none.')] = None,
    shows: Annotated[bool | None, typer.Option("--shown/--hidden", help="Operators see the description.")] = None,
    sensitive: Annotated[bool | None, typer.Option("--sensitive/--open", help="Nobody is told the reason.")] = None,
    presence: Annotated[str | None, typer.Option(help=f"What colleagues see: {', '.join(AVAILABLE)}.")] = None,
    digit: Annotated[str | None, typer.Option(help='Digit on the telephone; "" none.')] = None,
    takes: Annotated[str | None, typer.Option(help="What is dialled behind the digit: time, date or nothing.")] = None,
    until_next_working: Annotated[
        bool | None, typer.Option("--until-working/--until-end", help="Runs until the next working time (GFD).")
    ] = None,
) -> None:
    """Add a code, or change what is given of one; every calendar is then read anew."""
    shown_texts = {"sv": text_sv, "de": text_de, "en": text_en}

    def changed(code: Code) -> Code:
        texts = {language: given.text(f"--text-{language}", one) for language, one in shown_texts.items() if one}
        return replace(
            code,
            names=code.names if name is None else tuple(_name(one) for one in name),
            reason=code.reason if reason is None else _reason(reason),
            texts={**code.texts, **texts},
            internal=code.internal if internal is None else read_treatment("--internal", internal),
            external=code.external if external is None else read_treatment("--external", external),
            target=code.target if target is None else given.number("--target", target) if target else None,
            shown=code.shown if shows is None else shows,
            sensitive=code.sensitive if sensitive is None else sensitive,
            availability=code.availability if presence is None else _one_of("--presence", presence, AVAILABLE),
            digit=code.digit if digit is None else _digit(digit),
            takes=code.takes if takes is None else _one_of("--takes", takes, {one.value: one for one in Takes}),
            until_next_working=code.until_next_working if until_next_working is None else until_next_working,
        )

    async def work() -> bool:
        async with writing(settings_of(context)) as rows:
            before = await codes.get(rows, key)
            code = changed(before or _new(key))
            if before is None and not code.names:
                raise Misconfigured(f"{key} is a new code: what do people write?", "give --name")
            await codes.put(rows, code)
            return before is None

    shown.line(f"{key} is added" if perform(work()) else f"{key} is changed")


@app.command("remove")
def remove(context: typer.Context, key: Key) -> None:
    """Remove a code; diversions that it made end."""

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            if not await codes.remove(rows, key):
                raise Misconfigured(f"there is no code {key}", "ringplan codes list names all")

    perform(work())
    shown.line(f"{key} is removed")


@app.command("test")
def test(
    context: typer.Context, text: Annotated[str, typer.Argument(help="A subject, such as 'M: Styrgrupp'.")]
) -> None:
    """Tell what a subject comes to. It is not kept."""

    async def work() -> Rules:
        async with reading(settings_of(context)) as rows:
            return await rules_of(rows)

    rules = perform(work())
    if rules.organisation.mode is Mode.SHOW_AS:
        shown.line("the organisation goes by how items are shown (busy, out), not by codes")
    said = marked(text, rules)
    if said is None:
        shown.line("no known code: nothing changes, and nothing of it is kept")
        return
    code = said.code
    lines = [("code", code.key), ("does", "diverts" if said.diverts else "informs only: the phone keeps ringing")]
    if said.diverts:
        lines += [("colleagues meet", words(code.internal)), ("others meet", words(code.external))]
        lines.append(("target", code.target or "none is set: the voicemail"))
    if said.number is not None:
        allowed = is_permitted(said.number, rules.organisation.permitted, rules.extensions)
        lines.append((">number", said.number if allowed else f"{said.number} is not permitted: the code's own target"))
    hidden = code.sensitive or not code.shown
    lines.append(("description", "is not kept" if hidden else "operators see it"))
    shown.table(("", ""), lines)


def _new(key: str) -> Code:
    if not re.fullmatch(r"[a-z0-9_]{1,40}", key):
        raise Misconfigured(f"{key!r} cannot name a code", "use a to z, 0 to 9 and _")
    return Code(key, (), NEUTRAL, NEUTRAL_TEXTS, internal=TELLS, external=TELLS)


def _name(value: str) -> str:
    if not is_name(value):
        raise Misconfigured(f"--name: {value!r} cannot be a code", "give letters only")
    return value.upper()


def _reason(value: str) -> str:
    if not is_reason(value):
        raise Misconfigured(f"--reason: {value!r} cannot name a sound", "use a to z, 0 to 9 and _, at most 32")
    return value


def _digit(value: str) -> str | None:
    if value and not is_digit(value):
        raise Misconfigured(f"--digit: {value!r} cannot be dialled", 'give 1 to 99 (0 is the operator), or "" for none')
    return value or None


def _one_of(field: str, value: str, known: dict[str, T]) -> T:
    if value.lower() not in known:
        raise Misconfigured(f"{field}: {value!r} is not known", f"one of: {', '.join(known)}")
    return known[value.lower()]


def _marks(code: Code) -> list[str]:
    named = {"shown": code.shown, "sensitive": code.sensitive, "until-working": code.until_next_working}
    return [mark for mark, is_so in named.items() if is_so]


def _as_json(code: Code) -> dict[str, object]:
    return {
        "key": code.key,
        "names": code.names,
        "reason": code.reason,
        "texts": dict(code.texts),
        "internal": words(code.internal),
        "external": words(code.external),
        "target": code.target,
        "shown": code.shown,
        "sensitive": code.sensitive,
        "presence": code.availability.name.lower().replace("_", "-"),
        "digit": code.digit,
        "takes": code.takes.value,
        "until_next_working": code.until_next_working,
    }
