"""Settling what an earlier run left open: find out whether a write was carried out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.engine.carry import repeat
from calsync.engine.confirm import confirm, tell_lost
from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.notebook import Batch
from calsync.ports import Gone, Here, Trashed
from calsync.sync.plan import Kind
from calsync.sync.view import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.records import Intent
    from calsync.sync.model import Observation, Side

LOOKS = 2
"""A marker counts as missing after so many searches, the first of which may have been too early."""


async def settle(run: Run) -> None:
    """Look up every open intent. What is found becomes the observation, what was intended the base."""
    intents = sorted(run.notebook.state.intents.values(), key=lambda intent: intent.marker)
    creates = [intent for intent in intents if intent.kind is Kind.CREATE]
    await _settle_creates(run, creates)
    await asyncio.gather(*(_settle_other(run, intent) for intent in intents if intent.kind is not Kind.CREATE))


def waiting_events(run: Run) -> frozenset[tuple[Side, str]]:
    """Return the events that take no part while a create is open, or while our own tombstone names them.

    While a create is open, every unlinked event of its target side that was not seen before it began may be what
    it made.
    """
    state = run.notebook.state
    waiting = set(state.tombstones)
    for intent in state.intents.values():
        if intent.kind is not Kind.CREATE:
            continue
        if intent.source is not None:
            waiting.add((intent.side.other, intent.source.id))
        for event_id, seen in state.seen[intent.side].items():
            if seen.first_run >= intent.run and run.notebook.link_of(intent.side, event_id) is None:
                waiting.add((intent.side, event_id))
    return frozenset(waiting)


async def _settle_creates(run: Run, intents: Sequence[Intent]) -> None:
    if not intents:
        return
    marked = await _marked(run, intents)
    found = await asyncio.gather(*(_look(run, intent, marked) for intent in intents))
    batch, repeats = Batch(), []
    for intent, holders in zip(intents, found, strict=True):
        if holders:
            confirm(run, batch, intent, None, holders[0])
        elif _missed(run, intent):
            if _stands(run, intent):
                repeats.append(intent)
            else:
                batch.intents[intent.marker] = None
        else:
            batch.intents[intent.marker] = replace(intent, looks=intent.looks + 1)
    await run.notebook.commit(batch)
    if repeats:
        await repeat(run, repeats)


async def _marked(run: Run, intents: Sequence[Intent]) -> Mapping[str, list[Observation]]:
    """Read by id every event that may be what an open create made; no search lag hides a marker there."""
    waiting = waiting_events(run)
    marked: dict[str, list[Observation]] = {}
    for side in {intent.side for intent in intents}:
        ids = sorted(event_id for where, event_id in waiting if where is side)
        ids = [event_id for event_id in ids if event_id in run.notebook.state.seen[side]]
        if not ids:
            continue
        for observation in (await run.account.calendars[side].read(ids)).values():
            if observation.marker is not None:
                marked.setdefault(observation.marker, []).append(observation)
    return marked


async def _look(run: Run, intent: Intent, marked: Mapping[str, list[Observation]]) -> list[Observation]:
    """Return the events that carry a create's marker, oldest first."""
    holders = {observation.id: observation for observation in marked.get(intent.marker, [])}
    if not holders:
        found = await run.account.calendars[intent.side].find_marker(intent.marker)
        holders = {observation.id: observation for observation in found}
    free = [holder for holder in holders.values() if run.notebook.link_of(intent.side, holder.id) is None]
    return sorted(free, key=lambda holder: (str(holder.event.created or ""), holder.id))


def _missed(run: Run, intent: Intent) -> bool:
    """Tell whether a miss counts: the search can no longer lag behind, and this is not the first look."""
    lag = run.account.calendars[intent.side].capabilities.marker_lag
    late = run.now - intent.begun >= lag
    return late and (not lag or intent.looks + 1 >= LOOKS)


def _stands(run: Run, intent: Intent) -> bool:
    """Tell whether a create may be repeated: its side may still be written, its source is what it was planned from."""
    if intent.source is None or not run.account.direction.writes(intent.side):
        return False
    side = intent.side.other
    seen = run.notebook.state.seen[side].get(intent.source.id)
    if seen is None or seen.standing is not Standing.PRESENT or seen.observation.event != intent.source.event:
        return False
    return intent.link is not None or run.notebook.link_of(side, intent.source.id) is None


async def _settle_other(run: Run, intent: Intent) -> None:
    """Settle an update or a delete by reading its target."""
    target = intent.target
    batch = Batch()
    if target is None:
        batch.intents[intent.marker] = None
    elif intent.kind is Kind.DELETE:
        await _settle_delete(run, batch, intent, target.id)
    else:
        found = (await run.account.calendars[intent.side].read([target.id])).get(target.id)
        known = run.notebook.state.seen[intent.side].get(target.id)
        if found is None:
            batch.intents[intent.marker] = None
            tell_lost(run, batch, intent)
            if known is not None:
                batch.seen[intent.side][target.id] = doubted(run, known)
        elif _carried_out(target, intent, found):
            confirm(run, batch, intent, None, found)
        else:
            batch.intents[intent.marker] = None
            batch.seen[intent.side][target.id] = fresh_seen(run, known, found, intent.side)
            if any(found.event.value(name) != target.event.value(name) for name in intent.changes):
                tell_lost(run, batch, intent)
    await run.notebook.commit(batch)


async def _settle_delete(run: Run, batch: Batch, intent: Intent, event_id: str) -> None:
    place = await run.account.calendars[intent.side].locate(event_id)
    if isinstance(place, Trashed | Gone):
        confirm(run, batch, intent, None, None)
    elif isinstance(place, Here):
        batch.intents[intent.marker] = None
        known = run.notebook.state.seen[intent.side].get(event_id)
        batch.seen[intent.side][event_id] = fresh_seen(run, known, place.observation, intent.side)


def _carried_out(target: Observation, intent: Intent, found: Observation) -> bool:
    """Tell whether an update reached the server: it writes all its fields or none, so none may be as before.

    Where each field is neither as written nor as before, the server may have put all of them into another form:
    that counts as carried out, unless somebody else wrote last.
    """
    written = [found.event.value(name) == value for name, value in intent.changes.items()]
    moved = all(found.event.value(name) != target.event.value(name) for name in intent.changes)
    return all(written) or (moved and (any(written) or found.written_by_us is not False))
