"""`ringplan prompts build`: the sounds that callers hear, spoken by espeak-ng."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import shown
from gateway.cli.opened import perform
from gateway.cli.prompts import build

app = typer.Typer(help="The sounds that callers hear.", no_args_is_help=True)

SOUNDS = Path("/usr/share/asterisk/sounds/ringplan")


@app.callback()
def prompts() -> None:
    """The sounds that callers hear."""


@app.command("build")
def build_(
    into: Annotated[Path, typer.Option(help="Folder of the sounds, `ringplan` below Asterisk's sounds.")] = SOUNDS,
    texts: Annotated[
        Path | None, typer.Option(help="Folder with <language>.toml instead of the delivered ones.")
    ] = None,
) -> None:
    """Speak every text that has no sound yet, or whose text has changed; recordings stay as they are."""
    done = perform(build(into, texts=texts))
    shown.line(f"{done.made} made, {done.kept} kept, {done.recorded} recorded by somebody; in {into}")
