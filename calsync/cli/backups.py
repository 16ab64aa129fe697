"""The commands that save what calsync remembers, and put it back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.cli.text import language, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.reasons import Language

KEPT: Mapping[Language, str] = {
    "en": "the store that was there is kept as {kept}",
    "de": "Der bisherige Speicher liegt jetzt unter {kept}.",
}
RESTORED: Mapping[Language, str] = {
    "en": "restored; nothing is written before each account's plan is confirmed: see calsync plan",
    "de": "Zurückgespielt. Geschrieben wird erst, wenn der Plan jedes Kontos bestätigt ist: siehe calsync plan.",
}


@click.command()
@configuration
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file to write; it must not exist. Else one beside the store, with the time in its name.",
)
def backup(path: Path, target: Path | None) -> int:
    """Copy what calsync remembers, also while it runs."""
    click.echo(plain(str(asyncio.run(_backup(path, target)))))
    return DONE


@click.command()
@configuration
@click.argument("saved", type=click.Path(path_type=Path), metavar="BACKUP")
def restore(path: Path, saved: Path) -> int:
    """Put a backup in place; then nothing is written before you confirm.

    The present store is kept under another name. Each account lists both calendars and makes a plan: look at it
    with `calsync plan`, and confirm it with `calsync confirm`.
    """
    kept = asyncio.run(_restore(path, saved))
    if kept is not None:
        click.echo(KEPT[language()].format(kept=plain(str(kept))))
    click.echo(RESTORED[language()])
    return DONE


async def _backup(path: Path, target: Path | None) -> Path:
    # The app brings in every driver; `calsync --help` does without.
    from calsync.app import App  # noqa: PLC0415

    async with App.open(path) as app:
        return await app.backup(target)


async def _restore(path: Path, saved: Path) -> Path | None:
    from calsync.app import App  # noqa: PLC0415 - see _backup

    async with App.open(path) as app:
        return await app.restore(saved)
