"""What is noted of servers is said in the reader's language: each sentence that sources have, and none in vain.

The sentences are found in the source: where an error is made, and in the tables that some are made of.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.code import LANGUAGES, Language
from gateway.sources.activedirectory import refusals as directory
from gateway.sources.caldav.discovery import ADDRESS_BOOKS, CALENDARS
from gateway.sources.ews.connection import refusals as exchange
from gateway.web.heard import FILE, Heard
from gateway.web.texts import ENGLISH, Texts, messages_in

GATEWAY = Path(__file__).parents[3] / "gateway"
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
ERRORS = {
    "Misconfigured", "Refused", "RetryLater", "SignInAgain", "GiveUp", "Unreachable", "Throttled", "NotOffered",
    "Missing", "Nobody", "StaleState", "later",
}  # fmt: skip
FILES = [
    *(file for file in GATEWAY.glob("sources/**/*.py") if file.name != "check.py"),
    *(GATEWAY / name for name in ("net/trust.py", "net/services.py", "recurrence/effort.py")),
    *(GATEWAY / name for name in ("engine/account.py", "engine/sync.py")),
]
FROM_TABLES = {"x x (x)", "x refused to sign the account in: x", "x: x"}
SAMPLES = {
    "called(whose)": ["mailbox 3", "book 3"],
    "self.sought.noun": [CALENDARS.noun, ADDRESS_BOOKS.noun],
    "self.sought.without": [ADDRESS_BOOKS.without],
    "book.id": ["3"],
}


def written(said: ast.expr, known: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield what an expression may come to, with an x where the source has a value."""
    match said:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[*parts]):
            texts = [""]
            for part in parts:
                some = ["x"]
                if isinstance(part, ast.FormattedValue):
                    some = SAMPLES.get(ast.unparse(part.value), some)
                elif isinstance(part, ast.Constant):
                    some = [str(part.value)]
                texts = [text + one for text in texts for one in some]
            yield from texts
        case ast.Name(id=name) if name in known:
            for one in known[name]:
                yield from written(one, {})
        case ast.Call(func=ast.Attribute(attr="_else"), args=[one]):
            for text in written(one, known):
                yield text
                yield f"{text}; {ADDRESS_BOOKS.without}"


def in_source() -> Iterator[str]:
    """Yield all sentences that errors of these files are made of: messages and remedies."""
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known: dict[str, list[ast.expr]] = {}
        for one in ast.walk(tree):
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                known.setdefault(one.targets[0].id, []).append(one.value)
        for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in ERRORS:
                yield from (one for said in call.args[:2] for one in written(said, known) if one not in FROM_TABLES)


def in_tables() -> Iterator[str]:
    for result, (_, said, remedy) in directory.CODES.items():
        yield from (f"ad.example.org {said} ({result})", remedy)
    for said, remedy in directory.SIGN_IN.values():
        yield from (f"ad.example.org refused to sign the account in: {said}", remedy)
    yield from (f"ad.example.org {said} (51)" for said in (*directory.LATER.values(), "refused"))
    for kind, (said, remedy) in exchange.REFUSED.items():
        yield from (f"mail.example.org {said} ({kind.__name__})", remedy)


EVERY = sorted({*in_source(), *in_tables()})


@pytest.fixture(scope="module", params=OTHERS)
def heard(request: pytest.FixtureRequest) -> Heard:
    return Heard(messages_in(FILE, request.param))


def test_sentences_are_found():
    assert len(EVERY) > 150


def test_what_is_very_long_is_not_looked_for(heard: Heard):
    known = "its source has no calendars"
    assert heard.told("; ".join([known] * 16)) is not None
    assert heard.told("; ".join([known] * 17)) is None
    assert heard.told(f"{'a' * 990} cannot be reached") is None


def test_everything_that_is_noted_is_translated(heard: Heard):
    assert [one for one in EVERY if heard.told(one) is None] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_translated_for_nothing(language: Language):
    """Each is what something that is noted is translated by."""
    messages = list(messages_in(FILE, language))
    numbered = Heard({message: f"<{at}>" for at, message in enumerate(messages)})
    used = {int(at) for noted in EVERY for at in re.findall(r"<(\d+)>", numbered.told(noted) or "")}
    assert [message for at, message in enumerate(messages) if at not in used] == []


UNTRUSTED = (
    "the certificate of dav.example.org is not trusted: certificate has expired: give the authority's file as ca or "
    "the certificate's SHA-256 as pin, or correct the certificate"
)
IN_GERMAN = (
    "dem Zertifikat von dav.example.org wird nicht vertraut: certificate has expired: die Datei der "
    "Zertifizierungsstelle als ca oder die SHA-256 des Zertifikats als pin angeben, oder das Zertifikat berichtigen"
)
PLACELESS = (
    'book 3: the server does not tell where this person\'s address books are: set contacts = "/…/{local}/" for the '
    "source, or give a path; or leave them alone: ringplan users set … --no-contacts"
)
IN_SWEDISH = (
    'adressbok 3: servern säger inte var personens adressböcker finns: sätt contacts = "/…/{local}/" för källan, '
    "eller ange en sökväg; eller läs dem inte alls"
)
SHORT, ANEW = "dav.example.org cannot be reached", "dav.example.org refused user name or password: give it anew"


@pytest.mark.parametrize(
    ("language", "noted", "said"),
    [
        ("sv", SHORT, "dav.example.org går inte att nå"),
        ("de", UNTRUSTED, IN_GERMAN),
        ("sv", PLACELESS, IN_SWEDISH),
        (
            "sv",
            f"{ANEW}: ringplan accounts password",
            "dav.example.org avvisade användarnamn eller lösenord: ange det på nytt",
        ),
        (
            "de",
            "the server asks to be left alone until 14:05",
            "der Server bittet, bis 14:05 in Ruhe gelassen zu werden",
        ),
        ("sv", f"{SHORT}: says somebody", None),
    ],
)
def test_what_is_noted_is_said_with_its_values_and_without_commands(language: Language, noted: str, said: str | None):
    assert Heard(messages_in(FILE, language)).told(noted) == said


def test_what_is_not_known_is_marked_as_english_and_escaped():
    noted, filters = "<b> is odd: ringplan status", {one: Texts().environment(one).filters for one in ("sv", "en")}
    assert filters["sv"]["heard"](noted) == '<span lang="en">&lt;b&gt; is odd</span>'
    assert "<b>" not in filters["en"]["heard"](noted)
    assert filters["sv"]["heard"]("<b> cannot be reached") == "&lt;b&gt; går inte att nå"
    assert (filters["sv"]["heard"](""), filters["sv"]["heard"](None)) == ("", "")
