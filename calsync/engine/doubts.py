"""Turning doubts into knowledge: where an event is now, asked one by one. Never the word of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.notebook import Batch
from calsync.engine.together import together
from calsync.ports import Elsewhere, Gone, Here, Trashed, Whereabouts
from calsync.sync.model import BOTH, Side, State
from calsync.sync.view import Seen, Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calsync.engine.account import Run
    from calsync.sync.model import Link, Observation


async def settle_doubts(run: Run) -> None:
    """Locate every event in doubt. Proof: in the trash; a tombstone and gone; gone in two runs."""
    state = run.notebook.state
    doubted = [(side, seen) for side in BOTH for seen in state.seen[side].values() if seen.standing.in_doubt]
    if not doubted:
        return
    places = await together(_locate(run, side, seen.observation) for side, seen in doubted)
    batch = Batch()
    for (side, seen), place in zip(doubted, places, strict=True):
        event_id = seen.observation.id
        located = _located(run, side, seen, place)
        unlinked = run.notebook.link_of(side, event_id) is None
        if unlinked and located.standing in (Standing.DELETED, Standing.ELSEWHERE):
            batch.bury(side, event_id, run.now, seen.observation.revision)  # the feed may tell of it once more
        else:
            batch.seen[side][event_id] = located
    await run.notebook.commit(batch)


async def refresh(run: Run) -> None:
    """Read by id what must not be compared as it is remembered.

    That is: what our own write left without a revision, both events of a pair that sleeps outside the window as
    soon as one of them is inside, likewise that event of any sleeping pair which is outside, as no feed tells that
    it is a single one again, and that of a parted pair, as none tells that it is deleted, likewise those that were
    read under another mapping and that no listing showed since, likewise each event outside the window of an awake
    pair, once in a run: whatever is written of it waited, and no feed tells that it is private by now, likewise
    events whose id our own unlink had buried, new ones and those to which an undo has given a link again, and an
    event of a link and a new one with its uid: it may have got a new id, which nothing tells outside the window,
    nor while a feed tells of the old one once more. That one is read also where the link's event is gone: a feed
    may tell once more of an id from before.
    """
    for side in BOTH:
        wanted = sorted({*_unsure(run, side)})
        if not wanted:
            continue
        found = await run.account.calendars[side].read(wanted)
        await run.notebook.commit(_refreshed(run, side, wanted, found))


def fresh_seen(run: Run, known: Seen | None, observation: Observation, side: Side) -> Seen:
    """Return what is remembered after a read by id: it ends every doubt, and shows as much as the last listing."""
    number = run.notebook.state.sides[side].round
    if known is None:
        return Seen(observation=observation, first_run=run.number, round=number)
    return replace(
        known, observation=observation, round=number, standing=Standing.PRESENT, standing_run=run.number
    )


def doubted(run: Run, seen: Seen) -> Seen:
    """Return an event that a read by id did not find, as a doubt."""
    return replace(seen, standing=Standing.ABSENT, standing_run=run.number)


def wakes(run: Run, link: Link) -> bool:
    """Tell whether one event of a pair is there, inside the window: a pair that sleeps outside wakes by it."""
    for side in BOTH:
        seen = run.notebook.state.seen[side].get(link.event_id(side) or "")
        present = seen is not None and seen.standing is Standing.PRESENT
        if seen is not None and present and run.window.holds(seen.observation.event.when):
            return True
    return False


async def _locate(run: Run, side: Side, known: Observation) -> Whereabouts:
    return await run.account.calendars[side].locate(known.id, known.event.uid)


def _located(run: Run, side: Side, seen: Seen, place: Whereabouts) -> Seen:
    if isinstance(place, Here):
        return fresh_seen(run, seen, place.observation, side)
    if isinstance(place, Trashed):
        return replace(seen, standing=Standing.DELETED, standing_run=run.number)
    if isinstance(place, Elsewhere):
        return replace(seen, standing=Standing.ELSEWHERE, standing_run=run.number)
    if isinstance(place, Gone):
        twice = seen.standing is Standing.GONE and seen.standing_run < run.number
        if seen.standing is Standing.TOMBSTONE or twice:
            return replace(seen, standing=Standing.DELETED, standing_run=run.number)
        if seen.standing is Standing.ABSENT:
            return replace(seen, standing=Standing.GONE, standing_run=run.number)
    return seen


def _unsure(run: Run, side: Side) -> Iterable[str]:
    state = run.notebook.state
    seen = {event_id: each for event_id, each in state.seen[side].items() if each.standing is Standing.PRESENT}
    new = _new_by_uid(run, side, seen)
    version, number = run.account.calendars[side].capabilities.mapping_version, state.sides[side].round
    for link in state.links.values():
        event_id = link.event_id(side)
        known = state.seen[side].get(event_id or "")
        if event_id is None or known is None:
            continue
        uid = known.observation.event.uid
        moved = uid in new
        if moved:
            yield from new[uid]
        if event_id not in seen:
            continue
        outside = not run.window.holds(seen[event_id].observation.event.when)
        parted = link.state is State.PARTED and outside
        sleeps = link.state is State.ASLEEP and (link.reason == "window" or outside)
        old = link.base(side).mapping_version != version and seen[event_id].round != number
        untold = link.state is State.AWAKE and outside and seen[event_id].standing_run < run.number
        unread = moved or untold or seen[event_id].observation.revision is None
        if unread or ((sleeps or parted or old) and wakes(run, link)):
            yield event_id
    for where, event_id in state.tombstones:
        if where is side and event_id in seen:
            yield event_id


def _new_by_uid(run: Run, side: Side, seen: Mapping[str, Seen]) -> Mapping[str | None, list[str]]:
    """Return the single events that no link names, by their uids."""
    new: dict[str | None, list[str]] = {}
    for event_id, each in seen.items():
        event = each.observation.event
        if run.notebook.link_of(side, event_id) is None and event.uid is not None and not event.series:
            new.setdefault(event.uid, []).append(event_id)
    return new


def _refreshed(run: Run, side: Side, wanted: Iterable[str], found: Mapping[str, Observation]) -> Batch:
    batch = Batch()
    known = run.notebook.state.seen[side]
    for event_id in wanted:
        observation = found.get(event_id)
        if observation is None:
            batch.seen[side][event_id] = doubted(run, known[event_id])
        else:
            batch.seen[side][event_id] = fresh_seen(run, known[event_id], observation, side)
            if (side, event_id) in run.notebook.state.tombstones:
                batch.tombstones[side, event_id] = None
    return batch
