"""Carrying out a plan: intents first, then the writes, then what they changed, chunk by chunk."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from calsync.ahead import ahead
from calsync.engine.account import asks
from calsync.engine.attempts import NotSent, ProofTooOld, is_due
from calsync.engine.notebook import LEASE_LIFE, Batch
from calsync.engine.outcomes import Outcome, hopeless, record
from calsync.errors import CalsyncError, Retry, SwitchedOff, UnknownOutcome
from calsync.ports import Elsewhere, Here, NoAccess, may_change
from calsync.records import Intent
from calsync.sync.brakes import LEFT_ACCOUNT
from calsync.sync.choices import LEAVING, UNDONE
from calsync.sync.model import BOTH, Side, State
from calsync.sync.plan import WRITES, Kind, Operation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from calsync.engine.account import Run
    from calsync.sync.model import Observation

CHUNK = 200
"""Writes whose intents share a transaction. After a crash the outcomes of two chunks at most are unknown."""
AT_ONCE = 4
"""Writes that an account has on their way: as many as a provider's door lets through by default. More would only
queue there, in front of read-backs and other accounts."""
PROVEN_FOR = LEASE_LIFE * 2 / 3
"""How long what was found of the other event lets a delete begin, from before it was asked. The lease tells
nothing of that: a process that was frozen renews it when it goes on, and so do other writes meanwhile."""


async def carry_out(run: Run, operations: Sequence[Operation]) -> bool:
    """Carry out the writes among `operations`. Return whether something changed under the plan's feet.

    One chunk is sent while the intents of the next one and the outcomes of the last one become durable, so that
    neither the server nor the disk waits. A side whose writes have no prospect gets no more of them
    (`run.trouble`); what was done until then is recorded, and the other side goes on.
    """
    writes = [operation for operation in operations if operation.kind in WRITES and is_due(run, operation)]
    if not writes:
        return False
    again, done = False, 0
    async with aclosing(ahead(_sent(run, writes))) as chunks:
        async for outcomes in chunks:
            again |= await record(run, outcomes)
            sent = {(each.intent.side, each.operation.event_id) for each in outcomes if _may_have_written(each)}
            run.rewritten |= run.rewrites & sent
            done += len(outcomes)
            run.progress(done, len(writes))
    return again


def _may_have_written(outcome: Outcome) -> bool:
    return outcome.error is None or isinstance(outcome.error, UnknownOutcome)


async def repeat(run: Run, intents: Sequence[Intent]) -> None:
    """Send creates again whose marker was not found, with the same marker.

    That none of them gets an answer says nothing of the writes that are planned: they may be at fault themselves.
    """
    await record(run, await _send(run, intents, [_operation(intent) for intent in intents]))


async def _sent(run: Run, writes: Sequence[Operation]) -> AsyncGenerator[list[Outcome], None]:
    async with aclosing(ahead(_intended(run, writes))) as chunks:
        async for intents, operations in chunks:
            outcomes = await _send(run, intents, operations)
            for side in BOTH:
                _note_trouble(run, [outcome for outcome in outcomes if outcome.intent.side is side])
            yield outcomes


async def _intended(
    run: Run, writes: Sequence[Operation]
) -> AsyncGenerator[tuple[Sequence[Intent], Sequence[Operation]], None]:
    """Make the intents of one chunk after the other durable."""
    for start in range(0, len(writes), CHUNK):
        operations = [each for each in writes[start : start + CHUNK] if each.side not in run.trouble]
        begun = run.clock.now()
        intents = [_intent(run, operation, begun) for operation in operations]
        if intents:
            await run.notebook.commit(Batch(intents={intent.marker: intent for intent in intents}))
            yield intents, operations


async def _send(run: Run, intents: Sequence[Intent], operations: Sequence[Operation]) -> list[Outcome]:
    waiting = zip(operations, intents, strict=True)
    outcomes: list[Outcome] = []

    async def work() -> None:
        for operation, intent in waiting:
            outcomes.append(await _attempt(run, operation, intent))

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(operations)))))
    return outcomes


def _note_trouble(run: Run, outcomes: Sequence[Outcome]) -> None:
    """Remember why there is no prospect for more writes to the side of these, or to both behind a bug."""
    error = hopeless(outcomes)
    if error is not None:
        sides = [outcomes[0].intent.side] if isinstance(error, CalsyncError) else Side
        for side in sides:
            run.trouble.setdefault(side, error)


def _intent(run: Run, operation: Operation, begun: datetime) -> Intent:
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
        undoes=operation.undoes,
        run=run.number,
        begun=begun,
    )


def _operation(intent: Intent) -> Operation:
    return Operation(
        kind=intent.kind, side=intent.side, reason=intent.reason, source=intent.source, draft=intent.draft
    )


async def _attempt(run: Run, operation: Operation, intent: Intent) -> Outcome:
    """Send one write; whatever it raises is its outcome, so that the others are recorded all the same."""
    outcome = Outcome(operation, intent)
    try:
        await run.notebook.keep_lease()
        until = run.clock.now() + PROVEN_FOR if operation.kind is Kind.DELETE else None
        may_change.set(asks(run, partial(_check_prospect, side=operation.side, until=until)))
        may_change.get()()
        await _write(run, outcome)
    except Exception as error:  # noqa: BLE001 - a bug is raised again behind the record of the other writes
        outcome.error = error
        _note_trouble(run, [outcome])
    return outcome


async def _check_switch(run: Run) -> None:
    """Raise SwitchedOff where a person has switched the account off while it runs."""
    if not run.may_be_off and await run.notebook.is_switched_off():
        raise SwitchedOff(f"account {run.account.name} was switched off, nothing more is sent")


def _check_prospect(run: Run, side: Side, until: datetime | None) -> None:
    """Raise NotSent where a write to this side must not be sent any more, or one that had to begin until then."""
    account = run.account.name
    if side in run.trouble:
        raise NotSent(f"account {account}: not sent, as an earlier write failed")
    if run.notebook.state.rebuild is not None or (run.is_unconfirmed(side) and not run.approved):
        raise NotSent(f"account {account}: nothing is sent before a person has confirmed the plan")
    if not run.notebook.may_write():
        raise NotSent(f"account {account}: the lease was not renewed in time, nothing was sent")
    if until is not None and run.clock.now() >= until:
        raise ProofTooOld(f"account {account}: what proved a delete is too old by now, nothing was sent")


async def _write(run: Run, outcome: Outcome) -> None:
    operation, calendar = outcome.operation, run.account.writable(outcome.operation.side)
    if operation.kind is Kind.DELETE and operation.reason in {LEAVING, UNDONE}:
        outcome.source_missing = not (_is_alone(operation) or await _is_here(run, operation))
    elif operation.kind is Kind.DELETE:
        outcome.source_now = await _still_there(run, operation)
    await run.notebook.keep_lease()  # what was asked may have taken long
    await _check_switch(run)
    if operation.kind is Kind.CREATE and operation.draft is not None:
        outcome.written = await calendar.create(operation.draft, outcome.intent.marker)
    elif operation.kind is Kind.UPDATE and operation.target is not None:
        outcome.written = await calendar.update(operation.target, operation.changes, outcome.intent.marker)
    elif operation.target is not None and outcome.source_now is None and not outcome.source_missing:
        may_change.get()()
        await calendar.delete(operation.target)


def _is_alone(operation: Operation) -> bool:
    """Tell whether an undo deletes what an undo has created anew: it is known to be the only one."""
    return operation.reason == UNDONE and operation.link is not None and operation.link.state is State.PARTED


async def _is_here(run: Run, operation: Operation) -> bool:
    """Tell whether an original is there, just before its copy is removed: else that would be the last one."""
    if operation.source is None:
        raise TypeError("a copy is removed beside its original")
    source = operation.source
    place = await run.account.calendars[operation.side.other].locate(source.id, source.event.uid)
    return isinstance(place, Here) and not place.observation.event.cancelled


async def _still_there(run: Run, operation: Operation) -> Observation | None:
    """Prove the delete of the source once more, just before its copy is deleted."""
    if operation.source is None:
        raise TypeError("a delete is planned from its source")
    source = operation.source
    place = await run.account.calendars[operation.side.other].locate(source.id, source.event.uid)
    if isinstance(place, Here) and not place.observation.event.cancelled:
        return place.observation
    left = any(reason == LEFT_ACCOUNT for *_, reason in operation.decided)  # a person knows that it is elsewhere
    if isinstance(place, NoAccess) or (isinstance(place, Elsewhere) and not left):
        raise Retry(f"account {run.account.name}: a deleted event can no longer be proven to be deleted")
    return None
