"""`ringplan`, and `python -m gateway`."""

import gc
import io
import os
import sys
from pathlib import Path
from typing import TextIO

FAILED, INTERRUPTED = 1, 130


def main() -> None:
    """Run the command that the arguments name."""
    try:
        _ready()
        gc.disable()  # all that is loaded stays: to look through it again and again takes a seventh of the time
        # imported here: it takes half a second, in which Ctrl-C shall be as quiet as later
        from gateway.cli.root import app

        gc.enable()
        app(prog_name="ringplan")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        # a full disk, or nobody who reads: what is still to be written would fail again when Python ends
        sys.stdout = _nowhere()
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"ringplan: {where}{error.strerror or error}\n")
        sys.exit(FAILED)


def _ready() -> None:
    """Let output go somewhere even where it is closed, and let no letter fail that a terminal cannot show."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    sys.stdin = sys.stdin or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # told as what it is by whoever reads it


def _nowhere() -> TextIO:
    return Path(os.devnull).open("r+", encoding="utf-8")


if __name__ == "__main__":
    main()
