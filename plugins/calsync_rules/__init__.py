"""The rules that make a sync what an estate agent expects. Each stands in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec
from calsync_rules import attendee_stripping, copy_location, only_types, private_mask, reminder_once, series_skip

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = (
    RuleSpec(name="attendee_stripping", schema=attendee_stripping.SCHEMA, build=attendee_stripping.build),
    RuleSpec(name="copy_location", schema=copy_location.SCHEMA, build=copy_location.build),
    RuleSpec(name="only_types", schema=only_types.SCHEMA, build=only_types.build),
    RuleSpec(name="private_mask", schema=private_mask.SCHEMA, build=private_mask.build),
    RuleSpec(name="reminder_once", schema=reminder_once.SCHEMA, build=reminder_once.build),
    RuleSpec(name="series_skip", schema=series_skip.SCHEMA, build=series_skip.build),
)


@hookimpl
def calsync_rules() -> Sequence[RuleSpec]:
    """Hand over the rules; asked in the order of the configuration, not in this one."""
    return RULES
