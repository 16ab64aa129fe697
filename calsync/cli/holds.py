"""The commands about what waits for a person: look at it, and decide."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from calsync.cli import holds_report
from calsync.cli.accounts import who
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.text import language
from calsync.desk.decisions import BATCHES
from calsync.people import OPERATOR
from calsync.sync.choices import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from calsync.desk.decisions import Case
    from calsync.desk.left_out import LeftOutPage

    Command = Callable[..., int]


@click.command()
@configuration
@click.argument("account", required=False)
@json_output
def holds(path: Path, account: str | None, as_json: bool) -> int:
    """Show what waits for a person, and what may be decided."""
    with json_even_on_failure(as_json, holds_report.EMPTY):
        cases, blocked = asyncio.run(_holds(path, account))
    if as_json:
        print_json(holds_report.as_json(cases, blocked))
    else:
        click.echo("\n".join(holds_report.lines(cases, blocked, language())))
    return DONE


def _batches(command: Command) -> Command:
    """Add the options that name all that waits for one reason."""
    for name, reason in reversed(list(BATCHES.items())):
        command = click.option(f"--all-{name}", "batch", flag_value=name, help=f"All that waits for: {reason}.")(
            command
        )
    return command


@click.command()
@configuration
@click.argument("account")
@click.argument("words", nargs=-1, metavar="[CASE] " + "|".join(Choice))
@_batches
def decide(path: Path, account: str, words: tuple[str, ...], batch: str | None) -> int:
    """Decide about what waits; the next run carries it out.

    CASE is the name that `calsync holds` shows, or the id of an event on either side.
    """
    *named, choice = words or ("",)
    if choice not in list(Choice) or len(named) != (batch is None):
        batches = ", ".join(f"--all-{name}" for name in BATCHES)
        raise click.UsageError(f"Give one case, or one of {batches}; then one of {', '.join(Choice)}.")
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


async def _holds(
    path: Path, account: str | None
) -> tuple[Mapping[str, Sequence[Case]], Mapping[str, LeftOutPage]]:
    """Return what waits by account, and what nobody can release."""
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver
    from calsync.desk.left_out import How  # noqa: PLC0415 - it brings in the engine

    async with App.open(path) as app:
        cases = await app.holds(account)
        async with app.showing() as showing:
            blocked = {name: await showing.left_out(OPERATOR, name, how=How.BLOCKED) for name in cases}
        return cases, blocked


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
        return wanted, await app.decide(account, [each.name for each in wanted], choice, who())
