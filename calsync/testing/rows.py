"""The events of the in-memory calendar, every state they ever had, and what its users do with them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from calsync.sync.model import Event


class Place(StrEnum):
    """Where an event is."""

    CALENDAR = "calendar"
    TRASH = "trash"
    GONE = "gone"
    ELSEWHERE = "elsewhere"
    FORBIDDEN = "forbidden"


class Row(Struct, frozen=True, kw_only=True):
    """One event as the system stores it."""

    id: str
    event: Event
    revision: str
    modified: datetime
    by_us: bool
    """Whether the last change came through the port, and not from a user."""
    place: Place = Place.CALENDAR
    marker: str | None = None
    reminder_minutes: int | None = None


class Change(Struct, frozen=True):
    """One entry of the system's change log."""

    at: datetime
    before: Row | None
    after: Row


class Rows:
    """The system's storage: the rows and the log of all changes."""

    def __init__(self, name: str, now: Callable[[], datetime]) -> None:
        self.name = name
        self.now = now
        self.rows: dict[str, Row] = {}
        self.log: list[Change] = []

    def add(
        self, event: Event, *, by_us: bool, marker: str | None = None, reminder_minutes: int | None = None
    ) -> Row:
        """Store a new event under a fresh id, with its time of creation and a uid of its own."""
        event_id = f"{self.name}-{len(self.rows) + 1}"
        event = replace(event, created=self.now(), uid=event.uid or f"uid-{event_id}")
        row = Row(
            id=event_id,
            event=event,
            revision="",
            modified=self.now(),
            by_us=by_us,
            marker=marker,
            reminder_minutes=reminder_minutes,
        )
        return self._store(None, row)

    def change(self, event_id: str, *, by_us: bool, place: Place | None = None, event: Event | None = None) -> Row:
        """Store a new state of an event, with a new revision."""
        before = self.rows[event_id]
        return self._store(
            before, replace(before, event=event or before.event, place=place or before.place, by_us=by_us)
        )

    def unmark(self, event_id: str) -> Row:
        """Take an event's marker away, with a new revision."""
        before = self.rows[event_id]
        return self._store(before, replace(before, marker=None, by_us=True))

    def present(self, event_id: str) -> Row | None:
        """Return an event that is in the calendar now."""
        row = self.rows.get(event_id)
        return row if row is not None and row.place is Place.CALENDAR else None

    def state(self, position: int) -> Mapping[str, Row]:
        """Return all rows as they were behind the first `position` changes."""
        if position == len(self.log):
            return dict(self.rows)
        return {change.after.id: change.after for change in self.log[:position]}

    def _store(self, before: Row | None, after: Row) -> Row:
        after = replace(after, revision=f"r{len(self.log) + 1}", modified=self.now())
        self.rows[after.id] = after
        self.log.append(Change(self.now(), before, after))
        return after


class UserSide:
    """What people do in the system's own program, behind calsync's back. Unknown ids raise KeyError."""

    rows: Rows

    def user_create(self, event: Event) -> str:
        """Create an event as it is given, with attendees and all; return its id."""
        return self.rows.add(event, by_us=False).id

    def user_edit(self, event_id: str, **fields: Any) -> None:
        """Change any fields of an event: `summary`, `when`, `attendee_count`, `private`, ..."""
        self.rows.change(event_id, by_us=False, event=replace(self.rows.rows[event_id].event, **fields))

    def user_copy(self, event_id: str) -> str:
        """Duplicate an event with its marker, as programs do that copy every property. Return the new id."""
        row = self.rows.rows[event_id]
        event = replace(row.event, uid=None)
        return self.rows.add(event, by_us=False, marker=row.marker, reminder_minutes=row.reminder_minutes).id

    def user_delete(self, event_id: str) -> None:
        """Move an event to the trash."""
        self.rows.change(event_id, by_us=False, place=Place.TRASH)

    def user_restore(self, event_id: str) -> None:
        """Bring an event back from the trash, or from wherever it was."""
        self.rows.change(event_id, by_us=False, place=Place.CALENDAR)

    def user_purge(self, event_id: str) -> None:
        """Delete an event for good: the system knows nothing of it any more."""
        self.rows.change(event_id, by_us=False, place=Place.GONE)

    def user_move_away(self, event_id: str) -> None:
        """Move an event to another calendar, or give it to another owner."""
        self.rows.change(event_id, by_us=False, place=Place.ELSEWHERE)

    def user_forbid(self, event_id: str) -> None:
        """Withdraw calsync's right to see an event."""
        self.rows.change(event_id, by_us=False, place=Place.FORBIDDEN)
