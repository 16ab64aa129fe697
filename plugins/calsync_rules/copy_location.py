"""A copy is created with its original's location. From then on each side's location is its user's.

A location is text that people read, and it stays text: what leads into a meeting, or names the mailbox of a room,
is not copied. A server, or somebody's program, might make an online meeting or an invitation of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from calsync.sync.rules import Rule
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Draft, Event

SCHEMA: dict[Any, Any] = {}
LONGEST = 255
"""Characters. What is longer is no place that somebody has typed in."""
_LEADS_SOMEWHERE = re.compile(r"://|\bwww\.|\b(?:sips?|tel|mailto):|\S@\S", re.IGNORECASE)
"""An address: of a page, a call or a mailbox."""


class CopyLocation(Rule):
    """Gives a create the location of its source, unless that is private or an online meeting."""

    name = "copy_location"
    needs = frozenset({"location"})

    def on_create(self, source: Event, draft: Draft) -> Draft:
        if source.private or source.online_meeting or not is_place(source.location):
            return draft
        return replace(draft, location=source.location)


def is_place(location: str) -> bool:
    """Tell whether a location is text about a place, and nothing that a program could follow."""
    return 0 < len(location) <= LONGEST and _LEADS_SOMEWHERE.search(location) is None


def build(options: Mapping[str, Any]) -> CopyLocation:
    """Build the rule; it has no options."""
    del options
    return CopyLocation()
