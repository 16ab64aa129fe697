"""What the service logs to standard error, one line for each event."""

from __future__ import annotations

import logging

from calsync.cli.text import plain


class PlainFormatter(logging.Formatter):
    """Writes out control characters, so that nothing from outside acts on a terminal or forges a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return plain(super().formatMessage(record))


def log_to_standard_error() -> None:
    """Show calsync's own progress, and of libraries only warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("calsync").setLevel(logging.INFO)
