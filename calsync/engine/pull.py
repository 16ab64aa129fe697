"""Reading both sides: observations and the token that covers them become durable together, page by page."""

from __future__ import annotations

import zlib
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.ahead import ahead
from calsync.engine.doubts import wakes
from calsync.engine.notebook import Batch
from calsync.engine.together import together
from calsync.errors import Retry, TokenLost
from calsync.sync.model import BOTH, Observation, Side, State
from calsync.sync.view import Seen, Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.engine.account import Account, Run
    from calsync.ports import Page
    from calsync.records import SideState

LISTING_EVERY = timedelta(hours=23)
_JITTER_SECONDS = 7200
MEMORY = timedelta(days=30)
"""How long the ledger and the tombstones are kept."""
_ASKED = {
    Standing.DELETED: Standing.TOMBSTONE,
    Standing.TOMBSTONE: Standing.TOMBSTONE,
    Standing.ELSEWHERE: Standing.ABSENT,
    Standing.ABSENT: Standing.ABSENT,
}
"""What becomes of an event that is known not to be there, when it may be back: it is asked about.

So it is where a run that was told of it could not ask: what it is told next may be the same repetition.
"""


def listing_due(account: Account, sides: Mapping[Side, SideState], now: datetime) -> bool:
    """Tell whether both sides are to be listed in full.

    That is at first, once a day, for a window of another length, and when a provider reads events otherwise than
    it did: what is remembered cannot be compared with what it reads now, or lacks what a rule needs.

    Accounts differ by up to two hours, so that they do not all list at once.
    """
    jitter = timedelta(seconds=zlib.crc32(account.name.encode()) % _JITTER_SECONDS)
    for side, known in sides.items():
        if known.listed_at is None or known.window is None or now - known.listed_at >= LISTING_EVERY + jitter:
            return True
        if known.window.end - known.window.start != account.past + account.future:
            return True
        if known.reading != account.calendars[side].capabilities.reading:
            return True
    return False


async def pull(run: Run, *, in_full: bool, needed: bool = False) -> None:
    """Read both sides at once. Raises what a side raised, after both have stored what they were told.

    A listing that is `needed` must succeed. Where another one fails, and the token still works, the run goes on
    with what changed, and tells of the listing at its end (`run.unlisted`).
    """
    sides = run.notebook.state.sides
    tokens = await together(_pull_side(run, side, in_full, needed) for side in BOTH)
    batch = Batch()
    for side, token in zip(Side, tokens, strict=True):
        if token != sides[side].token:
            batch.sides[side] = replace(sides[side], token=token)
    if batch.sides:
        await run.notebook.commit(batch)
    if run.unlisted is not None:  # what only one of them shows would be created on the other
        windows = [known.window for known in sides.values() if known.window is not None]
        run.window = min(windows, key=lambda window: window.start)


async def _pull_side(run: Run, side: Side, in_full: bool, needed: bool) -> str | None:
    """Return the token behind all that was read; it is still to be stored where it covers nothing new."""
    token = run.notebook.state.sides[side].token
    if token is not None and not in_full:
        with suppress(TokenLost):
            return await _follow(run, side, token)
    try:
        await _list(run, side)
    except Retry as failed:
        if token is None or needed or not in_full or _is_anew(run, side):
            raise
        token = await _follow_instead(run, side, token, failed)
        run.unlisted = failed
        return token
    return run.notebook.state.sides[side].token


async def _follow_instead(run: Run, side: Side, token: str, failed: Retry) -> str:
    """Follow the token where the listing failed. Raises what the listing raised where that does not help."""
    try:
        return await _follow(run, side, token)
    except (Retry, TokenLost):
        raise failed from None


async def _follow(run: Run, side: Side, token: str) -> str:
    feed = run.feeds.get(side)
    if feed is not None and feed.since == token:  # else another run has read on meanwhile
        told, token = feed.pages(), feed.token or token
    else:
        told = ahead(run.account.calendars[side].changes(token, run.window))
    async with aclosing(told) as pages:
        async for page in pages:
            known = run.notebook.state.sides[side]
            token = page.token or token
            seen = _observed(run, side, page, known.round)
            if seen:
                batch = Batch(sides={side: replace(known, token=token)})
                batch.seen[side] = dict(seen)
                await run.notebook.commit(batch)
    return token


async def _list(run: Run, side: Side) -> None:
    """List in full. Only a listing that ends as complete moves the token and raises doubts about absent events."""
    notebook = run.notebook
    number = _new_round(run, side)
    complete = False
    if _is_anew(run, side):  # until this listing is complete, what is remembered is of both mappings
        known = notebook.state.sides[side]
        await notebook.commit(Batch(sides={side: replace(known, reading=None)}))
    async with aclosing(ahead(run.account.calendars[side].changes(None, run.window))) as pages:
        async for page in pages:
            batch = Batch()
            batch.seen[side] = dict(_observed(run, side, page, number))
            if page.complete:
                complete = True
                _miss(run, side, number, batch)
                batch.forget = run.now - MEMORY
                batch.sides[side] = _listed(run, side, page.token, number)
            await notebook.commit(batch)
    if not complete:
        raise Retry(f"account {run.account.name}: the listing of its {side} calendar ended before it was complete")


def _new_round(run: Run, side: Side) -> int:
    """Return a number that no observation carries, nor one that a listing left behind which broke off."""
    state = run.notebook.state
    return max([state.sides[side].round, *(seen.round for seen in state.seen[side].values())]) + 1


def _listed(run: Run, side: Side, token: str | None, number: int) -> SideState:
    return replace(
        run.notebook.state.sides[side],
        token=token,
        window=run.window,
        round=number,
        listed_run=run.number,
        listed_at=run.now,
        reading=run.account.calendars[side].capabilities.reading,
    )


def _is_anew(run: Run, side: Side) -> bool:
    """Tell whether the provider reads events otherwise than in the last complete listing."""
    known = run.notebook.state.sides[side].reading
    return known != run.account.calendars[side].capabilities.reading


def _observed(run: Run, side: Side, page: Page, number: int) -> Mapping[str, Seen]:
    """Return what a page changes in what is remembered. Of several reads of one event the newest one counts."""
    known = run.notebook.state.seen[side]
    anew = _is_anew(run, side)
    result: dict[str, Seen] = {}
    for observation in page.observations:
        seen_before = result.get(observation.id) or known.get(observation.id)
        seen = observed(seen_before, observation, run.number, number, anew=anew)
        if seen is not seen_before:
            result[observation.id] = seen
    for event_id in page.removed:
        seen_before = result.get(event_id) or known.get(event_id)
        if seen_before is not None and seen_before.standing is not Standing.DELETED:
            result[event_id] = replace(seen_before, standing=Standing.TOMBSTONE, standing_run=run.number)
    return result


def observed(known: Seen | None, observation: Observation, run: int, number: int, *, anew: bool) -> Seen:
    """Return what is remembered after a feed told of an event; `anew` where it reads otherwise than before.

    A read that is older than the last one is dropped, but it still shows that the event is there, except where
    that last one was read otherwise: then the event is asked about. So it is where two versions are of one
    moment, which tells no order. That an event is deleted or left, proven or told, is not undone by what may be a
    late repetition, also of an edit that nobody told before: the event is asked about.
    """
    if known is None:
        return Seen(observation=observation, first_run=run, round=number)
    if _older(observation, known.observation):
        return known if anew else _shown(known, number)
    if known.standing in _ASKED:
        return replace(known, round=number, standing=_ASKED[known.standing], standing_run=run)
    if known.observation.revision is None:  # our own write, which the feed may not know yet: it is read by id
        return _shown(known, number)
    same = observation.revision == known.observation.revision
    if same and not anew and observation.event == known.observation.event:
        return _shown(known, number)
    if not same and _at_once(observation, known.observation):
        return replace(known, round=number, standing=Standing.ABSENT, standing_run=run)
    return replace(known, observation=observation, round=number, standing=Standing.PRESENT, standing_run=run)


def _shown(known: Seen, number: int) -> Seen:
    standing = known.standing if known.standing in _ASKED else Standing.PRESENT
    if known.round == number and known.standing is standing:
        return known
    return replace(known, round=number, standing=standing)


def _older(observation: Observation, known: Observation) -> bool:
    return (
        observation.modified is not None and known.modified is not None and observation.modified < known.modified
    )


def _at_once(observation: Observation, known: Observation) -> bool:
    return observation.modified is not None and observation.modified == known.modified


def _miss(run: Run, side: Side, number: int, batch: Batch) -> None:
    """Add to `batch` what becomes of the events that a complete listing did not show.

    Those of the window and those of awake links are in doubt: of an event outside the window neither a listing nor
    a feed tells that it was deleted, nor that it is back while its pair waits. Those outside that no link names
    are forgotten.
    """
    for event_id, seen in run.notebook.state.seen[side].items():
        if seen.round == number or event_id in batch.seen[side]:
            continue
        link = run.notebook.link_of(side, event_id)
        awake = link is not None and link.state is State.AWAKE
        gone = seen.standing in (Standing.DELETED, Standing.ELSEWHERE)
        if gone and link is not None and (awake or wakes(run, link)):
            batch.seen[side][event_id] = replace(seen, standing=_ASKED[seen.standing], standing_run=run.number)
        if seen.standing is not Standing.PRESENT:
            continue
        inside = run.window.holds(seen.observation.event.when)
        if inside or awake:
            batch.seen[side][event_id] = replace(seen, standing=Standing.ABSENT, standing_run=run.number)
        elif link is None:
            batch.bury(side, event_id, run.now, seen.observation.revision)
