"""How a failure is told, and which exit code it has."""

from __future__ import annotations

import json
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from calsync.cli.text import plain
from calsync.errors import AccountError, CalsyncError, ConfigError, LoginError, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DONE = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def tell(lines: Iterable[str]) -> None:
    """Print problems on standard error, one line each."""
    for line in lines:
        click.echo(f"calsync: {plain(line)}", err=True)


def exit_code(error: CalsyncError) -> int:
    """Return 2 for what a person must set right before anything can run, else 1."""
    before_running = isinstance(error, ConfigError | PluginError | LoginError | AccountError)
    return USAGE if before_running else FAILED


def of_click(error: SystemExit) -> bool:
    """Tell whether click itself ends the program: nobody reads its output any more, or a shell asks for words."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).startswith("click.")


def flattened(error: CalsyncError | ExceptionGroup[Exception]) -> list[CalsyncError]:
    """Return the expected errors of a group of tasks. A group with any other error is a bug and is raised."""
    if isinstance(error, CalsyncError):
        return [error]
    _, bugs = error.split(CalsyncError)
    if bugs is not None:
        raise bugs
    return [leaf for inner in error.exceptions for leaf in flattened(inner)]  # type: ignore[arg-type] # no bugs left


def print_json(content: Mapping[str, Any]) -> None:
    """Print the one JSON object of a `--json` command; ASCII only, so that no terminal can be fooled by it."""
    click.echo(json.dumps(content))


@contextmanager
def json_even_on_failure(as_json: bool, empty: Mapping[str, Any]) -> Iterator[None]:
    """Print a JSON object also when a command cannot begin: the empty one with `errors`."""
    try:
        yield
    except (CalsyncError, ExceptionGroup) as error:
        if as_json:
            lines = [line for failure in flattened(error) for line in str(failure).splitlines()]
            print_json({**empty, "errors": lines})
        raise
