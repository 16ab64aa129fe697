"""The command that prints what was added on the pages, for the operator's own file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.cli.text import plain

if TYPE_CHECKING:
    from pathlib import Path


@click.command("export-config")
@configuration
def export(path: Path) -> int:
    """Print what was added on the pages as YAML, without its secrets."""
    # It brings in every driver; `calsync --help` does without.
    from calsync.desk.setup import Setup  # noqa: PLC0415
    from calsync.ports import SystemClock  # noqa: PLC0415

    for line in asyncio.run(Setup(path, SystemClock()).export()).splitlines():
        click.echo(plain(line))
    return DONE
