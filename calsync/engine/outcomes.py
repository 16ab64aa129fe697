"""What writes came to: confirmed, refused, or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.engine.attempts import NotSent, ProofTooOld, clear_attempt, count_attempt
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
    StoreError,
    SwitchedOff,
    UnknownOutcome,
)
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.ports import Written
    from calsync.records import Intent
    from calsync.sync.model import Observation
    from calsync.sync.plan import Operation


@dataclass(slots=True)
class Outcome:
    """What one write came to: an answer, or the error that tells what to do next."""

    operation: Operation
    intent: Intent
    written: Written | None = None
    error: Exception | None = None
    source_now: Observation | None = None
    """The source of a delete, where it turned out to be there still."""
    source_missing: bool = False
    """The source of a copy that is to be removed beside it turned out not to be there."""


async def record(run: Run, outcomes: Sequence[Outcome]) -> bool:
    """Make durable what the writes came to. Return whether the plan's ground has moved."""
    if not outcomes:
        return False
    found = await _read_back(run, outcomes)
    batch = Batch()
    again = False
    for outcome in outcomes:
        if outcome.error is not None:
            again |= _failed(run, batch, outcome)
        elif outcome.source_now is not None:
            again = True
            _source_lives(run, batch, outcome)
        elif outcome.source_missing:
            again = True
            _source_is_missing(run, batch, outcome)
        else:
            read = found.get((outcome.intent.side, outcome.written.id)) if outcome.written else None
            stored = outcome.written.stored if outcome.written else None
            confirm(run, batch, outcome.intent, outcome.written, stored or read)
            clear_attempt(run, batch, outcome.operation)
            _carried_out(run, batch, outcome.operation)
    await run.notebook.commit(batch)
    return again


def _carried_out(run: Run, batch: Batch, operation: Operation) -> None:
    """Be done with what a person had decided by this write."""
    if operation.decided:
        state = run.notebook.state
        holds = state.holds if batch.holds is None else batch.holds
        batch.holds = {key: held for key, held in holds.items() if key not in operation.decided}
        batch.decisions += [each for key, each in state.decisions.items() if key in operation.decided]


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


def _failed(run: Run, batch: Batch, outcome: Outcome) -> bool:
    """Record a write that was not confirmed. Return whether to reconcile again in this run."""
    error, operation, intent = outcome.error, outcome.operation, outcome.intent
    if isinstance(error, UnknownOutcome) or not isinstance(error, CalsyncError):
        run.report.note_failed(operation, "unknown_outcome")
        if isinstance(error, UnknownOutcome):
            count_attempt(run, batch, operation, error)
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
    if isinstance(error, ProofTooOld) and count_attempt(run, batch, operation, error):
        return True
    if isinstance(error, Blocked):
        run.report.note_blocked(operation, error.reason)
    elif isinstance(error, EventError | Retry | Missing):
        run.report.note_failed(operation, "refused" if isinstance(error, EventError) else "retry")
        if not isinstance(error, NotSent):
            count_attempt(run, batch, operation, error)
    return False


def _source_lives(run: Run, batch: Batch, outcome: Outcome) -> None:
    side, observation = outcome.intent.side.other, outcome.source_now
    if observation is not None:
        known = run.notebook.state.seen[side].get(observation.id)
        batch.seen[side][observation.id] = fresh_seen(run, known, observation, side)
    batch.intents[outcome.intent.marker] = None


def _source_is_missing(run: Run, batch: Batch, outcome: Outcome) -> None:
    side, source = outcome.intent.side.other, outcome.intent.source
    known = None if source is None else run.notebook.state.seen[side].get(source.id)
    if known is not None:
        batch.seen[side][known.observation.id] = doubted(run, known)
    batch.intents[outcome.intent.marker] = None


def hopeless(outcomes: Sequence[Outcome]) -> Exception | None:
    """Return what stops the writes to a side.

    That is a lost login, the account's switch or what it cannot be read from, a bug, a store in which nothing can
    be recorded, a server in trouble (all of several failed). A proof that grew too old tells of none of these.
    """
    errors = [outcome.error for outcome in outcomes if not isinstance(outcome.error, ProofTooOld)]
    for error in errors:
        if isinstance(error, LoginError | AccountError | SwitchedOff | StoreError) or not isinstance(
            error, CalsyncError | None
        ):
            return error
    troubled = all(isinstance(error, Retry | UnknownOutcome) for error in errors)
    return errors[0] if troubled and len(errors) > 1 else None
