"""The commands about the database that calsync remembers everything in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.cli.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.group()
def store() -> None:
    """Take over what is remembered into another database."""


@store.command("copy")
@configuration
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="The configuration whose store is copied.",
)
def copy(path: Path, source: Path) -> int:
    """Copy another configuration's store into the empty one of this.

    One of them is an SQLite file, the other on PostgreSQL. Stop every calsync first: it must not write to either.
    The store that is copied stays as it is.
    """
    counts = asyncio.run(_copy(path, source))
    click.echo(plain(f"copied {counts['account']} accounts, {sum(counts.values())} rows"))
    return DONE


async def _copy(path: Path, source: Path) -> Mapping[str, int]:
    # The app brings in every driver; `calsync --help` does without.
    from calsync.app import App  # noqa: PLC0415

    async with App.open(path) as app:
        return await app.copy_store(source)
