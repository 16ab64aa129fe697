"""Settling what an earlier run left open: find out whether a write was carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.confirm import confirm, tell_lost
from calsync.engine.creates import LOOKS, settle_creates
from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.notebook import Batch
from calsync.engine.together import together
from calsync.ports import Elsewhere, Gone, Here, Trashed
from calsync.sync.forms import may_be_form
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.ports import Whereabouts
    from calsync.records import Intent
    from calsync.sync.model import Observation


async def settle(run: Run, reason: str | None = None, *, repeats: bool = True) -> None:
    """Look up every open intent. What is found becomes the observation, what was intended the base.

    `reason`: only those that were begun for it. Without `repeats`, no create that was lost is sent again.
    """
    wanted = (each for each in run.notebook.state.intents.values() if reason in {None, each.reason})
    intents = sorted(wanted, key=lambda intent: intent.marker)
    if not intents:  # as in most runs
        return
    await settle_creates(run, [intent for intent in intents if intent.kind is Kind.CREATE], repeats=repeats)
    updates = [intent for intent in intents if intent.kind is Kind.UPDATE]
    deletes = [intent for intent in intents if intent.kind is Kind.DELETE]
    found = {side: await _read_targets(run, side, updates) for side in BOTH}
    places = await together(_locate_target(run, intent) for intent in deletes)
    # One after the other: two intents of one link move its bases, the second one those that the first one left.
    for intent in updates:
        await _settle_update(run, intent, found[intent.side])
    for intent, place in zip(deletes, places, strict=True):
        await _settle_delete(run, intent, place)


async def _read_targets(run: Run, side: Side, intents: Sequence[Intent]) -> Mapping[str, Observation]:
    ids = [intent.target.id for intent in intents if intent.side is side and intent.target is not None]
    return await run.account.calendars[side].read(ids) if ids else {}


async def _locate_target(run: Run, intent: Intent) -> Whereabouts:
    target = _target(intent)
    return await run.account.calendars[intent.side].locate(target.id, target.event.uid)


async def _settle_update(run: Run, intent: Intent, read: Mapping[str, Observation]) -> None:
    target, batch = _target(intent), Batch()
    found = read.get(target.id)
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
        tell_lost(run, batch, intent)  # whoever sent it may only be frozen, and it arrives when that one goes on
    await run.notebook.commit(batch)


async def _settle_delete(run: Run, intent: Intent, place: Whereabouts) -> None:
    event_id, batch = _target(intent).id, Batch()
    known = run.notebook.state.seen[intent.side].get(event_id)
    if isinstance(place, Trashed) or (isinstance(place, Gone) and intent.looks + 1 >= LOOKS):
        confirm(run, batch, intent, None, None)
    elif isinstance(place, Gone):  # once, as of a server that lags: no proof, as everywhere
        batch.intents[intent.marker] = replace(intent, looks=intent.looks + 1)
    elif isinstance(place, Here):
        batch.intents[intent.marker] = None
        batch.seen[intent.side][event_id] = fresh_seen(run, known, place.observation, intent.side)
    elif isinstance(place, Elsewhere):
        batch.intents[intent.marker] = None
        if known is not None:
            batch.seen[intent.side][event_id] = doubted(run, known)
    await run.notebook.commit(batch)


def _carried_out(target: Observation, intent: Intent, found: Observation) -> bool:
    """Tell whether an update reached the server: it writes all its fields or none, so none may be as before.

    Where each field is neither as written nor as before, the server may have put all of them into another form:
    that counts as carried out, if calsync wrote last, or may have. Anything else is an edit, and both meet.
    """
    values = {name: found.event.value(name) for name in intent.changes}
    written = [values[name] == value for name, value in intent.changes.items()]
    moved = all(value != target.event.value(name) for name, value in values.items())
    ours = found.written_by_us
    if ours is None:
        ours = all(may_be_form(values[name], value) for name, value in intent.changes.items())
    return all(written) or (moved and (any(written) or ours))


def _target(intent: Intent) -> Observation:
    if intent.target is None:
        raise TypeError("the intent of an update or a delete holds its target")
    return intent.target
