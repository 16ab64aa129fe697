"""A copy is created with a reminder when its source has one; from then on each side's reminder is its user's.

FLOWFACT's own sync does the same: "Erinnern am" is passed on once, 15 minutes before the appointment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.sync.rules import Rule
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Draft, Event

FOUR_WEEKS = 40_320
"""Outlook's longest choice is two weeks; whatever is above four is a slip of the keyboard."""


def minutes(value: Any) -> int:
    """Accept whole minutes. `true` is none, although Python thinks so."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= FOUR_WEEKS:
        return value
    raise vol.Invalid(f"must be a whole number of minutes from 0 to {FOUR_WEEKS}")


SCHEMA: dict[Any, Any] = {vol.Optional("minutes_before", default=15): minutes}


class ReminderOnce(Rule):
    """Sets the reminder of a create: always at the same lead time, whatever the source's is."""

    name = "reminder_once"

    def __init__(self, minutes_before: int) -> None:
        self.minutes_before = minutes_before

    def on_create(self, source: Event, draft: Draft) -> Draft:
        """Set a reminder unless the source is known to have none."""
        return replace(draft, reminder=None if source.reminder is False else self.minutes_before)


def build(options: Mapping[str, Any]) -> ReminderOnce:
    """Build the rule from options that `SCHEMA` accepted."""
    return ReminderOnce(options["minutes_before"])
