"""The command that changes the key of what connections keep."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.errors import ConfigError
from calsync.exposed import advice, credentials, exposed


@click.command("rotate-key")
@configuration
@click.option(
    "--new-key", "file", type=click.Path(path_type=Path), metavar="KEYFILE", help="A file that holds the new key."
)
@click.option("--new-key-env", "variable", metavar="NAME", help="The environment variable that holds the new key.")
def rotate(path: Path, file: Path | None, variable: str | None) -> int:
    """Encrypt what connections keep with a new key. Stop the service first.

    When it is done, write the new key at `service.key`, and start the service. If it was interrupted, do it again:
    until then both keys are good.
    """
    if (file is None) == (variable is None):
        raise click.UsageError("Give --new-key or --new-key-env.")
    new = _of_file(file) if file is not None else _of_environment(str(variable))
    count = asyncio.run(_rotate(path, new))
    click.echo(f"done, values under the new key: {count}; write it at service.key, then start the service")
    return DONE


def _of_file(path: Path) -> str:
    folder = credentials(os.environ)
    try:
        if exposed(path) and not (folder and path.is_relative_to(folder)):
            raise ConfigError([advice(path)])
        return path.read_text("utf-8", "replace").strip()
    except OSError as error:
        raise ConfigError([f"{path} cannot be read ({error.strerror})"]) from error


def _of_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError([f"the environment variable {name} is not set"])
    return value


async def _rotate(path: Path, new: str) -> int:
    # The app brings in every driver; `calsync --help` does without.
    from calsync.app import App  # noqa: PLC0415

    async with App.open(path) as app:
        return await app.rotate_key(new)
