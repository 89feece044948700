"""What decisions refuse with: templates with named values, in every language that pages speak.

The messages are found in the source: a page shows them, and a value that is written into one cannot be translated.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import pytest

import gateway.deciding
from gateway.domain.code import LANGUAGES
from gateway.web.texts import ENGLISH, Texts

FILES = sorted(Path(gateway.deciding.__path__[0]).glob("[a-z]*.py"))
ERRORS = {"Misconfigured": 0, "Refused": 0, "RetryLater": 0, "NotOffered": 0, "wrong": 2, "_wrong": 0}
MAKERS = {"wrong", "_wrong"}  # what they make of what they are given is said by whoever calls them
FIELD_AND_VALUE = "{field}: {value} "
NOT_ON_A_PAGE = {
    "vendors.py": "files of the installation that are broken",
    "installation.py": "a settings file that lacks something",
    "telephones.py": "a settings file that lacks something",
}


def said_in(file: Path) -> Iterator[tuple[int, str, ast.expr]]:
    """Yield what each error of a file says, and its remedy, with the line and what the message begins with."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    outside = _assigned(one for one in tree.body if isinstance(one, ast.Assign))
    for function in (one for one in tree.body if not isinstance(one, ast.Assign)):
        if getattr(function, "name", "") in MAKERS:
            continue
        known = outside | _assigned(ast.walk(function))
        for call in ast.walk(function):
            if isinstance(call, ast.Call):
                yield from _said(call, known)


def _said(call: ast.Call, known: dict[str, list[ast.expr]]) -> Iterator[tuple[int, str, ast.expr]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ERRORS:
        return
    first = ERRORS[name]
    for at, said in enumerate(call.args[first : first + (1 if name == "_wrong" else 2)]):
        begins = FIELD_AND_VALUE if name == "wrong" and at == 0 else ""
        for meant in _meant(said, known):
            yield call.lineno, begins, meant


def _assigned(some: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """Return what each name is given, wherever in `some`."""
    found: dict[str, list[ast.expr]] = {}
    for node in some:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for one, value in zip(target.elts, node.value.elts, strict=True):
                    if isinstance(one, ast.Name):
                        found.setdefault(one.id, []).append(value)
    return found


def _meant(said: ast.expr, known: dict[str, list[ast.expr]]) -> list[ast.expr]:
    if isinstance(said, ast.IfExp):
        return [*_meant(said.body, known), *_meant(said.orelse, known)]
    if isinstance(said, ast.Name) and said.id in known:
        return [meant for one in known[said.id] for meant in _meant(one, {})]
    return [said]


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_decisions_refuse_with_is_translated(file: Path, texts: Texts) -> None:
    missing = []
    for line, begins, said in said_in(file):
        if file.name in NOT_ON_A_PAGE:
            continue
        where = f"{file.name}:{line}"
        assert isinstance(said, ast.Constant), f"{where}: not a text as it is, but {ast.unparse(said)}"
        message = begins + str(said.value)
        if not message or "ringplan " in message:
            continue
        for language in set(LANGUAGES) - {ENGLISH}:
            told = texts.said(language, message)
            if told == message:
                missing.append(f"{where} {language}: {message}")
            assert _named(told) <= _named(message), f"{where}: {told}"
    assert not missing, "\n".join(missing)


def _named(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}
