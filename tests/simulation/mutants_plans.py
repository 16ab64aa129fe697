"""Mutants of approved plans and of changed rules: what was seen is carried out, and rules alone write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import approved, planning
from calsync.sync import ruled

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def applies_although_the_world_moved() -> AbstractContextManager[Any]:
    """A plan is carried out whatever it says by now."""
    return patch.object(approved, "_is_another", lambda *_: False)


def rules_write() -> AbstractContextManager[Any]:
    """What the rules had kept out is written as soon as they are others."""
    return patch.object(planning, "hold_ruled", lambda plan, *_: plan)


def rules_write_in_the_next_run() -> AbstractContextManager[Any]:
    """What waits because of a change of the rules waits for one run only."""
    hold = ruled.hold_ruled
    return patch.object(planning, "hold_ruled", lambda plan, view, _, *rest: hold(plan, view, (), *rest))
