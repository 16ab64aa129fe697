"""Searches in FLOWDSL (`@flowfact/node-flowdsl`), as the search-service takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calsync_flowfact.config import NUMERIC
from calsync_flowfact.times import InstantCodec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Window
    from calsync_flowfact.config import Settings

Query = dict[str, Any]
MODIFIED = "_metadata.lastModifiedTimestamp"
CREATED = "_metadata.createdTimestamp"


@dataclass(frozen=True, slots=True)
class Queries:
    """What is asked about the appointments of one account."""

    settings: Settings
    owner: str
    zone: ZoneInfo

    def newest(self, *by: str) -> Query:
        """Return all of the owner's appointments, the newest by these times first.

        Further times only put those with an equal first one into one order on all pages.
        """
        return newest(self.settings, [self._owner], *by)

    def overlapping(self, window: Window | None) -> Query:
        """Return the appointments that overlap a window, all where it is None; no edit changes their order."""
        conditions = [self._owner] if window is None else [self._owner, self._range(window)]
        return self._query(conditions, [{"field": CREATED, "direction": "ASC"}])

    def by_id(self, ids: Sequence[str]) -> Query:
        """Return the entities with these ids, whosever they are."""
        return by_id(self.settings, ids)

    def marked(self, field: str, marker: str) -> Query:
        """Return the owner's appointments with a marker, the newest first; similar ones may be among them."""
        return newest(self.settings, [self._owner, _equals(field, marker)], CREATED)

    def called(self, summary: str) -> Query:
        """Return the owner's appointments with a summary, the newest first; similar ones may be among them."""
        return newest(self.settings, [self._owner, _equals(self.settings.required("summary"), summary)], CREATED)

    @property
    def knows_ranges(self) -> bool:
        """Whether start and end are numbers of one unit, the only form in which a range's units are evident."""
        codecs = {self.settings.fields[key].codec for key in ("start", "end")}
        return len(codecs) == 1 and codecs <= NUMERIC and self.settings.habits.ranges is not False

    @property
    def _owner(self) -> Mapping[str, Any]:
        return _equals(self.settings.required("owner"), self.owner)

    def _range(self, window: Window) -> Mapping[str, Any]:
        codec = InstantCodec(self.settings.fields["start"].codec, self.zone)
        return {
            "type": "hasRangeOverlapping",
            "rangeStart": self.settings.required("start"),
            "rangeEnd": self.settings.required("end"),
            "value": {"from": codec.encode(window.start), "to": codec.encode(window.end)},
        }

    def _query(self, conditions: Sequence[Mapping[str, Any]], sorts: Sequence[Mapping[str, str]]) -> Query:
        return _query(self.settings, conditions, sorts)


def newest(settings: Settings, conditions: Sequence[Mapping[str, Any]], *by: str) -> Query:
    """Return the appointments of which all conditions are true, everybody's without one, the newest first."""
    return _query(settings, conditions, [{"field": field, "direction": "DESC"} for field in by])


def by_id(settings: Settings, ids: Sequence[str]) -> Query:
    """Return the entities with these ids. An empty list would be an error, or match all."""
    return _query(settings, [{"type": "entityId", "values": list(ids)}], [])


def _query(
    settings: Settings, conditions: Sequence[Mapping[str, Any]], sorts: Sequence[Mapping[str, str]]
) -> Query:
    return {
        "target": "ENTITY",
        "fetch": settings.fetched,
        "conditions": list(conditions),
        "sorts": list(sorts),
    }


def _equals(field: str, value: str) -> Mapping[str, Any]:
    return {"type": "hasFieldWithValue", "field": field, "operator": "EQUALS", "value": value}
