"""The JSON API, made of the document that it gives of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from calsync.web.api.openapi import described
from calsync.web.api.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


def made() -> str:
    """Return a section for each part of the API, and the shapes of what is asked and answered."""
    document = described(ROUTES, "/api/v1")
    told = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    refusals = [{status for status in operation["responses"] if _refuses(status)} for _, _, operation in told]
    always = set.intersection(*refusals)
    sections: dict[str, list[str]] = {}
    for method, path, operation in told:
        sections.setdefault(operation["tags"][0], []).append(_operation(method, path, operation, always))
    answers = told[0][2]["responses"]
    parts = [f"## {name}\n\n" + "\n\n".join(operations) for name, operations in sections.items()]
    parts.append(f"## Refusals\n\nAny of these may be answered, with a `Problem`: {_named(answers, always)}.")
    return "\n\n".join([*parts, "## Shapes", *_shapes(document["components"]["schemas"])])


def _refuses(status: str) -> bool:
    return int(status) >= HTTPStatus.BAD_REQUEST


def _named(answers: Mapping[str, Any], statuses: Iterable[str]) -> str:
    return ", ".join(f"{status} {answers[status]['description']}" for status in sorted(statuses))


def _operation(method: str, path: str, operation: Mapping[str, Any], always: Collection[str]) -> str:
    lines = [f"### `{method.upper()} {path}`", f"{operation['summary']}. {operation.get('description', '')}"]
    asked = [
        f"* `?{one['name']}=`{' ' * ('description' in one)}{one.get('description', '')}"
        for one in operation["parameters"]
        if one["in"] == "query"
    ]
    if asked:
        lines.append("\n".join(asked))
    answers = operation["responses"]
    (good,) = [status for status in answers if not _refuses(status)]
    takes = f"Takes {_shape(operation['requestBody'])}. " if "requestBody" in operation else ""
    gives = f" {_shape(answers[good])}" if answers[good].get("content") else " nothing"
    others = [status for status in answers if _refuses(status) and status not in always]
    also = f" Also {_named(answers, others)}." if others else ""
    return "\n\n".join([*lines, f"{takes}Answers {good},{gives}.{also}"])


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
