"""How many linked pairs the pure core decides about in a second of one core, the default rules included.

`reconcile` alone: no store, no network. Once nothing has changed, once the left event of every pair has another
summary. Counted in CPU seconds, so that other programs do not shift it. Run: python -m benchmarks.deciding
"""

from __future__ import annotations

import gc
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import voluptuous as vol

from benchmarks.figures import Measured, measured_table
from calsync.sync.model import Base, Capabilities, Direction, Event, Link, Observation, Side, Timed, Window
from calsync.sync.reconcile import reconcile
from calsync.sync.rules import Chain
from calsync.sync.view import Seen, View
from calsync.values import replace
from calsync_rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS = 5000
ROUNDS = 7
CHAIN = ("series_skip", "attendee_stripping", "private_mask", "reminder_once")
"""The rules of config.example.yaml, in its order, with the options that they have by default."""
QUIET_BOUND, CHANGED_BOUND = 20_000, 5_000
"""Pairs in a second of one core, at least: when nothing has changed, and when all have."""
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=90), NOW + timedelta(days=365))
NOTES = "Der Interessent kommt mit Begleitung;\nGrundriss und Energieausweis mitbringen."


def rates() -> Sequence[Measured]:
    """Decide about the same pairs in turns. Raises RuntimeError where the plans are not what was made ready."""
    quiet, changed = view(0), view(PAIRS)
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for seconds, one, operations in ((found[0], quiet, 0), (found[1], changed, PAIRS)):
            seconds.append(PAIRS / _seconds(one, operations))
    name = "reconcile alone, linked pairs in a second of one core"
    return [
        Measured(f"{name}: nothing changed", found[0], "", QUIET_BOUND, at_least=True),
        Measured(f"{name}: all changed", found[1], "", CHANGED_BOUND, at_least=True),
    ]


def view(changed: int) -> View:
    """Return an account of PAIRS pairs, of which so many have another summary on the left."""
    links: dict[int, Link] = {}
    seen: dict[Side, dict[str, Seen]] = {side: {} for side in Side}
    for number in range(PAIRS):
        start = NOW + timedelta(minutes=90 * number % (300 * 24 * 60))
        event = Event(
            summary=f"Besichtigung {number}", when=Timed(start, start + timedelta(hours=1)), description=NOTES
        )
        base = Base.of(event, 1)
        links[number] = Link(
            id=number,
            left=f"l{number}",
            right=f"r{number}",
            origin=Side.RIGHT,
            left_base=base,
            right_base=replace(base),
        )
        edited = replace(event, summary=f"verlegt {number}") if number < changed else event
        seen[Side.LEFT][f"l{number}"] = _seen(f"l{number}", replace(edited))
        seen[Side.RIGHT][f"r{number}"] = _seen(f"r{number}", replace(event))
    return View(
        direction=Direction.BOTH,
        policy="right",
        on_target_edit="keep",
        window=WINDOW,
        chain=chain(),
        capabilities={side: Capabilities(writes_may_mail=side is Side.RIGHT) for side in Side},
        seen=seen,
        links=links,
        ready=dict.fromkeys(Side, True),
    )


def chain() -> Chain:
    """Return the default rules."""
    specs = {spec.name: spec for spec in RULES}
    return Chain([specs[name].build(vol.Schema(specs[name].schema)({})) for name in CHAIN])


def _seen(event_id: str, event: Event) -> Seen:
    return Seen(observation=Observation(id=event_id, event=event, revision="1"), first_run=1, round=1)


def _seconds(one: View, operations: int) -> float:
    """Return the CPU seconds of one decision about all pairs, without garbage of the one before."""
    gc.collect()
    began = time.process_time()
    plan = reconcile(one)
    seconds = time.process_time() - began
    if len(plan.operations) != operations or plan.rebases:
        raise RuntimeError(f"{len(plan.operations)} operations were planned instead of {operations}")
    return seconds


if __name__ == "__main__":
    found = rates()
    print(measured_table(found))
    sys.exit(0 if all(one.kept for one in found) else 1)
