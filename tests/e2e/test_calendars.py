"""Real calendars: every event that is not a series is on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.ics import totals
from calsync_sandbox.judge import graph_untouched, touched

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_real_calendar_is_on_both_sides(world: Any, calendar: Path) -> None:
    file = world.sandbox.import_calendar(calendar, world.anna)
    found = totals(file.table)
    before = graph_untouched(world.anna.mailbox.events.values())
    first = await world.sync()
    last = await world.settle()
    verdict = world.sandbox.judge(world.anna)
    assert verdict.converged, verdict.differences[:3]
    assert verdict.paired == found.singles == len(world.sandbox.flowfact.entities)
    assert found.refused == 0
    assert (first.left.created, first.right.created) == (found.singles, 0)
    assert set(last.right.skipped) == ({"series"} if found.series + found.exceptions else set())
    assert touched(before, graph_untouched(world.anna.mailbox.events.values())) == []
    world.clear()
    await world.sync()
    assert world.changing_requests() == []
