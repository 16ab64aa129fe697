"""A rule that raises, as a customer's own rule might."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calsync.sync.rules import Rule

if TYPE_CHECKING:
    from calsync.sync.model import Event

_NUMBER = re.compile(r"Termin (\d+)")


def poisons(event: Event) -> bool:
    """Tell whether the rule raises for this event."""
    found = _NUMBER.match(event.summary)
    return found is not None and int(found[1]) % 7 == 0


class Poisoned(Rule):
    """Raises for every seventh text."""

    name = "poisoned"

    def admit(self, event: Event) -> str | None:
        if poisons(event):
            raise ZeroDivisionError
        return None
