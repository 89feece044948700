"""The page that tells people what the API can do says all that its description says."""

import html

import pytest

from gateway.web.api import api
from gateway.web.pages.reference import kind_of
from tests.unit.web.visiting import House


async def test_every_operation_and_every_model_is_on_the_page(house: House):
    page = html.unescape((await (await house.browser(house.anna)).get("/reference")).text)
    told = api.description()
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            assert f"<code>{method.upper()} {path}</code> {one['summary']}" in page
            assert one["summary"]
            assert set(one["tags"]) <= {tag["name"] for tag in told["tags"]}
    for name, schema in told["components"]["schemas"].items():
        assert "properties" not in schema or f'<summary lang="en">{name}</summary>' in page


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "maxLength": 60}, "string, length ≤ 60"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "integer, ≥ 1 | null"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '["a" | "b"]'),
        ({"const": "x"}, '"x"'),
        ({"$ref": "#/components/schemas/Failure"}, "Failure"),
        ({}, "any"),
    ],
)
def test_kinds_are_told_in_words(schema: dict[str, object], said: str):
    assert kind_of(schema) == said
