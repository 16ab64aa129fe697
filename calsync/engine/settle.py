"""Settling what an earlier run left open: find out whether a write was carried out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from calsync.engine.confirm import confirm, tell_lost
from calsync.engine.creates import settle_creates
from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.notebook import Batch
from calsync.ports import Elsewhere, Gone, Here, Trashed
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from calsync.engine.account import Run
    from calsync.records import Intent
    from calsync.sync.model import Observation


async def settle(run: Run) -> None:
    """Look up every open intent. What is found becomes the observation, what was intended the base."""
    intents = sorted(run.notebook.state.intents.values(), key=lambda intent: intent.marker)
    creates = [intent for intent in intents if intent.kind is Kind.CREATE]
    await settle_creates(run, creates)
    await asyncio.gather(*(_settle_other(run, intent) for intent in intents if intent.kind is not Kind.CREATE))


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
    known = run.notebook.state.seen[intent.side].get(event_id)
    if isinstance(place, Trashed | Gone):
        confirm(run, batch, intent, None, None)
    elif isinstance(place, Here):
        batch.intents[intent.marker] = None
        batch.seen[intent.side][event_id] = fresh_seen(run, known, place.observation, intent.side)
    elif isinstance(place, Elsewhere):
        batch.intents[intent.marker] = None
        if known is not None:
            batch.seen[intent.side][event_id] = doubted(run, known)


def _carried_out(target: Observation, intent: Intent, found: Observation) -> bool:
    """Tell whether an update reached the server: it writes all its fields or none, so none may be as before.

    Where each field is neither as written nor as before, the server may have put all of them into another form:
    that counts as carried out, unless somebody else wrote last.
    """
    written = [found.event.value(name) == value for name, value in intent.changes.items()]
    moved = all(found.event.value(name) != target.event.value(name) for name in intent.changes)
    return all(written) or (moved and (any(written) or found.written_by_us is not False))
