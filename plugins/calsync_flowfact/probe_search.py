"""The questions about a tenant's search: what it takes, how it sorts, how large its pages are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.values import replace
from calsync_flowfact.answers import Answer, ok, problem, unknown
from calsync_flowfact.config import NUMERIC
from calsync_flowfact.entity import entity_id, values
from calsync_flowfact.failures import Rejected
from calsync_flowfact.habits import NOTHING_KNOWN, Habits
from calsync_flowfact.order import heeds_offset, sorts
from calsync_flowfact.query import CREATED, MODIFIED
from calsync_flowfact.sample import SIZE
from calsync_flowfact.times import InstantCodec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity, Hits

LARGEST = 1000
DEEP = 10_000
"""A place in a search's answer behind which many search engines do not go."""
UTC_ZONE = ZoneInfo("UTC")


@dataclass(slots=True)
class Found:
    """What a probe has found so far."""

    habits: Habits = NOTHING_KNOWN
    shown: Sequence[Entity] = ()
    """Those that were created last, whatever their schema."""
    sample: Sequence[Entity] = ()
    """Those of them that the mapping is about."""
    total: int = 0


@dataclass(frozen=True, slots=True)
class SearchProbe:
    """Asks a tenant's search, and notes in `found` what it finds."""

    client: Client
    settings: Settings
    now: datetime
    found: Found

    async def filter(self) -> Sequence[Answer]:
        """Ask for what will be modified in ten years: a server that ignores the condition answers all."""
        future = int((self.now + timedelta(days=3650)).timestamp() * 1000)
        later = {"type": "hasFieldWithValue", "field": MODIFIED, "operator": "GREATER_EQUAL", "value": future}
        try:
            accepted = (await self.search([later], MODIFIED, 1)).total == 0
        except Rejected:
            accepted = False
        if not self.found.total:
            return [
                unknown(
                    "filter",
                    "filtering by the time of modification cannot be told without an appointment",
                    "Ob sich nach Änderungszeit filtern lässt, zeigt sich erst mit einem Termin",
                )
            ]
        if accepted:
            return [
                ok(
                    "filter",
                    "a search can be filtered by the time of modification",
                    "Die Suche lässt sich nach Änderungszeit filtern",
                )
            ]
        return [
            ok(
                "filter",
                "a search cannot be filtered by the time of modification; calsync sorts instead",
                "Die Suche lässt sich nicht nach Änderungszeit filtern; calsync sortiert stattdessen",
            )
        ]

    async def sort(self) -> Sequence[Answer]:
        works = await sorts(self.client, self.settings, self.found.shown, SIZE)
        self.found.habits = replace(self.found.habits, sorts=works)
        if works is None:
            return [
                unknown(
                    "sort",
                    "whether a search sorts cannot be told without several appointments, some of them modified",
                    "Ob die Suche sortiert, zeigen erst mehrere Termine, von denen welche geändert wurden",
                )
            ]
        if works:
            return [
                ok(
                    "sort",
                    "a search sorts by the times of creation and modification",
                    "Die Suche sortiert nach Anlage- und Änderungszeit",
                )
            ]
        return [
            problem(
                "sort",
                "a search does not put what was created or modified last in front; calsync reads everything at "
                "each poll instead, which is slow",
                "Die Suche stellt nicht voran, was zuletzt angelegt oder geändert wurde; calsync liest "
                "stattdessen bei jeder Abfrage alles, und das ist langsam",
            )
        ]

    async def page(self) -> Sequence[Answer]:
        largest = len((await self.search([], CREATED, LARGEST)).entities)
        cut = largest < min(self.found.total, LARGEST)
        self.found.habits = replace(self.found.habits, page_size=largest if cut and largest else None)
        answers = [
            ok(
                "page",
                f"a page holds {largest} of {self.found.total} appointments",
                f"Eine Seite fasst {largest} von {self.found.total} Terminen",
            )
        ]
        if not await heeds_offset(self.client, self.settings, self.found.shown):
            answers.append(
                problem(
                    "page",
                    "a search does not begin where it is asked to, so only one page of it can be read",
                    "Die Suche beginnt nicht dort, wo sie soll; lesbar ist so nur eine einzige Seite",
                )
            )
            return answers
        try:
            await self.search([], CREATED, 1, offset=DEEP)
        except Rejected:
            answers.append(
                ok(
                    "page",
                    f"a search does not go behind {DEEP}; calsync reads in parts",
                    f"Die Suche geht nicht über {DEEP} hinaus; calsync liest in Teilen",
                )
            )
        return answers

    async def range(self) -> Sequence[Answer]:
        """Ask for what overlaps one appointment, and for what lies in a time long past."""
        codecs = {self.settings.fields[key].codec for key in ("start", "end")}
        whole = [one for one in self.found.sample if self._span(one) is not None]
        if len(codecs) != 1 or not codecs <= NUMERIC or not whole:
            return [
                unknown(
                    "range",
                    "searching by range cannot be told: it needs numbers and an appointment",
                    "Ob sich nach Zeitraum suchen lässt, ist nicht feststellbar: nötig sind Zahlen und ein Termin",
                )
            ]
        codec = InstantCodec(codecs.pop(), UTC_ZONE)
        long_past = codec.encode(datetime(1971, 1, 1, tzinfo=UTC)), codec.encode(datetime(1971, 1, 2, tzinfo=UTC))
        start, end = self._span(whole[0]) or long_past
        try:
            inside, outside = await self._overlapping(start, end), await self._overlapping(*long_past)
        except Rejected:
            inside, outside = frozenset(), frozenset()
        works = entity_id(whole[0]) in inside and not outside & inside
        self.found.habits = replace(self.found.habits, ranges=works)
        if works:
            return [
                ok(
                    "range",
                    "a search by range finds what overlaps it",
                    "Die Suche nach Zeitraum findet, was hineinreicht",
                )
            ]
        return [
            ok(
                "range",
                "a search by range does not work; calsync lists everything instead",
                "Die Suche nach Zeitraum geht nicht; calsync liest stattdessen alles",
            )
        ]

    async def search(
        self, conditions: Sequence[Mapping[str, Any]], by: str, size: int, *, offset: int = 0
    ) -> Hits:
        """Return a page of what fulfils all conditions, the newest by a time first."""
        order = [{"field": by, "direction": "DESC"}]
        fetch = self.settings.fetched if size <= SIZE else ["id"]  # a long page is only counted
        query = {"target": "ENTITY", "fetch": fetch, "conditions": list(conditions), "sorts": order}
        return await self.client.search(query, offset, size)

    async def _overlapping(self, start: Any, end: Any) -> frozenset[str]:
        names = {"rangeStart": self.settings.required("start"), "rangeEnd": self.settings.required("end")}
        condition = {"type": "hasRangeOverlapping", **names, "value": {"from": start, "to": end}}
        hits = await self.search([condition], CREATED, LARGEST)
        return frozenset(found for entity in hits.entities if (found := entity_id(entity)))

    def _span(self, entity: Entity) -> tuple[Any, Any] | None:
        starts, ends = (values(entity, self.settings.required(key)) for key in ("start", "end"))
        return (starts[0], ends[0]) if starts and ends else None
