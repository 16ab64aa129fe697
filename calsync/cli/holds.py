"""The commands about what waits for a person: look at it, and decide."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from calsync.cli import holds_report
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.text import language
from calsync.desk.decisions import BATCHES
from calsync.sync.choices import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calsync.desk.decisions import Case


@click.command()
@configuration
@click.argument("account", required=False)
@json_output
def holds(path: Path, account: str | None, as_json: bool) -> int:
    """Show what waits for a person, and what may be decided."""
    with json_even_on_failure(as_json, holds_report.EMPTY):
        cases = asyncio.run(_holds(path, account))
    if as_json:
        print_json(holds_report.as_json(cases))
    else:
        click.echo("\n".join(holds_report.lines(cases, language())))
    return DONE


@click.command()
@configuration
@click.argument("account")
@click.argument("words", nargs=-1, metavar="[CASE] " + "|".join(Choice))
@click.option(
    "--all-deletes", "batch", flag_value="deletes", help="All deletes that wait because there were many."
)
@click.option(
    "--all-rewrites", "batch", flag_value="rewrites", help="All changes that wait because there were many."
)
@click.option("--all-budget", "batch", flag_value="budget", help="All that waits because much was written lately.")
@click.option("--all-rules", "batch", flag_value="rules", help="All that waits since the rules were changed.")
def decide(path: Path, account: str, words: tuple[str, ...], batch: str | None) -> int:
    """Decide about what waits; the next run carries it out.

    CASE is the name that `calsync holds` shows, or the id of an event on either side.
    """
    *named, choice = words or ("",)
    if choice not in list(Choice) or len(named) != (batch is None):
        raise click.UsageError(
            "Give one case, or --all-deletes, --all-rewrites, --all-budget or --all-rules; then one of "
            f"{', '.join(Choice)}."
        )
    case = named[0] if named else None
    wanted, taken = asyncio.run(_decide(path, account, case, batch, Choice(choice)))
    told = holds_report.decided(account, taken, Choice(choice), language())
    if taken:
        click.echo(told)
    problem = holds_report.problem(account, wanted, taken, Choice(choice), language())
    if problem is None:
        return DONE
    tell([problem])
    return FAILED


async def _holds(path: Path, account: str | None) -> Mapping[str, Sequence[Case]]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app:
        return await app.holds(account)


async def _decide(
    path: Path, account: str, case: str | None, batch: str | None, choice: Choice
) -> tuple[Sequence[Case], Sequence[Case]]:
    """Return what was meant, and what of it is decided now."""
    from calsync.app import App  # noqa: PLC0415 - see _holds

    async with App.open(path) as app:
        cases = (await app.holds(account))[account]
        wanted = [
            each for each in cases if (each.reason == BATCHES[batch] if batch else each.is_named(case or ""))
        ]
        return wanted, await app.decide(account, [each.name for each in wanted], choice)
