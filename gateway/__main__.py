"""`ringplan`, and `python -m gateway`."""

from gateway.cli.root import app


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="ringplan")


if __name__ == "__main__":
    main()
