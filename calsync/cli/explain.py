"""The command that says why an appointment is, or is not, in the other calendar. It asks no server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from calsync.cli import explain_report
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.text import language
from calsync.people import OPERATOR

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.desk.explain import Explanation, Hits


@click.command()
@configuration
@click.argument("account")
@click.argument("event", nargs=-1, required=True)
@json_output
def explain(path: Path, account: str, event: tuple[str, ...], as_json: bool) -> int:
    """Say why an appointment is, or is not, in FLOWFACT and Outlook, and what happened to it.

    EVENT is its id on either side, or words of its subject. If there are several, they are listed with their ids.
    """
    with json_even_on_failure(as_json, explain_report.EMPTY):
        hits, explanation = asyncio.run(_explain(path, account, " ".join(event)))
    if as_json:
        print_json(explain_report.as_json(hits, explanation))
    elif explanation is not None:
        click.echo("\n".join(explain_report.lines(explanation, language())))
    elif hits.rows:
        click.echo("\n".join(explain_report.choices(hits, language())))
    if explanation is not None or hits.rows:
        return DONE
    tell([explain_report.unknown(account, language())])
    return FAILED


async def _explain(path: Path, account: str, words: str) -> tuple[Hits, Explanation | None]:
    """Return what may be meant, and the explanation where it is one appointment."""
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app, app.explaining() as explaining:
        hits = await explaining.find(OPERATOR, account, words)
        if len(hits.rows) != 1:
            return hits, None
        (hit,) = hits.rows
        return hits, await explaining.explain(OPERATOR, account, hit.side, hit.event_id)
