"""The questions about a tenant that only a write answers, asked with one appointment that is removed again.

It lies in the year 2000, says what it is, and belongs to the API user, in whose name no calendar is synced. Only
mapped fields are written, as everywhere. Whatever happens on the way, it is moved to the trash in the end; where
that fails, the answer names its id.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.errors import CalsyncError, EventError, UnknownOutcome
from calsync.sync.model import AllDay, Draft, Timed
from calsync_flowfact.answers import Answer, ok, problem, unknown, warning
from calsync_flowfact.entity import entity_id, metadata, modified_ms, schema_of, values
from calsync_flowfact.mapping import EntityMapping
from calsync_flowfact.query import Queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import Clock
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.habits import Habits
    from calsync_flowfact.query import Query

SUMMARY = "calsync-Test, wird gleich gelöscht"
NOTES = "Diesen Termin hat `calsync flowfact probe --write-test` angelegt.\nEr darf gelöscht werden."
START = datetime(2000, 1, 3, 9, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))
DAY = AllDay(date(2000, 1, 3), date(2000, 1, 5))
ZONE = ZoneInfo("Europe/Berlin")
LOOK_SECONDS = 1.0
"""How often the search is asked for what was written."""


@dataclass(slots=True)
class WriteProbe:
    """One probe by writing. `habits` says what was known before, and in the end what is known now."""

    client: Client
    settings: Settings
    clock: Clock
    api_user: str
    habits: Habits
    answers: list[Answer] = field(default_factory=list)

    async def ask(self) -> Sequence[Answer]:
        """Write, look and remove. Raises LoginError, Retry before anything was written."""
        marker = f"v1:probe:{uuid.uuid4().hex}"
        created: str | None
        try:
            created = await self._create(marker)
        except (EventError, UnknownOutcome) as error:
            said = str(error)
            self.answers.append(problem("create", f"no test appointment: {said}", f"kein Testtermin: {said}"))
            created = await self._lost(marker)
        if created is None:
            return self.answers
        try:
            await self._look(created, marker)
        except CalsyncError as error:
            self.answers.append(unknown("write", f"broken off: {error}", f"abgebrochen: {error}"))
        finally:
            await self._remove(created)
        return self.answers

    @property
    def _mapping(self) -> EntityMapping:
        return EntityMapping(self.settings, self.api_user, self.api_user, ZONE)

    @property
    def _queries(self) -> Queries:
        return Queries(self.settings, self.api_user, ZONE)

    async def _create(self, marker: str) -> str:
        draft = Draft(summary=SUMMARY, description=NOTES, when=WHEN, reminder=None)
        answer = await self.client.create(self._mapping.draft_fields(draft, marker))
        form = "its id" if isinstance(answer, str) else "the appointment"
        german = "seiner Kennung" if isinstance(answer, str) else "dem Termin"
        self.answers.append(ok("create", f"a create answers {form}", f"das Anlegen antwortet mit {german}"))
        return answer if isinstance(answer, str) else entity_id(answer) or ""

    async def _lost(self, marker: str) -> str | None:
        """Return the appointment that a create made whose answer was lost, once the search has caught up."""
        name = self.settings.name("marker")
        if name is None:
            return None
        await self.clock.sleep(self.settings.overlap / 1000)
        found = await self._found(self._queries.marked(name, marker))
        return next(iter(found), None)

    async def _look(self, event_id: str, marker: str) -> None:
        await self._read_back(event_id)
        await self._search(event_id, marker)
        await self._edit(event_id)
        if self.settings.stores_days:
            await self._days(event_id)
        if self.settings.name("description"):
            await self._clear(event_id)

    async def _read_back(self, event_id: str) -> None:
        seen = self._mapping.observe(await self._entity(event_id))
        event = None if seen is None else seen.event
        if event is None or (event.summary, event.when) != (SUMMARY, WHEN):
            self.answers.append(
                problem(
                    "stored",
                    "what was written is not what is read: the mapping is wrong",
                    "gelesen wird nicht, was geschrieben wurde: Die Zuordnung stimmt nicht",
                )
            )
        else:
            self.answers.append(
                ok("stored", "what is written is what is read", "gelesen wird, was geschrieben wurde")
            )

    async def _search(self, event_id: str, marker: str) -> None:
        """Wait until a search sees the appointment, by its id and by its marker."""
        seconds = await self._seconds_until(self._queries.by_id([event_id]), event_id, there=True)
        if seconds is None:
            limit = self.settings.overlap // 1000
            self.answers.append(
                problem(
                    "lag",
                    f"a search does not see a write within {limit} seconds; raise overlap_seconds",
                    f"die Suche zeigt einen neuen Termin nicht in {limit} Sekunden; erhöhen Sie overlap_seconds",
                )
            )
            return
        self.habits = replace(self.habits, search_lag=seconds)
        self.answers.append(
            ok(
                "lag",
                f"a search sees a write after {seconds:.0f} seconds",
                f"die Suche zeigt einen neuen Termin nach {seconds:.0f} Sekunden",
            )
        )
        name = self.settings.name("marker")
        if name is not None:
            found = event_id in await self._found(self._queries.marked(name, marker))
            self.habits = replace(self.habits, marker_found=found)
            self.answers.append(
                ok("marker", "a search finds the marker", "die Suche findet die Kennung im Feld `marker`")
                if found
                else warning(
                    "marker",
                    "a search does not find the marker; calsync compares contents instead",
                    "die Suche findet die Kennung im Feld `marker` nicht; calsync vergleicht stattdessen Inhalte",
                )
            )

    async def _edit(self, event_id: str) -> None:
        """Change the summary, and see who and when FLOWFACT says that was."""
        before = await self._entity(event_id)
        answer = await self._patch(before, self._mapping.change_fields({"summary": SUMMARY + "."}, before))
        after = await self._entity(event_id)
        full = answer is not None
        self.answers.append(
            ok(
                "patch",
                f"a change answers {'the appointment' if full else 'nothing'}",
                f"eine Änderung antwortet mit {'dem Termin' if full else 'nichts'}",
            )
        )
        moved = modified_ms(after) > modified_ms(before)
        ours = metadata(after).get("lastModifier") == self.api_user
        if not moved:
            self.answers.append(
                problem(
                    "modified",
                    "a change does not move lastModifiedTimestamp, so edits cannot be seen",
                    "eine Änderung bewegt lastModifiedTimestamp nicht; so sind Bearbeitungen nicht zu sehen",
                )
            )
        else:
            by = "the API user" if ours else "somebody else"
            who = "der API-Benutzer" if ours else "jemand anderes"
            self.answers.append(
                ok(
                    "modified",
                    f"a change moves lastModifiedTimestamp, by {by}",
                    f"eine Änderung bewegt lastModifiedTimestamp, geändert hat {who}",
                )
            )

    async def _days(self, event_id: str) -> None:
        entity = await self._entity(event_id)
        await self._patch(entity, self._mapping.change_fields({"when": DAY}, entity))
        seen = self._mapping.observe(await self._entity(event_id))
        if seen is not None and seen.event.when == DAY:
            self.answers.append(
                ok(
                    "all_day",
                    "an all-day appointment is read as it was written; look at one that was made in FLOWFACT, too",
                    "ein ganztägiger Termin wird gelesen, wie er geschrieben "
                    "wurde; sehen Sie sich auch einen an, der in FLOWFACT entstand",
                )
            )
        else:
            self.answers.append(
                problem(
                    "all_day",
                    "an all-day appointment is not read as it was written",
                    "ein ganztägiger Termin wird nicht so gelesen, wie er geschrieben wurde",
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
            self.answers.append(ok("clear", "no values empty a field", "eine leere Werteliste leert ein Feld"))
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

    async def _remove(self, event_id: str) -> None:
        schema = self.settings.write_schema
        try:
            await self.client.delete(schema, event_id)
            gone = await self.client.get(event_id) is None
        except CalsyncError:
            gone = False
        if not gone:
            self.answers.append(
                problem(
                    "removed",
                    f"the test appointment {event_id} is still there; delete it in FLOWFACT",
                    f"der Testtermin {event_id} ist noch da; bitte löschen Sie ihn in FLOWFACT",
                )
            )
            return
        self.answers.append(
            ok("removed", "the test appointment is in the trash", "der Testtermin liegt im Papierkorb")
        )
        if self.habits.search_lag is None:
            return
        seconds = await self._seconds_until(self._queries.by_id([event_id]), event_id, there=False)
        self.habits = replace(self.habits, trash_in_search=seconds is None)
        en, de = ("still finds", "findet weiterhin") if seconds is None else ("does not find", "findet nicht mehr")
        self.answers.append(ok("trash", f"a search {en} what was deleted", f"die Suche {de}, was gelöscht ist"))

    async def _entity(self, event_id: str) -> Entity:
        entity = await self.client.get(event_id)
        if entity is None:
            raise EventError("the test appointment cannot be read")
        return entity

    async def _patch(self, entity: Entity, fields: Mapping[str, Any]) -> Entity | None:
        schema = schema_of(entity, self.settings.write_schema)
        return await self.client.patch(schema, entity_id(entity) or "", fields)

    async def _seconds_until(self, query: Query, event_id: str, *, there: bool) -> float | None:
        """Return after how many seconds a search shows an event, or no longer; None if not within the overlap."""
        began = self.clock.now()
        while (event_id in await self._found(query)) is not there:
            if (self.clock.now() - began).total_seconds() * 1000 >= self.settings.overlap:
                return None
            await self.clock.sleep(LOOK_SECONDS)
        return (self.clock.now() - began).total_seconds()

    async def _found(self, query: Query) -> Sequence[str]:
        hits = await self.client.search(query, 0, self.settings.page_size)
        return [found for entity in hits.entities if (found := entity_id(entity))]
