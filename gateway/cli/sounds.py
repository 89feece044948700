"""`ringplan prompts build`: the sounds that callers hear, spoken by espeak-ng."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform, reading, settings_of
from gateway.cli.prompts import build, read_texts, texts_folder
from gateway.domain.code import LANGUAGES, Code, Language
from gateway.settings import Settings
from gateway.store import codes as kept

app = typer.Typer(help="The sounds that callers hear.", no_args_is_help=True)

SOUNDS = Path("/usr/share/asterisk/sounds/ringplan")


@app.callback()
def prompts() -> None:
    """The sounds that callers hear."""


def own_reasons(codes: Iterable[Code], texts: Path) -> dict[Language, dict[str, str]]:
    """Return the texts of reasons that an organisation has made up itself: those without a delivered text.

    They are spoken as they are shown; a recording of the same name says it better.
    """
    own: dict[Language, dict[str, str]] = {}
    for language in LANGUAGES:
        _, delivered = read_texts(texts / f"{language}.toml")
        own[language] = {
            code.reason: code.texts[language]
            for code in codes
            if language in code.texts and f"reason-{code.reason}" not in delivered
        }
    return own


@app.command("build")
def build_(
    context: typer.Context,
    into: Annotated[Path, typer.Option(help="Folder of the sounds, `ringplan` below Asterisk's sounds.")] = SOUNDS,
    texts: Annotated[
        Path | None, typer.Option(help="Folder with <language>.toml instead of the delivered ones.")
    ] = None,
) -> None:
    """Speak every text that has no sound yet, or whose text has changed; recordings stay as they are."""
    delivered = texts or texts_folder()
    config: Path = context.find_root().params["config"]
    codes = perform(_codes(settings_of(context))) if config.exists() else ()
    done = perform(build(into, texts=delivered, reasons=own_reasons(codes, delivered)))
    shown.line(f"{done.made} made, {done.kept} kept, {done.recorded} recorded by somebody; in {into}")


async def _codes(settings: Settings) -> tuple[Code, ...]:
    async with reading(settings) as rows:
        return await kept.every(rows)
