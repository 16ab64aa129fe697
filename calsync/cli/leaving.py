"""The commands by which an account leaves: its copies, a copy of all that is kept about it, and every trace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli import leaving_report
from calsync.cli.accounts import who
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.text import language, plain
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from calsync.results import Erased, Left

NONE = "none"


@click.command()
@configuration
@click.argument("account")
@click.option(
    "--remove-copies",
    "remove",
    type=click.Choice([*(side.value for side in Side), NONE]),
    default=NONE,
    show_default=True,
    help="The side whose copies are removed, where they are as calsync made them and their originals are there.",
)
@click.option("--confirm", "plan_hash", metavar="HASH", help="Do it: HASH is the one that was shown.")
@json_output
def leave(path: Path, account: str, remove: str, plan_hash: str | None, as_json: bool) -> int:
    """Let an account leave calsync: switch it off, tidy its calendars, and forget it.

    First it is shown what would be done; with --confirm it is done, unless that has changed since. What stays in
    the calendars is an appointment like any other afterwards. Nobody is mailed. Can be undone as a run can.
    """
    side = None if remove == NONE else Side(remove)
    with json_even_on_failure(as_json, leaving_report.EMPTY):
        found = asyncio.run(_leave(path, account, side, plan_hash))
    done = plan_hash is not None and found.leaving.problem is None
    if as_json:
        print_json(leaving_report.as_json(account, found, done=done))
    else:
        click.echo("\n".join(leaving_report.lines(account, found, language(), done=done)))
    if found.leaving.problem is None:
        return DONE
    tell([found.leaving.problem])
    return FAILED


@click.command()
@configuration
@click.argument("account")
@click.option(
    "--out", "target", type=click.Path(path_type=Path), metavar="FILE", help="A new file, for its owner only."
)
def export(path: Path, account: str, target: Path | None) -> int:
    """Print everything that is kept about an account as JSON, for the person whose data it is."""
    content = asyncio.run(_export(path, account, target))
    if target is None:
        print_json(content)
    else:
        click.echo(f"{plain(account)}: {plain(str(target))}")
    return DONE


@click.command()
@configuration
@click.argument("account")
def erase(path: Path, account: str) -> int:
    """Erase every trace of an account that is switched off, while the service is stopped. There is no way back.

    Its events stay as they are on both sides: let it leave first.
    """
    found = asyncio.run(_erase(path, account))
    click.echo("\n".join(leaving_report.erased(account, found, language())))
    return DONE


async def _leave(path: Path, account: str, remove: Side | None, plan_hash: str | None) -> Left:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app:
        return await app.leave(account, remove, plan_hash, who())


async def _export(path: Path, account: str, target: Path | None) -> Mapping[str, Any]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app:
        return await app.export(account, target)


async def _erase(path: Path, account: str) -> Erased:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app:
        return await app.erase(account)
