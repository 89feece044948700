"""`ringplan codes`: what people may write, and what callers then meet."""

from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of, writing
from gateway.deciding import codes as deciding
from gateway.deciding.by import COMMAND
from gateway.deciding.codes import AVAILABLE, Given, Tried, presence
from gateway.deciding.treatments import WORDS, words
from gateway.domain.code import Code
from gateway.engine.clock import WallClock
from gateway.store import codes

app = typer.Typer(help="What people may write in a subject, and what callers then meet.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The code's own name, such as meeting.")]


@app.command("list")
def show(context: typer.Context, as_json: shown.AsJson = False) -> None:
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
    availability: Annotated[
        str | None, typer.Option("--presence", help=f"What colleagues see: {', '.join(AVAILABLE)}.")
    ] = None,
    digit: Annotated[str | None, typer.Option(help='Digit on the telephone; "" none.')] = None,
    takes: Annotated[str | None, typer.Option(help="What is dialled behind the digit: time, date or nothing.")] = None,
    until_next_working: Annotated[
        bool | None, typer.Option("--until-working/--until-end", help="Runs until the next working time (GFD).")
    ] = None,
) -> None:
    """Add a code, or change what is given of one; every calendar is then read anew."""
    texts = {"sv": text_sv, "de": text_de, "en": text_en}
    wanted = Given(
        names=name,
        reason=reason,
        texts={language: one for language, one in texts.items() if one},
        internal=internal,
        external=external,
        target=target,
        shown=shows,
        sensitive=sensitive,
        presence=availability,
        digit=digit,
        takes=takes,
        until_next_working=until_next_working,
    )

    async def work() -> bool:
        async with writing(settings_of(context)) as rows:
            return await deciding.put(rows, WallClock().now(), COMMAND, key, wanted)

    shown.line(f"{key} is added" if perform(work()) else f"{key} is changed")


@app.command("remove")
def remove(context: typer.Context, key: Key) -> None:
    """Remove a code; diversions that it made end."""

    async def work() -> None:
        async with writing(settings_of(context)) as rows:
            await deciding.remove(rows, WallClock().now(), COMMAND, key)

    perform(work())
    shown.line(f"{key} is removed")


@app.command("test")
def test(
    context: typer.Context, text: Annotated[str, typer.Argument(help="A subject, such as 'M: Styrgrupp'.")]
) -> None:
    """Tell what a subject comes to. It is not kept."""

    async def work() -> Tried:
        async with reading(settings_of(context)) as rows:
            return await deciding.tried(rows, text)

    said = perform(work())
    if said.by_show_as:
        shown.line("the organisation goes by how items are shown (busy, out), not by codes")
    if said.code is None:
        shown.line("no known code: nothing changes, and nothing of it is kept")
        return
    code = said.code
    lines = [("code", code.key), ("does", "diverts" if said.diverts else "informs only: the phone keeps ringing")]
    if said.diverts:
        lines += [("colleagues meet", words(code.internal)), ("others meet", words(code.external))]
        lines.append(("target", code.target or "none is set: the voicemail"))
    if said.number is not None:
        refused = f"{said.number} is not permitted: the code's own target"
        lines.append((">number", said.number if said.permitted else refused))
    lines.append(("description", "is not kept" if said.hidden else "operators see it"))
    shown.table(("", ""), lines)


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
        "presence": presence(code),
        "digit": code.digit,
        "takes": code.takes.value,
        "until_next_working": code.until_next_working,
    }
