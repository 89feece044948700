"""`ringplan`, and `python -m gateway`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command that the arguments name."""
    try:
        # imported here: it takes half a second, in which Ctrl-C shall be as quiet as later
        from gateway.cli.root import app

        app(prog_name="ringplan")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
