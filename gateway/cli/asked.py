"""What is asked for and must not be seen: typed without showing, or the first line of standard input."""

import sys

import typer


def hidden(what: str) -> str:
    """Return what was typed when asked for `what`, or sent; "" for nothing."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, default="", show_default=False, err=True))
    return sys.stdin.readline().rstrip("\r\n")
