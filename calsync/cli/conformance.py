"""The command that plays the suite of promises on a calendar of a configured account."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from calsync.cli import conformance_report
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from calsync.ports import CalendarRequest, Provider
    from calsync.testing.conformance import Conformance, Promise

WARNING = (
    "this writes made-up events of the year 2026 into the calendar {calendar}, and takes them away again;"
    " where the server has a trash, they lie there. Nobody is invited, so nobody is mailed."
)


@click.command()
@configuration
@json_output
@click.argument("provider")
@click.option(
    "--writes-to",
    "calendar",
    metavar="ACCOUNT.SIDE",
    help="The calendar that is written to, as anna.left. Its account must never have been synced.",
)
@click.option("--only", default="", metavar="WORDS", help="Only the promises in whose names these stand.")
def conformance(path: Path, as_json: bool, provider: str, calendar: str | None, only: str) -> int:
    """Try whether a provider keeps its promises, by writing made-up events into a real calendar."""
    screen = sys.stdout

    def heard(promise: Promise) -> None:
        if not as_json:
            click.echo(conformance_report.line(promise), file=screen)

    with json_even_on_failure(as_json, conformance_report.EMPTY):
        if calendar is not None:
            tell([WARNING.format(calendar=calendar)])
        found = _played(path, provider, calendar, heard, only)
    if as_json:
        print_json(conformance_report.as_json(found))
    else:
        click.echo("\n".join(conformance_report.lines(found)))
    tell(conformance_report.left_behind(found))
    return DONE if found.good else FAILED


def _played(
    path: Path, provider: str, calendar: str | None, heard: Callable[[Promise], object], only: str
) -> Conformance:
    @asynccontextmanager
    async def opening() -> AsyncIterator[tuple[Provider, CalendarRequest]]:
        from calsync.app import App  # noqa: PLC0415 - it brings in every driver

        async with App.open(path) as app:
            yield await app.unused(provider, calendar)

    try:
        from calsync.testing.conformance import play  # noqa: PLC0415 - a server has no pytest
    except ImportError as error:
        raise ConfigError(["conformance needs pytest: pip install 'calsync[testing]'"]) from error
    return play(opening, heard, only)
