"""One mailbox's events: by id, by calendar and by extended property, with the log of changes that feeds read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox import ids
from calsync_sandbox.mailbox.errors import folder_not_found, item_not_found
from calsync_sandbox.mailbox.events import span_of
from calsync_sandbox.mailbox.recurrence import Series, series_of
from calsync_sandbox.mailbox.zones import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.zones import Span


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log."""

    id: str
    at: float
    """Seconds since the epoch."""
    homes: frozenset[str]
    """The calendars that the event was or is in."""
    born: bool
    after: str | None
    """The calendar that the event is in since then; None: it is gone."""
    moves: int
    """How often the event had moved before."""
    before: Series | None
    """The rule of a master before the change; tells which occurrences are no more."""


class Store:
    """Holds stored events. A stored event is never changed in place: `put` takes its successor and logs it."""

    def __init__(self, address: str, timezone: str, now: Callable[[], float]) -> None:
        self.address = address
        self.timezone = timezone
        self.now = now
        self.events: dict[str, Json] = {}
        """Immutable id -> stored event; masters and exceptions too, occurrences not."""
        self.deleted: dict[str, Json] = {}
        """Deleted Items."""
        self.spans: dict[str, Span] = {}
        self.homes: dict[str, str] = {}
        """Immutable id -> id of the event's calendar."""
        self.exceptions: dict[str, dict[date, str]] = {}
        """Master's id -> day of the original occurrence -> exception's id."""
        self.primary = ids.calendar_id(address, "primary")
        self.calendars: dict[str, str] = {self.primary: "Kalender"}
        self.owners: dict[str, str] = {}
        """Addresses of those who share a calendar with this mailbox, by its id here."""
        """Calendar id -> name."""
        self.log: list[Change] = []
        self.noted: list[Callable[[Change], object]] = []
        """Called with each change when it is logged."""
        self.transactions: dict[str, tuple[Any, str]] = {}
        """transactionId -> (content of the create, id of the event)."""
        self.lost_join_links: list[str] = []
        """Ids of online meetings whose join link a write of the body removed."""
        self.moves: Counter[str] = Counter()
        """Immutable id -> how often the event has moved: the ids of EWS change with it."""
        self._tagged: dict[tuple[str, str], set[str]] = {}
        self._made = 0

    def new_id(self) -> str:
        self._made += 1
        return ids.new_id(self.address, self._made)

    def put(self, event: Json, home: str, *, before: Series | None = None) -> None:
        """Store a new or changed event: gives it a change key and times, indexes and logs it."""
        event_id = event["id"]
        born = event_id not in self.events
        homes = {home, self.homes.get(event_id, home)}
        self._untag(event_id)
        self._stamp(event)
        self.events[event_id], self.homes[event_id], self.spans[event_id] = event, home, span_of(event)
        self._tag(event)
        if event["type"] == "exception":
            self.exceptions.setdefault(event["seriesMasterId"], {})[ids.day_of(event_id)] = event_id
        self._note(event_id, homes, born=born, after=home, before=before)

    def trash(self, event_id: str) -> None:
        """Move an event to Deleted Items. The exceptions of a master go with it."""
        event = dict(self.events[event_id])
        before = self.series(event) if event["type"] == "seriesMaster" else None
        for exception in list(self.exceptions.get(event_id, {}).values()):
            self.drop(exception)
        self.drop(event_id, before=before)
        self.moves[event_id] += 1
        self._stamp(event)
        self.deleted[event_id] = event

    def restore(self, event_id: str, home: str) -> Json:
        """Move an event out of Deleted Items into a calendar. Raises MailboxError 404."""
        event = self.deleted.pop(event_id, None)
        if event is None:
            raise item_not_found()
        self.moves[event_id] += 1
        restored = dict(event)
        self.put(restored, home)
        return restored

    def move(self, event_id: str, home: str) -> None:
        """Move an event to another calendar. The exceptions of a master go with it."""
        for exception in self.exceptions.get(event_id, {}).values():
            self.put(dict(self.events[exception]), home)
        event, moved = dict(self.events[event_id]), home != self.homes[event_id]
        self.put(event, home, before=self.series(event) if event["type"] == "seriesMaster" else None)
        self.moves[event_id] += moved

    def drop(self, event_id: str, *, before: Series | None = None) -> None:
        """Remove an event without a trace in Deleted Items."""
        self._untag(event_id)
        event = self.events.pop(event_id)
        del self.spans[event_id]
        if event["type"] == "exception":
            self.exceptions[event["seriesMasterId"]].pop(ids.day_of(event_id), None)
        self._note(event_id, {self.homes.pop(event_id)}, before=before)

    def cancel(self, occurrence: str, *, silent: bool) -> None:
        """Take an occurrence out of its series. Silent: the log does not tell it."""
        master_id, home = ids.master_of(occurrence), self.homes[ids.master_of(occurrence)]
        master = dict(self.events[master_id])
        master["cancelledOccurrences"] = [*master.get("cancelledOccurrences", ()), occurrence]
        self._stamp(master)
        self.events[master_id] = master
        if not silent:
            self._note(occurrence, {home}, after=home)

    def series(self, master: Mapping[str, Any]) -> Series:
        """Return a master's rule; cancelled days and exceptions are its skipped days."""
        cancelled = {ids.day_of(occurrence) for occurrence in master.get("cancelledOccurrences", ())}
        return series_of(master, frozenset(cancelled | self.exceptions.get(master["id"], {}).keys()))

    def tagged(self, name: str, value: str) -> list[str]:
        """Return the ids of the events with an extended property. The name is case-sensitive, the value is not."""
        return sorted(self._tagged.get((name, value.lower()), ()))

    def calendar(self, given: str) -> str:
        """Return the id of a calendar. Raises MailboxError 404."""
        if given not in self.calendars:
            raise folder_not_found()
        return given

    def _note(
        self,
        event_id: str,
        homes: set[str],
        *,
        born: bool = False,
        after: str | None = None,
        before: Series | None = None,
    ) -> None:
        moves = self.moves[event_id]
        self.log.append(Change(event_id, self.now(), frozenset(homes), born, after, moves, before))
        for hear in self.noted:
            hear(self.log[-1])

    def _stamp(self, event: Json) -> None:
        self._made += 1
        event["changeKey"] = ids.change_key(self._made)
        event["lastModifiedDateTime"] = stamp(datetime.fromtimestamp(self.now(), UTC))
        event.setdefault("createdDateTime", event["lastModifiedDateTime"])

    def _tag(self, event: Json) -> None:
        for prop in event.get("singleValueExtendedProperties", ()):
            self._tagged.setdefault((prop["id"], prop["value"].lower()), set()).add(event["id"])

    def _untag(self, event_id: str) -> None:
        for prop in self.events.get(event_id, {}).get("singleValueExtendedProperties", ()):
            self._tagged[prop["id"], prop["value"].lower()].discard(event_id)
