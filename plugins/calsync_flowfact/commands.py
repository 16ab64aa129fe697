"""`calsync flowfact ...`: what an administrator asks about the company's tenant."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calsync.cli.stopping import interruptible
from calsync.cli.text import language, plain
from calsync.errors import ConfigError
from calsync_flowfact import schema_report
from calsync_flowfact.habits import BELIEVED
from calsync_flowfact.provider import FlowfactProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from calsync.ports import OpenConnection
    from calsync_flowfact.answers import Answer
    from calsync_flowfact.inquiry import Inquiry
    from calsync_flowfact.suggest import Suggestion

DONE, FAILED = 0, 1
MARKS = {
    "de": {"ok": "In Ordnung", "warning": "Hinweis", "error": "Fehler", "unknown": "Offen"},
    "en": {"ok": "ok", "warning": "warning", "error": "error", "unknown": "unknown"},
}
KEPT = {
    "de": "Das Ergebnis ist gespeichert und gilt {days} Tage, solange Adresse, Felder und Zuordnung so bleiben.",
    "en": "The result is kept and believed for {days} days, as long as address, fields and mapping stay.",
}
configuration = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The configuration.",
)
json_output = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@asynccontextmanager
async def _inquiry(opened: OpenConnection, path: Path, connection: str) -> AsyncIterator[Inquiry]:
    async with opened(path, connection) as provider:
        if not isinstance(provider, FlowfactProvider):
            raise ConfigError([f"{path}: the connection {connection!r} is none of FLOWFACT"])
        yield provider.inquiry()


async def _schema(opened: OpenConnection, path: Path, connection: str) -> Mapping[str, Any]:
    async with _inquiry(opened, path, connection) as inquiry:
        return await inquiry.schema()


async def _probe(opened: OpenConnection, path: Path, connection: str, *, write: bool) -> Sequence[Answer]:
    async with _inquiry(opened, path, connection) as inquiry:
        return await inquiry.probe(write=write)


async def _suggest(opened: OpenConnection, path: Path, connection: str) -> tuple[str, Sequence[Suggestion]]:
    async with _inquiry(opened, path, connection) as inquiry:
        return inquiry.settings.write_schema, await inquiry.suggest()


@click.command()
@configuration
@click.argument("connection")
@json_output
@click.pass_obj
def schema(opened: OpenConnection, path: Path, connection: str, as_json: bool) -> int:
    """Print the fields of FLOWFACT's appointments: name, type, captions, values."""
    properties = asyncio.run(_schema(opened, path, connection))
    if as_json:
        click.echo(json.dumps({"properties": properties}))
    else:
        click.echo("\n".join(schema_report.schema_lines(properties, language())))
    return DONE


@click.command()
@configuration
@click.argument("connection")
@click.option(
    "--write-test",
    is_flag=True,
    help="Also create one appointment of the year 2000 for the API user, change it and delete it again.",
)
@json_output
@click.pass_obj
def probe(opened: OpenConnection, path: Path, connection: str, write_test: bool, as_json: bool) -> int:
    """Find out what this tenant takes and does, and keep it. Writes nothing without --write-test."""
    answers = interruptible(_probe(opened, path, connection, write=write_test))
    if as_json:
        said = [{"question": one.question, "severity": one.severity, "message": one.en} for one in answers]
        click.echo(json.dumps({"answers": said}))
    else:
        click.echo("\n".join(answer_lines(answers)))
    return FAILED if any(one.severity == "error" for one in answers) else DONE


@click.command()
@configuration
@click.argument("connection")
@click.pass_obj
def suggest(opened: OpenConnection, path: Path, connection: str) -> int:
    """Print a mapping of the fields as YAML, with its confidence, for you to check and copy."""
    name, suggestions = asyncio.run(_suggest(opened, path, connection))
    click.echo("\n".join(schema_report.mapping_lines(connection, name, suggestions, language())))
    return DONE


def flowfact(open_connection: OpenConnection) -> click.Group:
    """Return the group of these commands."""
    commands = {"schema": schema, "probe": probe, "suggest": suggest}
    settings = {"obj": open_connection}
    return click.Group("flowfact", commands, help="Look into a FLOWFACT tenant.", context_settings=settings)


def answer_lines(answers: Sequence[Answer]) -> list[str]:
    """Return each answer as a line, and how long they are believed."""
    marks, tongue = MARKS[language()], language()
    width = max(map(len, marks.values()))
    lines = [f"{marks[one.severity]:<{width}}  {plain(one.said(tongue))}" for one in answers]
    return [*lines, KEPT[tongue].format(days=BELIEVED.days)]
