"""The command that begins a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from calsync.cli.failures import DONE
from calsync.cli.text import plain
from calsync.scaffold import Kind, write

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("name")
@click.option(
    "--in",
    "target",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="FOLDER",
    help="Where; the folder you are in, if you do not say.",
)
def new(kind: Kind, name: str, target: Path) -> int:
    """Write a new plugin's package, with tests that pass, into a folder of its own."""
    click.echo("\n".join(lines(write(kind, name, target))))
    return DONE


def lines(written: Sequence[Path]) -> list[str]:
    """Return the files that were written, and what to do with them."""
    [readme] = [path for path in written if path.name == "README.md"]
    advice = f"Read {readme}. Then: cd {readme.parent} && pip install -e '.[dev]' && python -m pytest"
    return [plain(line) for line in (*map(str, written), advice)]
