"""A reason is shown in a language that it has."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from gateway.deciding.people import named
from gateway.domain.code import Language
from gateway.domain.user import Organisation
from gateway.planning.rules import Rules
from gateway.planning.usual import USUAL

RULES = Rules(Organisation(ZoneInfo("Europe/Berlin"), language="de"), USUAL)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"sv": "Möte", "de": "Besprechung", "en": "Meeting"}, "Möte"),
        ({"de": "Besprechung", "en": "Meeting"}, "Besprechung"),
        ({"en": "Meeting"}, "Meeting"),
        ({}, "meeting"),
    ],
)
def test_a_reason_is_in_the_readers_language_or_the_organisations_or_any(texts: dict[Language, str], said: str):
    assert named(replace(RULES.codes[0], reason="meeting", texts=texts), "sv", RULES) == said
