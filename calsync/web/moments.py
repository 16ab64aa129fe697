"""Times as people of a language write them, by Babel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date, format_time, format_timedelta

from calsync.sync.model import AllDay

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from calsync.reasons import Language
    from calsync.sync.model import When

DASH = "\u2013"


class Moments:
    """Writes times in one language. Without a zone they are in that of the machine."""

    def __init__(self, language: Language) -> None:
        self._locale = "en_GB" if language == "en" else language  # 24 hours, day before month

    def moment(self, value: datetime, zone: tzinfo | None = None) -> str:
        """Return day and time: `2. März 2026, 09:00`."""
        return f"{self.day(value, zone)}, {self.time(value, zone)}"

    def day(self, value: date | datetime, zone: tzinfo | None = None) -> str:
        """Return a day: `2. März 2026`."""
        day = value.astimezone(zone) if isinstance(value, datetime) else value
        return format_date(day, "long", locale=self._locale)

    def time(self, value: datetime, zone: tzinfo | None = None) -> str:
        """Return a time of the day: `09:00`."""
        return format_time(value.astimezone(zone).time(), "short", locale=self._locale)

    def span(self, when: When, zone: tzinfo | None = None) -> str:
        """Return when an event is: its begin, and behind a dash its end where that is later; or its days."""
        if isinstance(when, AllDay):
            last = when.after - timedelta(days=1)
            return (
                self.day(when.first) if last == when.first else f"{self.day(when.first)} {DASH} {self.day(last)}"
            )
        start, end = when.start.astimezone(zone), when.end.astimezone(zone)
        if start == end:
            return self.moment(start, zone)
        until = self.time(end, zone) if start.date() == end.date() else self.moment(end, zone)
        return f"{self.moment(start, zone)} {DASH} {until}"

    def ago(self, value: datetime, now: datetime) -> str:
        """Return how long ago something was, or when it will be: `vor 3 Minuten`."""
        since = value - now or timedelta(seconds=-1)  # nothing is said to be in no time
        return format_timedelta(since, add_direction=True, locale=self._locale)

    def machine(self, value: datetime) -> str:
        """Return an instant for the attribute `datetime` of `<time>`."""
        return value.astimezone(UTC).isoformat(timespec="seconds")
