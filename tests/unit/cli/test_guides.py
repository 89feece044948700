"""What the guides tell people to type: commands and options that there are; and links that lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from gateway.cli.root import app

ROOT = Path(__file__).parents[3]
GUIDES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TYPED = re.compile(r"^ringplan [^\n]*|`ringplan ([^`]*)`", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)|src=\"([^\":]*)\"")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def wrong_in(typed: str, root: TyperGroup) -> str:
    """Return the first word of a command line that means nothing, "" if all of it does."""
    words = typed.partition("  #")[0].split()[1:]
    command: Any = root
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            known = {option for one in command.params for option in one.opts + one.secondary_opts}
            if word not in known | {"--help"}:
                return word
            if word == "--config":
                words = words[1:]
        elif isinstance(command, TyperGroup) and word.islower() and word.isascii():
            if word not in command.commands:
                return word
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_commands_in_guides_are_there(guide: Path):
    root = get_group(app)
    lines = [found[0].strip("`").replace("\n", " ") for found in TYPED.finditer(guide.read_text())]
    assert {line: wrong_in(line, root) for line in lines if wrong_in(line, root)} == {}


def test_a_command_that_is_not_there_is_noticed():
    root = get_group(app)
    assert wrong_in("ringplan portal invite 1001 --role operator", root) == ""
    assert wrong_in("ringplan portal ask 1001", root) == "ask"
    assert wrong_in("ringplan portal invite 1001 --as operator", root) == "--as"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_links_in_guides_lead_somewhere(guide: Path):
    lost = []
    for path, heading, picture in LINK.findall(guide.read_text()):
        there = (guide.parent / (path or picture)) if path or picture else guide
        if not there.exists() or (heading and heading[1:] not in _headings(there)):
            lost.append(f"{path or picture}{heading}")
    assert lost == []


def _headings(guide: Path) -> set[str]:
    """Return the names by which headings are linked to."""
    found = (re.sub(r"[^\w\- ]", "", one.lower()) for one in HEADING.findall(guide.read_text()))
    return {one.replace(" ", "-") for one in found}
