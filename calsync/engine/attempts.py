"""When a write that failed is tried again: an event that fails waits, visibly, and nothing else waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.errors import EventError, Retry, UnknownOutcome
from calsync.records import Attempt
from calsync.sync.budget import Tries

if TYPE_CHECKING:
    from calsync.engine.account import Run
    from calsync.engine.notebook import Batch
    from calsync.errors import CalsyncError
    from calsync.records import Intent
    from calsync.sync.model import Side
    from calsync.sync.plan import Operation

QUARANTINE_AFTER = 5
"""Failures in a row after which an event is tried once a day."""
WORDS = {Retry.__name__: "retry", UnknownOutcome.__name__: "unknown_outcome"}
"""What is told of an event that waits because of its server."""


class NotSent(Retry):
    """A write was not sent, because others had no prospect."""


class ProofTooOld(NotSent):
    """A delete was not sent, because what proved it had grown too old. Its run proves it once more."""


def is_due(run: Run, operation: Operation) -> bool:
    """Tell whether an operation may be tried now; one that failed before waits, visibly."""
    attempt = run.notebook.state.attempts.get(_key(operation))
    if attempt is None or attempt.due <= run.now:
        return True
    own_fault = "quarantined" if attempt.count >= QUARANTINE_AFTER else "refused"
    run.report.note_waiting(operation.kind, operation.side, WORDS.get(attempt.error, own_fault))
    return False


def tries(run: Run) -> Tries:
    """Return which writes wait for their next try, or are refused: a server that has a bad hour refuses none."""
    failed = run.notebook.state.attempts.items()
    waits = {key: each.due for key, each in failed if each.due > run.now or each.error not in WORDS}
    return Tries(due=waits, now=run.now)


def may_repeat(run: Run, intent: Intent) -> bool:
    """Tell whether a create whose answer was lost may be sent once more now."""
    source = intent.source.id if intent.source else ""
    attempt = run.notebook.state.attempts.get((intent.side, source))
    return attempt is None or attempt.due <= run.now


def count_attempt(run: Run, batch: Batch, operation: Operation, error: CalsyncError) -> bool:
    """Count a failure against its event. Return whether it may be tried once more in this run."""
    side, event_id = _key(operation)
    known = run.notebook.state.attempts.get((side, event_id))
    kind = _kind(error)
    count = known.count + 1 if known and known.error == kind else 1
    failed = run.now if isinstance(error, ProofTooOld) else run.clock.now()  # its own run may be the next to try
    due = failed + _wait(error, count)
    batch.attempts[side, event_id] = Attempt(side=side, event_id=event_id, count=count, due=due, error=kind)
    return due <= run.now


def clear_attempt(run: Run, batch: Batch, operation: Operation) -> None:
    """Forget the failures of an event whose write was carried out."""
    if _key(operation) in run.notebook.state.attempts:
        batch.attempts[_key(operation)] = None


def _key(operation: Operation) -> tuple[Side, str]:
    return operation.side, operation.event_id or ""


def _kind(error: CalsyncError) -> str:
    """Return what failures in a row are counted by: a server's bad hour must not count against an event."""
    return next((kind for kind in (Retry, EventError) if isinstance(error, kind)), type(error)).__name__


def _wait(error: CalsyncError, count: int) -> timedelta:
    """Return the pause after a failure: an hour at most where the server is the cause of it, and not the event."""
    if not isinstance(error, Retry | UnknownOutcome):
        return timedelta(minutes=2**count) if count < QUARANTINE_AFTER else timedelta(days=1)
    if isinstance(error, Retry) and error.after is not None:
        return timedelta(seconds=error.after)
    return timedelta(minutes=min(2 ** min(count, 6), 60)) if count > 1 else timedelta(0)
