"""What one test appointment shows about a tenant: how it is stored, found, changed and emptied.

Only mapped fields are written, as everywhere, and one field that no tenant has: whether such a one is refused. Not
asked is whether an appointment can be given to another user, as FLOWFACT might tell that person of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.errors import EventError
from calsync.sync.model import AllDay, Timed
from calsync.values import replace
from calsync_flowfact.answers import Answer, ok, problem, unknown, warning
from calsync_flowfact.entity import entity_id, metadata, modified_ms, schema_of, values
from calsync_flowfact.mapping import EntityMapping
from calsync_flowfact.order import newest_first
from calsync_flowfact.query import CREATED, MODIFIED, Queries, newest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import Clock
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.habits import Habits
    from calsync_flowfact.query import Query

SUMMARY = "calsync-Test, wird gleich gelöscht"
START = datetime(2000, 1, 3, 9, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))
DAY = AllDay(date(2000, 1, 3), date(2000, 1, 5))
ZONE = ZoneInfo("Europe/Berlin")
LOOK_SECONDS = 1.0
"""How often the search is asked for what was written."""
NO_FIELD = "calsync_unknown_field"
NO_VERSION = '"calsync"'
"""An ETag that no entity has."""


@dataclass(slots=True)
class EditProbe:
    """Looks at a test appointment. `habits` says what was known before, and in the end what is known now."""

    client: Client
    settings: Settings
    clock: Clock
    api_user: str
    habits: Habits
    answers: list[Answer] = field(default_factory=list)

    async def ask(self, event_id: str, marker: str) -> None:
        """Ask everything. Raises what the client raises; the answers until then stay."""
        await self._read_back(event_id)
        await self._search(event_id, marker)
        await self._edit(event_id)
        await self._unknown_field(event_id)
        await self._condition(event_id)
        if self.settings.stores_days:
            await self._days(event_id)
        if self.settings.name("description"):
            await self._clear(event_id)
        self.answers.append(
            unknown(
                "owner",
                "whether an appointment can be given to another user is not asked: that user might be told of it",
                "Ob ein Termin jemand anderem gegeben werden kann, wird nicht gefragt: Das bekäme vielleicht "
                "jemand gemeldet",
            )
        )

    @property
    def mapping(self) -> EntityMapping:
        return EntityMapping(self.settings, self.api_user, self.api_user, ZONE)

    @property
    def queries(self) -> Queries:
        return Queries(self.settings, self.api_user, ZONE)

    async def _read_back(self, event_id: str) -> None:
        seen = self.mapping.observe(await self._entity(event_id))
        event = None if seen is None else seen.event
        if event is None or (event.summary, event.when) != (SUMMARY, WHEN):
            self.answers.append(
                problem(
                    "stored",
                    "what was written is not what is read: the mapping is wrong",
                    "Gelesen wird nicht, was geschrieben wurde: Die Zuordnung stimmt nicht",
                )
            )
        else:
            self.answers.append(
                ok("stored", "what is written is what is read", "Gelesen wird, was geschrieben wurde")
            )

    async def _search(self, event_id: str, marker: str) -> None:
        """Wait until a search sees the appointment, by its id and by its marker."""
        seconds = await self.seconds_until(self.queries.by_id([event_id]), event_id, there=True)
        if seconds is None:
            limit = self.settings.overlap // 1000
            self.answers.append(
                problem(
                    "lag",
                    f"a search does not see a write within {limit} seconds; raise overlap_seconds",
                    f"Die Suche zeigt einen neuen Termin nicht in {limit} Sekunden; erhöhen Sie overlap_seconds",
                )
            )
            return
        self.habits = replace(self.habits, search_lag=seconds)
        self.answers.append(
            ok(
                "lag",
                f"a search sees a write after {seconds:.0f} seconds",
                f"Die Suche zeigt einen neuen Termin nach {seconds:.0f} Sekunden",
            )
        )
        name = self.settings.name("marker")
        if name is not None:
            found = event_id in await self.found(self.queries.marked(name, marker))
            self.habits = replace(self.habits, marker_found=found)
            self.answers.append(
                ok("marker", "a search finds the marker", "Die Suche findet die Kennung im Feld `marker`")
                if found
                else warning(
                    "marker",
                    "a search does not find the marker; calsync compares contents instead",
                    "Die Suche findet die Kennung im Feld `marker` nicht; calsync vergleicht stattdessen Inhalte",
                )
            )

    async def _edit(self, event_id: str) -> None:
        """Change the summary, and see who and when FLOWFACT says that was."""
        before = await self._entity(event_id)
        answer = await self._patch(before, self.mapping.change_fields({"summary": SUMMARY + "."}, before))
        after = await self._entity(event_id)
        full = answer is not None
        self.answers.append(
            ok(
                "patch",
                f"a change answers {'the appointment' if full else 'nothing'}",
                f"Eine Änderung antwortet mit {'dem Termin' if full else 'nichts'}",
            )
        )
        moved = modified_ms(after) > modified_ms(before)
        self.habits = replace(self.habits, modified_moves=moved)
        if not moved:
            self.answers.append(
                problem(
                    "modified",
                    "a change does not move lastModifiedTimestamp, so edits cannot be seen; calsync reads "
                    "everything at each poll instead, which is slow",
                    "Eine Änderung bewegt lastModifiedTimestamp nicht, so sind Bearbeitungen nicht zu sehen; "
                    "calsync liest stattdessen bei jeder Abfrage alles, und das ist langsam",
                )
            )
            return
        ours = metadata(after).get("lastModifier") == self.api_user
        by = "the API user" if ours else "somebody else"
        who = "der API-Benutzer" if ours else "jemand anderes"
        self.answers.append(
            ok(
                "modified",
                f"a change moves lastModifiedTimestamp, by {by}",
                f"Eine Änderung bewegt lastModifiedTimestamp, geändert hat {who}",
            )
        )
        seen = self.habits.search_lag is not None  # or nothing can be told of the search
        if seen and not await self._comes_first(event_id, modified_ms(after)):
            self.habits = replace(self.habits, sorts=False)
            self.answers.append(
                problem(
                    "sort",
                    "a search does not put in front what was just changed; calsync reads everything at each poll "
                    "instead, which is slow",
                    "Die Suche stellt nicht voran, was eben geändert wurde; calsync liest stattdessen bei jeder "
                    "Abfrage alles, und das ist langsam",
                )
            )

    async def _comes_first(self, event_id: str, time: int) -> bool:
        """Tell whether the search shows a change on its first page, behind nothing older, within the overlap."""
        query, began = newest(self.settings, [], MODIFIED, CREATED), self.clock.now()
        while True:
            hits = await self.client.search(query, 0, self.settings.page_size)
            if any(entity_id(one) == event_id and modified_ms(one) >= time for one in hits.entities):
                return newest_first(map(modified_ms, hits.entities))
            if (self.clock.now() - began).total_seconds() * 1000 >= self.settings.overlap:
                return False
            await self.clock.sleep(LOOK_SECONDS)

    async def _unknown_field(self, event_id: str) -> None:
        try:
            await self._patch(await self._entity(event_id), {NO_FIELD: {"values": ["calsync"]}})
        except EventError:
            said = "refuses", "weist zurück"
        else:
            kept = NO_FIELD in await self._entity(event_id)
            said = ("stores", "speichert") if kept else ("ignores", "ignoriert")
        self.answers.append(
            ok("unknown_field", f"FLOWFACT {said[0]} an unknown field", f"FLOWFACT {said[1]} ein unbekanntes Feld")
        )

    async def _condition(self, event_id: str) -> None:
        """Ask for a change on condition of a version that the appointment does not have."""
        before = await self._entity(event_id)
        fields = self.mapping.change_fields({"summary": SUMMARY + ".."}, before)
        try:
            schema = schema_of(before, self.settings.write_schema)
            await self.client.patch(schema, event_id, fields, if_match=NO_VERSION)
        except EventError:
            self.answers.append(
                ok(
                    "condition",
                    "a change may have a condition (If-Match)",
                    "Eine Änderung kann etwas voraussetzen",
                )
            )
            return
        self.answers.append(
            ok(
                "condition",
                "a change ignores a condition (If-Match)",
                "Eine Änderung beachtet keine Bedingung (If-Match)",
            )
        )

    async def _days(self, event_id: str) -> None:
        entity = await self._entity(event_id)
        await self._patch(entity, self.mapping.change_fields({"when": DAY}, entity))
        seen = self.mapping.observe(await self._entity(event_id))
        if seen is not None and seen.event.when == DAY:
            self.answers.append(
                ok(
                    "all_day",
                    "an all-day appointment is read as it was written; look at one that was made in FLOWFACT, too",
                    "Ein ganztägiger Termin wird gelesen, wie er geschrieben "
                    "wurde; sehen Sie sich auch einen an, der in FLOWFACT entstand",
                )
            )
        else:
            self.answers.append(
                problem(
                    "all_day",
                    "an all-day appointment is not read as it was written",
                    "Ein ganztägiger Termin wird nicht so gelesen, wie er geschrieben wurde",
                )
            )

    async def _clear(self, event_id: str) -> None:
        """Empty the notes by no values, and by an empty text where that does nothing."""
        name = self.settings.required("description")
        entity = await self._entity(event_id)
        await self._patch(entity, {name: {"values": []}})
        entity = await self._entity(event_id)
        cleared = not values(entity, name)
        self.habits = replace(self.habits, clears=cleared)
        if cleared:
            self.answers.append(ok("clear", "no values empty a field", "Eine leere Werteliste leert ein Feld"))
            return
        await self._patch(entity, {name: {"values": [""]}})
        emptied = not values(await self._entity(event_id), name)
        tell = ok if emptied else problem
        self.answers.append(
            tell(
                "clear",
                f"only an empty text empties a field: {'yes' if emptied else 'not even that'}",
                f"nur ein leerer Text leert ein Feld: {'ja' if emptied else 'auch das nicht'}",
            )
        )

    async def _entity(self, event_id: str) -> Entity:
        entity = await self.client.get(event_id)
        if entity is None:
            raise EventError("the test appointment cannot be read")
        return entity

    async def _patch(self, entity: Entity, fields: Mapping[str, Any]) -> Entity | None:
        schema = schema_of(entity, self.settings.write_schema)
        return await self.client.patch(schema, entity_id(entity) or "", fields)

    async def seconds_until(self, query: Query, event_id: str, *, there: bool) -> float | None:
        """Return after how many seconds a search shows an event, or no longer; None if not within the overlap."""
        began = self.clock.now()
        while (event_id in await self.found(query)) is not there:
            if (self.clock.now() - began).total_seconds() * 1000 >= self.settings.overlap:
                return None
            await self.clock.sleep(LOOK_SECONDS)
        return (self.clock.now() - began).total_seconds()

    async def found(self, query: Query) -> Sequence[str]:
        hits = await self.client.search(query, 0, self.settings.page_size)
        return [found for entity in hits.entities if (found := entity_id(entity))]
