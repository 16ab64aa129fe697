"""What a round of a feed tells, and the series that it tells of, for the tests of the feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Window

if TYPE_CHECKING:
    from calsync.ports import Calendar, Page
    from calsync.sync.model import Observation
    from calsync_graph.feed import Feed

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
    "range": {"type": "noEnd", "startDate": "2026-03-10"},
}
SERIES: dict[str, Any] = {
    "subject": "Jour fixe",
    "start": {"dateTime": "2026-03-10T10:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-03-10T11:00:00", "timeZone": "W. Europe Standard Time"},
}


@dataclass
class Told:
    """What a round told, all its pages together."""

    pages: list[Page] = field(default_factory=list)

    @property
    def observations(self) -> dict[str, Observation]:
        return {seen.id: seen for page in self.pages for seen in page.observations}

    @property
    def removed(self) -> list[str]:
        return [event_id for page in self.pages for event_id in page.removed]

    @property
    def token(self) -> str:
        token = self.pages[-1].token
        assert token is not None
        return token


async def listen(calendar: Calendar | Feed, token: str | None = None) -> Told:
    return Told([page async for page in calendar.changes(token, WINDOW)])
