"""The command that undoes what calsync wrote: it shows what that would do, and does it once that is confirmed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from calsync.cli import undo_report
from calsync.cli.accounts import who
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.text import language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from calsync.engine import Undone

TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@click.command()
@configuration
@click.argument("writes", nargs=-1, type=click.IntRange(min=1), metavar="[WRITE]...")
@click.option("--account", help="The account; writes that are named by their numbers tell it.")
@click.option("--run", "run", type=click.IntRange(min=1), help="All that one run of the account wrote.")
@click.option(
    "--since",
    type=click.DateTime(TIMES),
    help="All that was written of the account since, in this machine's zone.",
)
@click.option("--confirm", "plan_hash", metavar="HASH", help="Do it: HASH is the one that was shown.")
@json_output
def undo(
    path: Path,
    writes: tuple[int, ...],
    account: str | None,
    run: int | None,
    since: datetime | None,
    plan_hash: str | None,
    as_json: bool,
) -> int:
    """Give back what was there before calsync wrote.

    WRITE is the number that `calsync activity` shows. First it is shown what would be undone, and what would not
    and why; with --confirm that is done, unless it has changed since. What anybody has edited since is left
    alone, and nobody is mailed. The other side keeps what it shows.
    """
    chosen = [bool(writes), run is not None, since is not None]
    if sum(chosen) != 1 or (account is None and not writes):
        raise click.UsageError("Give numbers of writes; or --account with --run, or with --since.")
    wanted = {"ids": writes, "run": run, "since": since and since.astimezone()}
    with json_even_on_failure(as_json, undo_report.EMPTY):
        name, found = asyncio.run(_undo(path, account, wanted, plan_hash))
    if as_json:
        print_json(undo_report.as_json(name, found, done=plan_hash is not None))
    else:
        click.echo("\n".join(undo_report.lines(name, found, language(), done=plan_hash is not None)))
    if found.problem is None:
        return DONE
    tell([found.problem])
    return FAILED


async def _undo(
    path: Path, account: str | None, wanted: Mapping[str, Any], plan_hash: str | None
) -> tuple[str, Undone]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app:
        return await app.undo(account, plan_hash, who(), **wanted)
