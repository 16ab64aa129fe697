"""At rest a pair agrees, or calsync cannot know better."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Direction, Event, Link, Side, Timed
from calsync.testing.clock import START
from tests.simulation.oracle import Oracle

if TYPE_CHECKING:
    from calsync.sync.view import TargetEdit
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 1", when=Timed(START, START + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("direction", "edits", "forgotten", "excuse"),
    [
        (Direction.LEFT_TO_RIGHT, "keep", True, "old disk"),
        (Direction.LEFT_TO_RIGHT, "keep", False, None),
        (Direction.LEFT_TO_RIGHT, "restore", True, None),
        (Direction.BOTH, "keep", True, None),
    ],
)
def test_what_calsync_wrote_behind_an_old_disk_stays_on_a_target_whose_edits_are_kept(
    pair: Pair, direction: Direction, edits: TargetEdit, forgotten: bool, excuse: str | None
) -> None:
    """As where a program puts back the source, and the disk knows of neither write."""
    pair.direction, pair.on_target_edit = direction, edits
    ids = {LEFT: pair.calendars[LEFT].user_create(MEETING)}
    target = pair.calendars[RIGHT].rows
    ids[RIGHT] = target.add(MEETING, by_us=True, reminder_minutes=15).id
    kept = len(pair.journal)
    target.change(ids[RIGHT], by_us=True, event=replace(MEETING, summary="Termin 2"))
    pair.forgotten += [(kept, len(pair.journal))] * forgotten
    pair.witness.read()
    rows = pair.calendars[LEFT].rows.rows[ids[LEFT]], target.rows[ids[RIGHT]]
    assert Oracle(pair)._excuse(Link(id=1, left=ids[LEFT], right=ids[RIGHT]), "summary", rows, [], []) == excuse
