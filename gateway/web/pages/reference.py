"""The API, told to people: out of its own description, so that nothing is told twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.domain.signin import Role
from gateway.web.api import api
from gateway.web.visit import Visiting, entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])


@dataclass(frozen=True, slots=True)
class Line:
    """One parameter or field: its `kind` in words, such as "string, at most 60"."""

    name: str
    kind: str
    required: bool
    said: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `body` and `answer` are names of models, "" for none."""

    method: str
    path: str
    summary: str
    said: str
    scopes: tuple[str, ...]
    parameters: tuple[Line, ...]
    body: str
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Noun:
    """What belongs together."""

    name: str
    said: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """What is sent or answered."""

    name: str
    said: str
    fields: tuple[Line, ...]


@router.get("/reference")
async def show(visit: Visiting) -> Response:
    """Show it."""
    return visit.page("reference.html", nouns=_nouns(), models=_models(), public=visit.portal.settings.public)


@cache
def _nouns() -> tuple[Noun, ...]:
    told = api.description()
    every = list(_operations(told))
    found = ((tag, tuple(one for name, one in every if name == tag["name"])) for tag in told["tags"])
    return tuple(Noun(tag["name"], tag["description"], operations) for tag, operations in found if operations)


def _operations(told: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            lines = (_line(given["name"], given["schema"], given) for given in one.get("parameters", ()))
            yield (
                one["tags"][0],
                Operation(
                    method.upper(),
                    path,
                    one["summary"],
                    one.get("description", ""),
                    tuple(scope for asked in one["security"] for scopes in asked.values() for scope in scopes),
                    tuple(lines),
                    _content(one.get("requestBody", {})),
                    tuple((status, _content(answer)) for status, answer in one["responses"].items() if status < "4"),
                ),
            )


@cache
def _models() -> tuple[Model, ...]:
    schemas = api.description()["components"]["schemas"]
    return tuple(_model(name, schema) for name, schema in sorted(schemas.items()) if "properties" in schema)


def _model(name: str, schema: Mapping[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = (
        _line(field, one, {"required": field in required, "description": one.get("description", "")})
        for field, one in schema["properties"].items()
    )
    return Model(name, schema.get("description", ""), tuple(fields))


def _line(name: str, schema: Mapping[str, Any], more: Mapping[str, Any]) -> Line:
    return Line(name, kind_of(schema), bool(more.get("required")), more.get("description", ""))


def _content(holder: Mapping[str, Any]) -> str:
    """Return what is sent or answered, in words."""
    for kind, one in holder.get("content", {}).items():
        schema = one.get("schema", {})
        return kind_of(schema) if kind == "application/json" else kind
    return ""


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return in words what a value is (JSON Schema 2020-12, as much of it as pydantic writes)."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        found = api.description()["components"]["schemas"].get(name, {})
        return kind_of(found) if "enum" in found else name
    if "enum" in schema or "const" in schema:
        return " | ".join(f'"{one}"' for one in schema.get("enum", [schema.get("const")]))
    if several := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " | ".join(dict.fromkeys(kind_of(one) for one in several))
    kind = str(schema.get("format") or schema.get("type", "any"))
    if kind == "array":
        kind = f"[{kind_of(schema.get('items', {}))}]"
    limits = [f"{said} {schema[key]}" for key, said in LIMITS.items() if schema.get(key) not in (None, 0)]
    return ", ".join([kind, *limits])


LIMITS = {
    "minimum": "≥",
    "maximum": "≤",
    "minLength": "length ≥",
    "maxLength": "length ≤",
    "minItems": "items ≥",
    "maxItems": "items ≤",
    "pattern": "as",
}
