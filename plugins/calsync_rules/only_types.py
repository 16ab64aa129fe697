"""Only some types of appointments are synced, as FLOWFACT's Terminart says them.

Outlook has no types (its categories are its user's own colours), and neither has a copy that calsync has created
in FLOWFACT, as a type is never written. So an appointment without a type always passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.sync.model import normal_line
from calsync.sync.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync.sync.model import Event

REASON = "other_type"


def type_name(value: Any) -> str:
    """Accept the name of a type; numbers, as lists of values may have them, count as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and normal_line(value):
        return normal_line(value)
    raise vol.Invalid("must be the name of a type, as FLOWFACT stores it")


def _one_of_both(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(options) != 1:
        raise vol.Invalid("needs either include or exclude")
    return options


_TYPES = vol.All([type_name], vol.Length(min=1, msg="must name a type at least"))
SCHEMA = vol.All({vol.Optional("include"): _TYPES, vol.Optional("exclude"): _TYPES}, _one_of_both)


class OnlyTypes(Rule):
    """Keeps out the appointments of some types, or of all others. Names are compared whatever their case."""

    name = "only_types"
    needs = frozenset({"types"})

    def __init__(self, names: Collection[str], *, included: bool) -> None:
        """`included`: only appointments of these types pass; otherwise those of no other one do not."""
        self._names = frozenset(map(str.casefold, names))
        self._included = included

    def admit(self, event: Event) -> str | None:
        if not event.types:
            return None
        named = any(normal_line(each).casefold() in self._names for each in event.types)
        return None if named is self._included else REASON


def build(options: Mapping[str, Any]) -> OnlyTypes:
    """Build the rule from options that `SCHEMA` accepted."""
    return OnlyTypes(options.get("include") or options["exclude"], included="include" in options)
