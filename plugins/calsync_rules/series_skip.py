"""Series are not synced: FLOWFACT has none, and a copy of single occurrences would go out of step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.sync.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Event

SCHEMA: dict[Any, Any] = {}


class SeriesSkip(Rule):
    """Keeps out masters, occurrences and exceptions of a series."""

    name = "series_skip"

    def admit(self, event: Event) -> str | None:
        return "series" if event.series else None


def build(options: Mapping[str, Any]) -> SeriesSkip:
    """Build the rule; it has no options."""
    del options
    return SeriesSkip()
