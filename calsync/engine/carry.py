"""Carrying out a plan: intents first, then the writes, then what they changed, chunk by chunk."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.engine.confirm import confirm
from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.notebook import Batch
from calsync.errors import (
    AccountError,
    Blocked,
    CalsyncError,
    EventError,
    LoginError,
    Missing,
    Retry,
    Stale,
    UnknownOutcome,
)
from calsync.ports import Elsewhere, Here, NoAccess, Written
from calsync.records import Attempt, Intent
from calsync.sync.model import Side
from calsync.sync.plan import WRITES, Kind, Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.sync.model import Observation

CHUNK = 100
"""Writes whose intents share a transaction; after a crash at most so many outcomes are unknown."""
QUARANTINE_AFTER = 5
"""Failures in a row after which an event is tried once a day."""


@dataclass(slots=True)
class Outcome:
    """What one write came to: an answer, or the error that tells what to do next."""

    operation: Operation
    intent: Intent
    written: Written | None = None
    error: Exception | None = None
    source_now: Observation | None = None
    """The source of a delete, where it turned out to be there still."""


async def carry_out(run: Run, operations: Sequence[Operation]) -> bool:
    """Carry out the writes among `operations`. Return whether something changed under the plan's feet.

    Raises LoginError, AccountError or Retry when the rest of the plan has no prospect; what was done is recorded.
    """
    writes = [operation for operation in operations if operation.kind in WRITES and _is_due(run, operation)]
    again, outcomes = False, list[Outcome]()
    # One chunk is recorded while the next one is sent, so that neither the server nor the disk waits.
    recording = asyncio.create_task(_record(run, outcomes))
    try:
        for start in range(0, len(writes), CHUNK):
            chunk = writes[start : start + CHUNK]
            outcomes = await _send(run, chunk)
            again |= await recording
            recording = asyncio.create_task(_record(run, outcomes))
            run.progress(start + len(chunk), len(writes))
            if _hopeless(outcomes) is not None:
                break
        again |= await recording
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
    _stop_if_hopeless(outcomes)
    return again


async def repeat(run: Run, intents: Sequence[Intent]) -> None:
    """Send creates again whose marker was not found, with the same marker."""
    outcomes = await asyncio.gather(*(_attempt(run, _operation(intent), intent) for intent in intents))
    await _record(run, outcomes)
    _stop_if_hopeless(outcomes)


async def _send(run: Run, chunk: Sequence[Operation]) -> list[Outcome]:
    intents = [_intent(run, operation) for operation in chunk]
    batch = Batch()
    batch.intents.update({intent.marker: intent for intent in intents})
    await run.notebook.commit(batch)
    return await asyncio.gather(
        *(_attempt(run, operation, intent) for operation, intent in zip(chunk, intents, strict=True))
    )


def _intent(run: Run, operation: Operation) -> Intent:
    source = operation.source.id if operation.source else ""
    marker = f"v1:{run.account.name}:{uuid.UUID(int=run.random.getrandbits(128)).hex}:{run.marker_hash(source)}"
    return Intent(
        marker=marker,
        kind=operation.kind,
        side=operation.side,
        reason=operation.reason,
        link=operation.link.id if operation.link else None,
        source=operation.source,
        target=operation.target,
        draft=operation.draft,
        changes=operation.changes,
        run=run.number,
        begun=run.clock.now(),
    )


def _operation(intent: Intent) -> Operation:
    return Operation(
        kind=intent.kind, side=intent.side, reason=intent.reason, source=intent.source, draft=intent.draft
    )


async def _attempt(run: Run, operation: Operation, intent: Intent) -> Outcome:
    outcome = Outcome(operation, intent)
    try:
        _check_lease(run)
        await _write(run, outcome)
    except CalsyncError as error:
        outcome.error = error
    return outcome


def _check_lease(run: Run) -> None:
    if not run.notebook.may_write():
        raise Retry(f"account {run.account.name}: the lease was not renewed in time, nothing was sent")


async def _write(run: Run, outcome: Outcome) -> None:
    operation, calendar = outcome.operation, run.account.writable(outcome.operation.side)
    if operation.kind is Kind.CREATE and operation.draft is not None:
        outcome.written = await calendar.create(operation.draft, outcome.intent.marker)
    elif operation.kind is Kind.UPDATE and operation.target is not None:
        outcome.written = await calendar.update(operation.target, operation.changes, outcome.intent.marker)
    elif operation.kind is Kind.DELETE and operation.target is not None:
        outcome.source_now = await _still_there(run, operation)
        if outcome.source_now is None:
            await calendar.delete(operation.target)


async def _still_there(run: Run, operation: Operation) -> Observation | None:
    """Prove the delete of the source once more, just before its copy is deleted."""
    if operation.source is None:
        raise TypeError("a delete is planned from its source")
    place = await run.account.calendars[operation.side.other].locate(operation.source.id)
    if isinstance(place, Here) and not place.observation.event.cancelled:
        return place.observation
    if isinstance(place, NoAccess | Elsewhere):
        raise Retry(f"account {run.account.name}: a deleted event can no longer be proven to be deleted")
    return None


async def _record(run: Run, outcomes: Sequence[Outcome]) -> bool:
    """Make durable what the writes came to. Return whether the plan's ground has moved."""
    if not outcomes:
        return False
    found = await _read_back(run, outcomes)
    batch = Batch()
    again = False
    hopeless = _hopeless(outcomes) is not None
    for outcome in outcomes:
        if outcome.error is not None:
            again |= _failed(run, batch, outcome, count=not hopeless)
        elif outcome.source_now is not None:
            again = True
            _source_lives(run, batch, outcome)
        else:
            read = found.get((outcome.intent.side, outcome.written.id)) if outcome.written else None
            stored = outcome.written.stored if outcome.written else None
            confirm(run, batch, outcome.intent, outcome.written, stored or read)
            _clear_attempt(run, batch, outcome.operation)
    await run.notebook.commit(batch)
    return again


async def _read_back(run: Run, outcomes: Sequence[Outcome]) -> Mapping[tuple[Side, str], Observation]:
    """Read in one request a side what the answers did not hold."""
    wanted: dict[Side, list[str]] = {Side.LEFT: [], Side.RIGHT: []}
    for outcome in outcomes:
        if outcome.written is not None and outcome.written.stored is None:
            wanted[outcome.intent.side].append(outcome.written.id)
    found: dict[tuple[Side, str], Observation] = {}
    for side, ids in wanted.items():
        if ids:
            try:
                read = await run.account.calendars[side].read(ids)
            except CalsyncError:
                continue  # the writes are confirmed; what they left is read before it is compared
            found.update({(side, event_id): observation for event_id, observation in read.items()})
    return found


def _failed(run: Run, batch: Batch, outcome: Outcome, *, count: bool) -> bool:
    """Record a write that was not confirmed. Return whether to reconcile again in this run.

    The failure counts against the event where it is not the whole server that is in trouble.
    """
    error, operation, intent = outcome.error, outcome.operation, outcome.intent
    if isinstance(error, UnknownOutcome):
        run.report.note_failed(operation, "unknown_outcome")
        return False
    batch.intents[intent.marker] = None
    target = operation.target
    if isinstance(error, Stale):
        known = run.notebook.state.seen[intent.side].get(error.fresh.id)
        batch.seen[intent.side][error.fresh.id] = fresh_seen(run, known, error.fresh, intent.side)
        return True
    if isinstance(error, Missing) and target is not None:
        known = run.notebook.state.seen[intent.side].get(target.id)
        if known is not None:
            batch.seen[intent.side][target.id] = doubted(run, known)
        return True
    if isinstance(error, Blocked):
        run.report.note_blocked(operation, error.reason)
    elif isinstance(error, EventError | Retry | Missing):
        run.report.note_failed(operation, "refused" if isinstance(error, EventError) else "retry")
        if count:
            _count_attempt(run, batch, operation, error)
    return False


def _source_lives(run: Run, batch: Batch, outcome: Outcome) -> None:
    side, observation = outcome.intent.side.other, outcome.source_now
    if observation is not None:
        known = run.notebook.state.seen[side].get(observation.id)
        batch.seen[side][observation.id] = fresh_seen(run, known, observation, side)
    batch.intents[outcome.intent.marker] = None


def _is_due(run: Run, operation: Operation) -> bool:
    """Tell whether an operation may be tried now; one that failed before waits, visibly."""
    attempt = run.notebook.state.attempts.get(_key(operation))
    if attempt is None or attempt.due <= run.now:
        return True
    reason = "quarantined" if attempt.count >= QUARANTINE_AFTER else "refused"
    reason = "retry" if attempt.error == Retry.__name__ else reason
    run.report.note_waiting(operation.kind, operation.side, reason)
    return False


def _key(operation: Operation) -> tuple[Side, str]:
    return operation.side, operation.event_id or ""


def _count_attempt(run: Run, batch: Batch, operation: Operation, error: CalsyncError) -> None:
    side, event_id = _key(operation)
    known = run.notebook.state.attempts.get((side, event_id))
    count = known.count + 1 if known else 1
    due = run.clock.now() + _wait(error, count)
    batch.attempts[side, event_id] = Attempt(
        side=side, event_id=event_id, count=count, due=due, error=type(error).__name__
    )


def _wait(error: CalsyncError, count: int) -> timedelta:
    """Return the pause after a failure. A server that asks to try again is the cause of it, never the event."""
    if not isinstance(error, Retry):
        return timedelta(minutes=2**count) if count < QUARANTINE_AFTER else timedelta(days=1)
    if error.after is not None:
        return timedelta(seconds=error.after)
    return min(timedelta(minutes=2**count), timedelta(hours=1)) if count > 1 else timedelta(0)


def _clear_attempt(run: Run, batch: Batch, operation: Operation) -> None:
    if _key(operation) in run.notebook.state.attempts:
        batch.attempts[_key(operation)] = None


def _hopeless(outcomes: Sequence[Outcome]) -> Exception | None:
    """Return what stops an account: a lost login at once, a server in trouble when all of several failed."""
    errors = [outcome.error for outcome in outcomes]
    for error in errors:
        if isinstance(error, LoginError | AccountError):
            return error
    troubled = all(isinstance(error, Retry | UnknownOutcome) for error in errors)
    return errors[0] if troubled and len(errors) > 1 else None


def _stop_if_hopeless(outcomes: Sequence[Outcome]) -> None:
    error = _hopeless(outcomes)
    if error is not None:
        raise error
