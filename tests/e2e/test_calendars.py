"""Real calendars: every event that is not a series is on both sides, and the totals add up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.ics import totals
from calsync_sandbox.judge import mailbox_untouched, touched

if TYPE_CHECKING:
    from calsync_sandbox.ics import Totals
    from calsync_sandbox.sandbox import ImportedFile
    from tests.e2e.conftest import World

CALENDARS = Path(__file__).parents[3] / "shared" / "data" / "calendars"
FOUND = sorted(CALENDARS.glob("*.ics"))
LARGEST = "google_long_history"
"""It is synced together with all others only: that is the slowest test of the project as it is."""
needs_calendars = pytest.mark.skipif(not FOUND, reason=f"THE REAL CALENDARS ARE NOT THERE: {CALENDARS}")
PAGE = 100
"""FLOWFACT's page by default; Graph's is larger."""


@needs_calendars
@pytest.mark.parametrize("path", [path for path in FOUND if path.stem != LARGEST], ids=lambda path: path.stem)
async def test_a_real_calendar_is_on_both_sides(world: World, path: Path) -> None:
    file = world.sandbox.import_calendar(path, world.anna)
    await expect_on_both_sides(world, [file])


@needs_calendars
async def test_all_real_calendars_together_in_one_mailbox(world: World) -> None:
    files = {path.stem: world.sandbox.import_calendar(path, world.anna) for path in FOUND}
    await expect_on_both_sides(world, list(files.values()))
    entries = {name: totals(file.table).entries for name, file in files.items()}
    if LARGEST in files:
        largest = totals(files[LARGEST].table)
        assert (largest.entries, largest.singles) == (4778, 4604)
        assert sum(entries.values()) == 5785


async def expect_on_both_sides(world: World, files: list[ImportedFile]) -> None:
    """Sync twice; the judge and the servers say what became of the files."""
    found = totals([row for file in files for row in file.table])
    before = mailbox_untouched(world.anna.mailbox.events.values())
    first = await world.sync()
    expect_few_requests(world, found)
    assert (first.left.created, first.right.created, first.left.held, first.right.held) == (found.singles, 0, 0, 0)
    expect_reported(world, found, dict(first.right.skipped))
    told = {(message.side, message.reason): message.count for message in first.messages}
    lacking = found.singles_with_attendees
    assert told == ({("left", "attendees_not_carried"): lacking} if lacking else {})
    world.clear()
    second = await world.sync()
    assert world.writes() == []
    assert second.left.linked == second.right.linked == 0
    world.expect_converged(found.singles)
    world.expect_no_mail()
    assert len(world.sandbox.flowfact.entities) == found.singles
    assert touched(before, mailbox_untouched(world.anna.mailbox.events.values())) == []


def expect_reported(world: World, found: Totals, skipped: dict[str, int]) -> None:
    """Entries in the files = on both sides + parts of a series that was reported + refused; none was refused."""
    assert found.refused == 0
    assert found.entries == found.singles + found.series + found.exceptions
    events = world.anna.mailbox.events
    parts = [event for event in events.values() if event["type"] != "singleInstance"]
    assert len(parts) == found.series + found.exceptions
    series = {event.get("seriesMasterId") or event["id"] for event in parts}
    assert skipped == ({"series": len(series)} if series else {})


def expect_few_requests(world: World, found: Totals) -> None:
    """At most a create and a read-back for each new event, plus signing in and the pages of the first reading."""
    sent = len(world.sandbox.flowfact.requests) + len(world.sandbox.graph.requests)
    masters = found.series + found.exceptions
    pages = 20 + (found.entries + masters * 2) // PAGE
    assert sent <= 2 * found.singles + pages
