"""What writes came to: confirmed, refused, or unknown; and when a refused one is tried again."""

from __future__ import annotations

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
from calsync.records import Attempt
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.ports import Written
    from calsync.records import Intent
    from calsync.sync.model import Observation
    from calsync.sync.plan import Operation

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


async def record(run: Run, outcomes: Sequence[Outcome]) -> bool:
    """Make durable what the writes came to. Return whether the plan's ground has moved."""
    if not outcomes:
        return False
    found = await _read_back(run, outcomes)
    batch = Batch()
    again = False
    count = hopeless(outcomes) is None
    for outcome in outcomes:
        if outcome.error is not None:
            again |= _failed(run, batch, outcome, count=count)
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
    if isinstance(error, UnknownOutcome) or not isinstance(error, CalsyncError):
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


def is_due(run: Run, operation: Operation) -> bool:
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
    kind = _kind(error)
    count = known.count + 1 if known and known.error == kind else 1
    due = run.clock.now() + _wait(error, count)
    batch.attempts[side, event_id] = Attempt(side=side, event_id=event_id, count=count, due=due, error=kind)


def _kind(error: CalsyncError) -> str:
    """Return what failures in a row are counted by: a server's bad hour must not count against an event."""
    return next((kind for kind in (Retry, EventError) if isinstance(error, kind)), type(error)).__name__


def _wait(error: CalsyncError, count: int) -> timedelta:
    """Return the pause after a failure. A server that asks to try again is the cause of it, never the event."""
    if not isinstance(error, Retry):
        return timedelta(minutes=2**count) if count < QUARANTINE_AFTER else timedelta(days=1)
    if error.after is not None:
        return timedelta(seconds=error.after)
    return timedelta(minutes=min(2 ** min(count, 6), 60)) if count > 1 else timedelta(0)


def _clear_attempt(run: Run, batch: Batch, operation: Operation) -> None:
    if _key(operation) in run.notebook.state.attempts:
        batch.attempts[_key(operation)] = None


def hopeless(outcomes: Sequence[Outcome]) -> Exception | None:
    """Return what stops an account: a lost login, a bug, or a server in trouble: all of several writes failed."""
    errors = [outcome.error for outcome in outcomes]
    for error in errors:
        if isinstance(error, LoginError | AccountError) or not isinstance(error, CalsyncError | None):
            return error
    troubled = all(isinstance(error, Retry | UnknownOutcome) for error in errors)
    return errors[0] if troubled and len(errors) > 1 else None
