"""Every text that a page shows is there in all languages, with the same placeholders, and none is there for nothing."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway.domain.code import LANGUAGES, Language
from gateway.web.heard import FILE
from gateway.web.texts import ENGLISH, Texts, catalogues

GATEWAY = Path(__file__).parents[3] / "gateway"
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
METHODS = [("**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "N_": None}
FIELD_AND_VALUE = "{field}: {value} "  # what given.wrong puts before what it is given
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")


def asked() -> set[str]:
    """All messages that pages ask for by a literal."""
    found = extract_from_dir(GATEWAY / "web", METHODS, OPTIONS, keywords=KEYWORDS)
    every = [message if isinstance(message, tuple) else (message,) for _, _, message, _, _ in found]
    return {one for several in every for one in several if one}


def literals() -> Iterator[str]:
    """All texts in the source of what pages can show: some messages are chosen by a table."""
    for file in (
        *GATEWAY.glob("web/**/*.py"),
        *GATEWAY.glob("deciding/**/*.py"),
        *GATEWAY.glob("store/*.py"),
        *GATEWAY.glob("directory/*.py"),
    ):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def translated(language: str, but: str = "") -> dict[str, tuple[str, ...]]:
    """All translations, by message; a message in two files fails, since one of them would be passed over."""
    found: dict[str, tuple[str, ...]] = {}
    for file in (one for one in catalogues(language) if one.name != but):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=language):
                ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
                said = tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)
                assert not message.fuzzy or not ids[0], f"{file.name}: {ids[0]} is fuzzy"
                assert ids[0] not in found or found[ids[0]] == said, f"{file.name}: {ids[0]} is there twice"
                found |= {one: said for one in ids if one}
    return found


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there(language: str):
    known = translated(language)
    assert sorted(asked() - known.keys()) == []
    assert sorted(message for message, said in known.items() if not all(said)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_the_same_places_in_it(language: str):
    wrong = [
        message
        for message, said in translated(language).items()
        if len(said) == 1 and sorted(PLACE.findall(message)) != sorted(PLACE.findall(said[0]))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_there_for_nothing(language: str):
    written = "\0".join(literals())
    known = translated(language, but=FILE).keys() - asked()  # of those, test_heard.py
    assert sorted(one for one in known if one.removeprefix(FIELD_AND_VALUE) not in written) == []


def test_nothing_is_passed_unescaped():
    """Calendars, contacts and forms are written by strangers."""
    templates = list(GATEWAY.glob("web/templates/**/*.html"))
    assert templates
    assert [
        one.name for one in templates if re.search(r"\|\s*safe\b|autoescape|style=|onclick|<script>", one.read_text())
    ] == []


@pytest.mark.parametrize(
    ("language", "near", "day", "past"),
    [
        ("sv", "mån 23 nov. 13:00", "måndag 23 november 2026", "2026-11-23 13:00"),
        ("de", "Mo. 23. Nov. 13:00", "Montag, 23. November 2026", "23.11.2026 13:00"),
        ("en", "Mon 23 Nov 13:00", "Monday 23 November 2026", "23 Nov 2026 13:00"),
    ],
)
def test_times_are_written_as_in_the_language_and_marked_as_times(language: Language, near: str, day: str, past: str):
    written, noon = Texts().environment(language).filters, datetime(2026, 11, 23, 12, tzinfo=UTC)
    for name, said in (("moment", near), ("day", day), ("stamp", past), ("clock", "13:00")):
        shown = written[name](noon, ZoneInfo("Europe/Stockholm"))
        assert shown.startswith('<time datetime="2026-11-23')
        assert shown.endswith(f">{said}</time>")
