"""What the service logs to standard error, one line for each event.

Only calsync's own loggers speak: their lines are made of words, numbers and names of the configuration. What a
library says may quote whatever it was given, so only where it said it is shown; of an exception likewise.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from calsync.cli.text import plain
from calsync.errors import reason

Style = Literal["console", "json"]
STYLES: tuple[Style, ...] = ("console", "json")
FIELDS = frozenset(
    {
        "account",
        "before",
        "connection",
        "count",
        "created",
        "deleted",
        "failed",
        "linked",
        "operation",
        "problem",
        "reason",
        "seconds",
        "side",
        "updated",
    }
)
"""The names that a line's arguments may have to become fields of its JSON."""


class ConsoleFormatter(logging.Formatter):
    """For people. Writes out control characters: nothing from outside acts on a terminal or forges a line."""

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record)
        return plain(f"{at} {record.levelname} {record.name}: {message(record)}")


class JsonFormatter(logging.Formatter):
    """For programs: an object on each line, in ASCII, with the line's own arguments as fields."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        own = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message(record)}
        return json.dumps({**own, **_fields(record)})


def message(record: logging.LogRecord) -> str:
    """Return what may be shown of a record."""
    if record.name.partition(".")[0] != "calsync":
        text = f"a library has something to say, which is not shown ({record.pathname}:{record.lineno})"
    else:
        text = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    return f"{text} ({reason(error)})" if isinstance(error, Exception) else text


def log_to_standard_error(style: Style = "console") -> None:
    """Show calsync's own progress, and of libraries and Python only that they warn."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else ConsoleFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("calsync").setLevel(logging.INFO)


def _fields(record: logging.LogRecord) -> dict[str, str | int | float]:
    """Return the named arguments that are allowed, where a record has named ones."""
    if not isinstance(record.args, Mapping):
        return {}
    return {
        name: value
        for name, value in record.args.items()
        if name in FIELDS and isinstance(value, str | int | float)
    }
