"""The JSON API, made of the document that it gives of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.web.api.openapi import described
from calsync.web.api.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def made() -> str:
    """Return a section for each part of the API, and the shapes of what is asked and answered."""
    document = described(ROUTES, "/api/v1")
    sections: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            sections.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    parts = [f"## {name}\n\n" + "\n\n".join(operations) for name, operations in sections.items()]
    return "\n\n".join([*parts, "## Shapes", *_shapes(document["components"]["schemas"])])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    lines = [f"### `{method.upper()} {path}`", operation["summary"] + "."]
    if "description" in operation:
        lines.append(operation["description"])
    asked = [
        f"* `{one['name']}` ({one['in']}): {one.get('description', '')}" for one in operation.get("parameters", ())
    ]
    if asked:
        lines.append("\n".join(asked))
    body = operation.get("requestBody")
    if body:
        lines.append(f"Takes {_shape(body)}.")
    answers = [
        f"* {status}: {answer['description']}" + (f", {_shape(answer)}" if answer.get("content") else "")
        for status, answer in operation["responses"].items()
    ]
    return "\n\n".join([*lines, "\n".join(answers)])


def _shape(held: Mapping[str, Any]) -> str:
    (content,) = held["content"].values()
    return _type(content["schema"])


def _shapes(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        rows = [
            f"| `{key}` | {_type(value)} | {value.get('description', '')} |"
            for key, value in schema.get("properties", {}).items()
        ]
        said = schema.get("description", "")
        yield f"### `{name}`\n\n{said}\n\n| key | | |\n|---|---|---|\n" + "\n".join(rows)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "anything"))
