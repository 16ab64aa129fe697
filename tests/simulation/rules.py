"""Rules that raise and rules that never answer, as a customer's own rules might, and servers that refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calsync.sync.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event

_NUMBER = re.compile(r"Termin (\d+)")


def poisons(event: Event) -> bool:
    """Tell whether the one rule raises for this event."""
    return _every(7, event)


def hangs(event: Event) -> bool:
    """Tell whether the other rule never answers about this event."""
    return _every(11, event)


def refuses(event: Event) -> bool:
    """Tell whether a server refuses this event, for a reason of its own."""
    return _every(13, event)


def _every(nth: int, event: Event) -> bool:
    found = _NUMBER.match(event.summary)
    return found is not None and int(found[1]) % nth == 0


class Poisoned(Rule):
    """Raises for some texts."""

    name = "poisoned"

    def admit(self, event: Event) -> str | None:
        if poisons(event):
            raise ZeroDivisionError
        return None


class Hanging(Rule):
    """Never answers about some texts."""

    name = "hanging"

    def __init__(self, hang: Callable[[], None]) -> None:
        """`hang` is what happens then; it does not return."""
        self._hang = hang

    def admit(self, event: Event) -> str | None:
        if hangs(event):
            self._hang()
        return None
