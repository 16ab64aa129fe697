from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calsync_sandbox.ics import Imported, Owner, Reach, import_calendar, mailbox_zone

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Import = Callable[[str], Imported]


@pytest.fixture
def owner() -> Owner:
    return Owner("anna@example.de", mailbox_zone("W. Europe Standard Time"))


@pytest.fixture
def reach() -> Reach:
    return Reach.around(NOW, past_days=90, future_days=365)


@pytest.fixture
def import_events(owner: Owner, reach: Reach) -> Import:
    """Import the lines of VEVENTs, wrapped in a calendar."""

    def run(events: str) -> Imported:
        text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{events}\nEND:VCALENDAR\n"
        return import_calendar(text.encode(), "test.ics", owner, reach)

    return run


@pytest.fixture(scope="session")
def calendars() -> Path:
    """The folder with the real calendars; the tests that need it are skipped where it is not there."""
    folder = Path(__file__).parents[5] / "shared" / "data" / "calendars"
    if not folder.is_dir():
        pytest.skip("the real calendars are not on this machine")
    return folder
