"""How a bug is told that ends the program, or a thread of it: by its places.

The text of an exception may quote what people wrote, an address or a token; standard error may go into a log.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import click

from calsync.cli.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator


def tell_bugs_without_their_texts() -> None:
    """Tell what nobody catches, in any thread or object, and what Python warns of, from now on."""
    sys.excepthook = lambda _kind, error, _traceback: _tell(error)
    threading.excepthook = lambda told: _tell(told.exc_value)
    sys.unraisablehook = _tell_unraisable
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # it would show the arguments of a line that cannot be written


def lines(error: BaseException) -> Iterator[str]:
    """Yield the places of an error, the innermost last, behind those of what led to it."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from lines(cause)
    yield f"a bug: {type(error).__name__}"
    for place in traceback.extract_tb(error.__traceback__):
        yield f"  {place.filename}:{place.lineno} in {place.name}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from lines(one)


def _tell(error: BaseException | None) -> None:
    if error is not None:
        for line in lines(error):
            click.echo(f"calsync: {plain(line)}", err=True)


def _tell_unraisable(told: Any) -> None:
    _tell(told.exc_value)
