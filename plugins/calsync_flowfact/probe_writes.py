"""The questions about a tenant that only a write answers, asked with one appointment that is removed again.

It lies in the year 2000, says what it is, and belongs to the API user, in whose name no calendar is synced.
Whatever happens on the way, an interruption too, it is moved to the trash in the end; where that fails, or where
nobody knows whether it was created at all, the answer says what to look for.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, UnknownOutcome
from calsync.sync.model import Draft
from calsync.values import replace
from calsync_flowfact.answers import ok, problem, unknown, warning
from calsync_flowfact.entity import entity_id
from calsync_flowfact.probe_edits import START, SUMMARY, WHEN, EditProbe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_flowfact.answers import Answer
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.habits import Habits

NOTES = "Diesen Termin hat `calsync flowfact probe --write-test` angelegt.\nEr darf gelöscht werden."
LOOK_FOR_EN = f"look for „{SUMMARY}“ of the API user on {START.day} Jan {START.year}, and delete it in FLOWFACT"
LOOK_FOR_DE = (
    f"bitte sehen Sie beim API-Benutzer am {START.day}. Januar {START.year} nach „{SUMMARY}“, und löschen Sie den "
    "Termin in FLOWFACT"
)
log = logging.getLogger("calsync.flowfact")


@dataclass(slots=True)
class WriteProbe:
    """One probe by writing."""

    edits: EditProbe
    _made: list[str] = field(default_factory=list)
    """Ids of what is to be removed: one, or none, or more where an earlier probe had left one."""
    _lost: bool = False
    """Whether the create was sent and its answer lost."""

    async def ask(self) -> Sequence[Answer]:
        """Write, look and remove. Whatever goes wrong is an answer."""
        marker = f"v1:probe:{uuid.uuid4().hex}"
        try:
            if await self._create(marker):
                await self.edits.ask(self._made[0], marker)
        except CalsyncError as error:
            self._tell(unknown("write", f"broken off: {error}", f"Abgebrochen: {error}"))
        finally:
            gone = [event_id for event_id in self._made if await self._remove(event_id)]
            if self._lost and not self._made:
                self._tell_lost()
        for event_id in gone[:1]:
            with suppress(CalsyncError):
                await self._trash(event_id)
            with suppress(CalsyncError):
                await self._searched(event_id)
        return self.edits.answers

    @property
    def habits(self) -> Habits:
        return self.edits.habits

    async def _create(self, marker: str) -> bool:
        """Create the appointment; tell whether it is there. One whose answer is lost is looked for."""
        draft = Draft(summary=SUMMARY, description=NOTES, when=WHEN, reminder=None)
        sending = asyncio.ensure_future(self.edits.client.create(self.edits.mapping.draft_fields(draft, marker)))
        try:
            answer = await asyncio.shield(sending)
        except asyncio.CancelledError:
            await self._interrupted(sending)
            raise
        except UnknownOutcome as error:
            self._lost = True
            self._tell(
                problem("create", f"the create has no answer: {error}", f"Keine Antwort beim Anlegen: {error}")
            )
            await self._find(marker)
            return bool(self._made)
        except CalsyncError as error:
            self._tell(problem("create", f"no test appointment: {error}", f"Kein Testtermin: {error}"))
            return False
        self._note(answer)
        form = "its id" if isinstance(answer, str) else "the appointment"
        german = "seiner Kennung" if isinstance(answer, str) else "dem Termin"
        self._tell(ok("create", f"a create answers {form}", f"Das Anlegen antwortet mit {german}"))
        return True

    async def _interrupted(self, sending: asyncio.Future[Entity | str]) -> None:
        """Wait for what is on its way: its answer names what is to be removed."""
        try:
            self._note(await sending)
        except UnknownOutcome:
            self._lost = True
        except CalsyncError:
            return

    async def _find(self, marker: str) -> None:
        """Find what a create made whose answer was lost, once the search has caught up."""
        edits, name = self.edits, self.edits.settings.name("marker")
        await edits.clock.sleep(edits.settings.overlap / 1000)
        queries = [edits.queries.called(SUMMARY), *([edits.queries.marked(name, marker)] if name else [])]
        for query in queries:
            with suppress(CalsyncError):
                hits = await edits.client.search(query, 0, edits.settings.page_size)
                found = [entity_id(one) or "" for one in hits.entities if self._is_ours(one)]
                self._made += [one for one in found if one not in self._made]

    def _is_ours(self, entity: Entity) -> bool:
        """Tell a test appointment by what it says: a search may find others too."""
        seen = self.edits.mapping.observe(entity) if self.edits.mapping.owned(entity) else None
        return seen is not None and seen.event.summary == SUMMARY and seen.event.when == WHEN

    async def _remove(self, event_id: str) -> bool:
        """Move an appointment to the trash, in two attempts. Tell whether it is gone."""
        gone = await self._is_gone(event_id) or await self._is_gone(event_id)
        if gone:
            self._tell(ok("removed", "the test appointment is gone", "Der Testtermin ist weg"))
        else:
            self._tell_aloud(
                f"the test appointment {event_id} may still be there; {LOOK_FOR_EN}",
                f"Der Testtermin {event_id} ist vielleicht noch da; {LOOK_FOR_DE}",
            )
        return gone

    async def _is_gone(self, event_id: str) -> bool:
        """Delete an appointment, and look whether it is gone: a lost answer says nothing."""
        client, schema = self.edits.client, self.edits.settings.write_schema
        with suppress(CalsyncError):
            await client.delete(schema, event_id)
        with suppress(CalsyncError):
            return await client.get(event_id) is None
        return False

    def _tell_lost(self) -> None:
        self._tell_aloud(
            f"a test appointment may have been created; {LOOK_FOR_EN}",
            f"Vielleicht wurde ein Testtermin angelegt; {LOOK_FOR_DE}",
        )

    def _tell_aloud(self, en: str, de: str) -> None:
        """Say what is left for a person to do, in the log too: whoever is interrupted prints no answers."""
        log.warning("%s", en)
        self._tell(problem("removed", en, de))

    async def _trash(self, event_id: str) -> None:
        """Look whether the trash shows the appointment, and in which order."""
        page = await self.edits.client.trash(1, self.edits.settings.page_size)
        ids, times = [one.id for one in page.entries], [one.deleted for one in page.entries]
        if event_id not in ids:
            self._tell(
                warning(
                    "trash",
                    "the first page of the trash does not show the test appointment; deletions are found later",
                    "Die erste Seite des Papierkorbs zeigt den Testtermin nicht; Löschungen werden später erkannt",
                )
            )
            return
        newest = times == sorted(times, reverse=True)
        en, de = ("the newest first", "das Neueste zuerst") if newest else ("in another order", "in anderer Folge")
        self._tell(
            ok(
                "trash",
                f"the trash shows the test appointment, {en}",
                f"Der Papierkorb zeigt den Testtermin, {de}",
            )
        )

    async def _searched(self, event_id: str) -> None:
        """Wait until a search shows the appointment no longer, where it had shown it."""
        edits = self.edits
        if edits.habits.search_lag is None:
            return
        seconds = await edits.seconds_until(edits.queries.by_id([event_id]), event_id, there=False)
        edits.habits = replace(edits.habits, trash_in_search=seconds is None)
        en, de = ("still finds", "findet weiterhin") if seconds is None else ("does not find", "findet nicht mehr")
        self._tell(ok("trash", f"a search {en} what was deleted", f"Die Suche {de}, was gelöscht ist"))

    def _note(self, answer: Entity | str) -> None:
        self._made.append(answer if isinstance(answer, str) else entity_id(answer) or "")

    def _tell(self, answer: Answer) -> None:
        self.edits.answers.append(answer)
