"""Calendars that break a promise about reading by id, about where an event is, or about markers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from calsync.ports import Gone, Here, Whereabouts
from calsync.testing import MemoryCalendar
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calsync.ports import Written
    from calsync.sync.model import Draft, Observation
    from calsync.testing.rows import Row


class ReadsTheTrash(MemoryCalendar):
    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return {event_id: self._observe(self.rows.rows[event_id], marker=True) for event_id in ids}


class ReadsAllOfNone(MemoryCalendar):
    """It takes an empty list of ids for no restriction."""

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await super().read(ids or list(self.events()))


class ReadsTwentyAtMost(MemoryCalendar):
    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await super().read(ids[:20])


class CountsItsReads(MemoryCalendar):
    """Each read gives another revision."""

    def _observe(self, row: Row, *, marker: bool) -> Observation:
        return replace(super()._observe(row, marker=marker), revision=f"{row.revision}-{next(READS)}")


READS = itertools.count()


class SeesNoEdits(MemoryCalendar):
    """An edit of a person leaves the revision as it was."""

    def _observe(self, row: Row, *, marker: bool) -> Observation:
        return replace(super()._observe(row, marker=marker), revision=row.id)


class HasNoRevisions(MemoryCalendar):
    def _observe(self, row: Row, *, marker: bool) -> Observation:
        return replace(super()._observe(row, marker=marker), revision=None)


class CountsNobody(MemoryCalendar):
    def _observe(self, row: Row, *, marker: bool) -> Observation:
        return super()._observe(replace(row, event=replace(row.event, attendee_count=0)), marker=marker)


class KnowsNoTrash(MemoryCalendar):
    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        self.user_restore(event_id)
        return await super().locate(event_id, uid)


class LocatesSomethingElse(MemoryCalendar):
    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        place = await super().locate(event_id, uid)
        return Here(replace(place.observation, revision="another")) if isinstance(place, Here) else place


class TakesMovesForDeletes(MemoryCalendar):
    """What is not here is gone: the copy on the other side would be deleted, and the event lives on."""

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        place = await super().locate(event_id, uid)
        return place if isinstance(place, Here) else Gone()


class LosesMarkers(MemoryCalendar):
    async def create(self, draft: Draft, marker: str) -> Written:
        return await super().create(draft, marker[:20])


class FindsAnyMarker(MemoryCalendar):
    """Its search for a marker is one for words."""

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        rows = self.rows.rows.values()
        return [self._observe(row, marker=True) for row in rows if row.marker and row.marker[:2] == marker[:2]]


class FindsTheTrash(MemoryCalendar):
    async def find_marker(self, marker: str) -> Sequence[Observation]:
        rows = self.rows.rows.values()
        return [self._observe(row, marker=True) for row in rows if row.marker == marker]


BROKEN: Sequence[tuple[Callable[[], MemoryCalendar], str]] = [
    (ReadsTheTrash, "test_present_events_are_read_and_absent_ones_left_out"),
    (ReadsAllOfNone, "test_nothing_is_read_of_no_ids"),
    (ReadsTwentyAtMost, "test_many_events_are_read_at_once"),
    (CountsItsReads, "test_the_revision_stands_still_until_somebody_writes"),
    (SeesNoEdits, "test_the_revision_stands_still_until_somebody_writes"),
    (HasNoRevisions, "test_the_revision_stands_still_until_somebody_writes"),
    (CountsNobody, "test_attendees_are_counted"),
    (KnowsNoTrash, "test_an_event_is_located_where_it_is"),
    (LocatesSomethingElse, "test_an_event_is_located_where_it_is"),
    (TakesMovesForDeletes, "test_an_event_that_was_moved_away_is_not_proven_deleted"),
    (LosesMarkers, "test_a_marker_is_found_on_its_event_only"),
    (FindsAnyMarker, "test_a_marker_is_found_on_its_event_only"),
    (FindsTheTrash, "test_a_marker_goes_with_its_event"),
]
