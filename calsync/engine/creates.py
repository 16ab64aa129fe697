"""Settling creates that an earlier run left open: which event did they make, if any."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calsync.engine.attempts import may_repeat
from calsync.engine.carry import repeat
from calsync.engine.confirm import confirm, let_go
from calsync.engine.doubts import doubted
from calsync.engine.notebook import Batch
from calsync.engine.together import together
from calsync.sync.choices import UNDONE
from calsync.sync.plan import Kind
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.records import Intent
    from calsync.sync.model import Observation, Side

LOOKS = 2
"""A create counts as lost after so many searches, the first of which may have been too early. So often a run finds
an event gone before the delete of it counts as carried out."""


async def settle_creates(run: Run, intents: Sequence[Intent], *, repeats: bool) -> None:
    """Find what each open create made; where it surely made nothing, end it, or repeat it with the same marker."""
    if not intents:
        return
    found = await _found(run, intents)
    batch, again = Batch(), []
    for intent in intents:
        holders = found[intent.marker]
        if holders:
            confirm(run, batch, intent, None, holders[0])
        elif not _missed(run, intent):
            batch.intents[intent.marker] = _looked_for(run, intent)
        elif holders is None:
            _give_up(run, batch, intent)
        elif repeats and _may_send_again(run, intent):
            # Durable before it is sent: its event may be unseen for as long as that of the first try.
            again.append(replace(intent, begun=run.clock.now(), looks=0))
            batch.intents[intent.marker] = again[-1]
        else:
            batch.intents[intent.marker] = None
    await run.notebook.commit(batch)
    if again:
        await repeat(run, again)


def _may_send_again(run: Run, intent: Intent) -> bool:
    return run.notebook.state.rebuild is None and may_repeat(run, intent) and _stands(run, intent)


def _give_up(run: Run, batch: Batch, intent: Intent) -> None:
    """End a create that any of several events may be: they meet its source as new ones, and a person decides."""
    batch.intents[intent.marker] = None
    link = None if intent.link is None else run.notebook.state.links.get(intent.link)
    if link is None:
        return
    batch.links[link.id] = None
    let_go(run, batch, intent.side, link.event_id(intent.side))


def waiting_events(run: Run) -> frozenset[tuple[Side, str]]:
    """Return the events that take no part while a create is open, or while our own tombstone names them."""
    return possibly_made(run) | run.notebook.state.tombstones.keys()


def possibly_made(run: Run) -> frozenset[tuple[Side, str]]:
    """Return the sources of open creates, also under a new id, and the events that these may have made.

    Those are the unlinked events that carry a source's uid, and the ones of the target side that were not seen
    before the create began.
    """
    state = run.notebook.state
    waiting = _sources(run)
    since: dict[Side, int] = {}
    uids: set[tuple[Side, str | None]] = set()
    for intent in state.intents.values():
        if intent.kind is Kind.CREATE and intent.source is not None:
            since[intent.side] = min(intent.run, since.get(intent.side, intent.run))
            uids.add((intent.side.other, intent.source.event.uid))
    for side, known in state.seen.items() if since else ():
        for event_id, seen in known.items():
            uid = seen.observation.event.uid
            made = side in since and seen.first_run >= since[side]
            moved = uid is not None and (side, uid) in uids
            if (made or moved) and run.notebook.link_of(side, event_id) is None:
                waiting.add((side, event_id))
    return frozenset(waiting)


def _sources(run: Run) -> set[tuple[Side, str]]:
    """Return the sources of open creates. None of them was made by one: what may have been takes no part."""
    intents = run.notebook.state.intents.values()
    creates = [intent for intent in intents if intent.kind is Kind.CREATE]
    return {(intent.side.other, intent.source.id) for intent in creates if intent.source is not None}


async def _found(run: Run, intents: Sequence[Intent]) -> Mapping[str, Sequence[Observation] | None]:
    """Return by marker the events that a create may have made, the oldest first; None where nobody can tell."""
    marking = [intent for intent in intents if run.account.calendars[intent.side].capabilities.marker]
    others = [intent for intent in intents if intent not in marking]
    marked = await _marked(run, marking)
    looked = await together(_look(run, intent, marked) for intent in marking)
    found: dict[str, Sequence[Observation] | None] = dict(_alike(run, others))
    found.update(zip((intent.marker for intent in marking), looked, strict=True))
    return found


async def _marked(run: Run, intents: Sequence[Intent]) -> Mapping[str, list[Observation]]:
    """Read by id every event that may be what an open create made; no search lag hides a marker there.

    One that is not there any more is in doubt: it must not count as new when its create is settled.
    """
    waiting = waiting_events(run)
    marked: dict[str, list[Observation]] = defaultdict(list)
    batch = Batch()
    for side in sorted({intent.side for intent in intents}):
        seen = run.notebook.state.seen[side]
        ids = sorted(event_id for where, event_id in waiting if where is side and event_id in seen)
        found = await run.account.calendars[side].read(ids) if ids else {}
        for event_id in ids:
            observation = found.get(event_id)
            if observation is None and seen[event_id].standing is Standing.PRESENT:
                batch.seen[side][event_id] = doubted(run, seen[event_id])
            elif observation is not None and observation.marker is not None:
                marked[observation.marker].append(observation)
    await run.notebook.commit(batch)
    return marked


async def _look(run: Run, intent: Intent, marked: Mapping[str, list[Observation]]) -> list[Observation]:
    holders = {observation.id: observation for observation in marked.get(intent.marker, [])}
    if not holders:
        found = await run.account.calendars[intent.side].find_marker(intent.marker)
        holders = {observation.id: observation for observation in found}
    free = [holder for holder in holders.values() if run.notebook.link_of(intent.side, holder.id) is None]
    return sorted(free, key=lambda holder: (str(holder.event.created or ""), holder.id))


def _alike(run: Run, intents: Sequence[Intent]) -> Iterator[tuple[str, Sequence[Observation] | None]]:
    """Find by summary and `when` what a system without markers made.

    Equal creates share what is found, one each. Where more is found than was created, a user has entered the same
    event meanwhile, and nobody can tell which is which, unless the notes tell.
    """
    groups: dict[tuple[Side, object, object], list[Intent]] = defaultdict(list)
    for intent in intents:
        if intent.draft is not None:
            groups[intent.side, intent.draft.summary, intent.draft.when].append(intent)
    waiting = waiting_events(run) - _sources(run) if groups else frozenset()
    for (side, *wanted), group in groups.items():
        seen = (run.notebook.state.seen[where].get(event_id) for where, event_id in waiting if where is side)
        alike = [
            each.observation
            for each in seen
            if each is not None
            and each.standing is Standing.PRESENT
            and [each.observation.event.summary, each.observation.event.when] == wanted
        ]
        same = [each for each in alike if any(_made(each, intent) for intent in group)]
        alike = sorted(same if len(same) == len(group) else alike, key=lambda each: each.id)
        for number, intent in enumerate(group):
            yield intent.marker, alike[number : number + 1] if len(alike) <= len(group) else None


def _made(observation: Observation, intent: Intent) -> bool:
    values = intent.draft.values() if intent.draft else {}
    return all(observation.event.value(name) == value for name, value in values.items())


def _missed(run: Run, intent: Intent) -> bool:
    """Tell whether a miss counts: the search can no longer lag behind, and this is not the first look."""
    lag = run.account.calendars[intent.side].capabilities.marker_lag
    return not lag or (intent.looks + 1 >= LOOKS and run.now - intent.begun >= lag)


def _looked_for(run: Run, intent: Intent) -> Intent:
    """Count a search in vain. By the first one whoever sent the create has ended, so that the lag has begun."""
    begun = intent.begun if intent.looks else run.clock.now()
    return replace(intent, begun=begun, looks=intent.looks + 1)


def _stands(run: Run, intent: Intent) -> bool:
    """Tell whether a create may be repeated: the same source under the same rules would give the same copy.

    Of one outside the window no feed tells what it is by now: it is read before the next plan is made.
    """
    if intent.reason == UNDONE:
        return False  # a person looks again first
    if intent.source is None or not run.account.direction.writes(intent.side) or intent.side in run.unconfirmed:
        return False
    side = intent.side.other
    if (side, intent.source.id) in run.notebook.state.tombstones:
        return False  # deleted meanwhile: a feed that tells of it once more is not asked
    if not run.window.holds(intent.source.event.when):
        return False
    seen = run.notebook.state.seen[side].get(intent.source.id)
    if seen is None or seen.standing is not Standing.PRESENT or seen.observation.event != intent.source.event:
        return False
    run.account.chain.about(side, seen.observation)
    try:
        refused = run.account.chain.admit(seen.observation.event) is not None
        if refused or run.account.chain.draft(seen.observation.event) != intent.draft:
            return False
    except RuleFailed:
        return False
    return intent.link is not None or run.notebook.link_of(side, intent.source.id) is None
