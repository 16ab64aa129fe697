"""Decisions that change only what is remembered: links, their states and their bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.confirm import let_go, unlink
from calsync.engine.notebook import Batch
from calsync.records import Held, LedgerEntry
from calsync.sync.brakes import BUDGET, RULES
from calsync.sync.choices import GIVEN_UP
from calsync.sync.model import BOTH, Base, Link, Side, State
from calsync.sync.plan import WRITES, Kind, Operation, Plan, Rebase
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.sync.asking import Hang
    from calsync.sync.choices import Decision
    from calsync.sync.model import Observation
    from calsync.sync.plan import HoldKey

TOLD = frozenset({"masked", GIVEN_UP, "linked_different"})
"""Why bases take over values that one of both sides does not have."""
_STATES = frozenset({Kind.WAKE, Kind.SLEEP, Kind.PART})


async def apply_local(run: Run, plan: Plan) -> bool:
    """Make the plan's local decisions durable. Return whether a link woke up, which asks for another look."""
    batch = Batch()
    for rebase in plan.rebases:
        _rebase(run, batch, rebase)
    for operation in plan.operations:
        _apply(run, batch, operation)
    batch.holds = holds_of(run, plan)
    batch.decisions = list(_done_with(run, plan))
    batch.hangs = _answered(run)
    batch.attempts.update(dict.fromkeys(_settled_attempts(run, plan)))
    if run.notebook.state.rules != run.account.rules:  # with what is held because of it
        batch.rules = run.account.rules
    if batch != Batch(holds=run.notebook.state.holds):
        await run.notebook.commit(batch)
    return any(operation.kind is Kind.WAKE or operation.reason == "moved" for operation in plan.operations)


async def apply_links(run: Run, operations: Sequence[Operation]) -> None:
    """Make links durable ahead of the plan that is made with them."""
    batch = Batch()
    for operation in operations:
        _apply(run, batch, operation)
    if operations:
        await run.notebook.commit(batch)


def _apply(run: Run, batch: Batch, operation: Operation) -> None:
    link = _current(run, batch, operation.link)
    if operation.kind in _STATES and link is not None and operation.state is not None:
        reason = None if operation.state is State.AWAKE else operation.reason
        batch.links[link.id] = replace(link, state=operation.state, reason=reason)
    elif operation.kind is Kind.PART and operation.link is None and operation.source is not None:
        link = _left_alone(run, batch, operation, operation.source)
    elif operation.kind is Kind.UNLINK and link is not None:
        unlink(run, batch, link)
    elif operation.kind is Kind.LINK:
        link = _moved(run, batch, operation, link) if link is not None else _linked(run, batch, operation)
        run.report.counts[operation.side].done(Kind.LINK)
    else:
        return
    _tell(run, batch, operation, link)


def _left_alone(run: Run, batch: Batch, operation: Operation, event: Observation) -> Link:
    """Return a link with one event, so that it is neither new nor matched any more."""
    mappings = {side: run.account.calendars[side].capabilities.mapping_version for side in BOTH}
    link = Link(
        id=run.notebook.new_link_id(),
        left=None,
        right=None,
        state=State.PARTED,
        reason=operation.reason,
        origin=operation.side.other,
        left_base=Base(mapping_version=mappings[Side.LEFT]),
        right_base=Base(mapping_version=mappings[Side.RIGHT]),
    )
    link = link.with_event(operation.side.other, event.id)
    batch.links[link.id] = link
    return link


def _linked(run: Run, batch: Batch, operation: Operation) -> Link | None:
    if operation.source is None or operation.target is None:
        return None
    link = Link(id=run.notebook.new_link_id(), left=None, right=None)
    link = link.with_event(operation.side.other, operation.source.id).with_event(
        operation.side, operation.target.id
    )
    link = _with_bases(link, operation)
    batch.links[link.id] = link
    return link


def _with_bases(link: Link, operation: Operation) -> Link:
    for side, base in operation.bases.items():
        link = link.with_base(side, base)
    return replace(link, origin=operation.origin or link.origin)


def _moved(run: Run, batch: Batch, operation: Operation, link: Link) -> Link:
    """Give a link's lost side the id under which its event came back."""
    let_go(run, batch, operation.side, link.event_id(operation.side))
    if operation.target is not None:
        state = operation.state or State.AWAKE
        reason = link.reason if state is State.PARTED else None
        link = replace(link.with_event(operation.side, operation.target.id), state=state, reason=reason)
        link = _with_bases(link, operation)
    batch.links[link.id] = link
    return link


def _rebase(run: Run, batch: Batch, rebase: Rebase) -> None:
    link = _current(run, batch, rebase.link)
    if link is None:
        return
    before = link.base(rebase.side)
    batch.links[link.id] = link.with_base(rebase.side, rebase.base)
    if rebase.reason in TOLD:
        run.report.remark(Kind.SKIP, rebase.side, rebase.reason)
        batch.ledger.append(
            LedgerEntry(
                run=run.number,
                at=run.now,
                kind="rebase",
                side=rebase.side,
                reason=rebase.reason,
                event_id=link.event_id(rebase.side),
                link=link.id,
                before=before.values,
                after=rebase.base.values,
            )
        )


def _current(run: Run, batch: Batch, link: Link | None) -> Link | None:
    if link is None:
        return None
    return batch.links[link.id] if link.id in batch.links else run.notebook.state.links.get(link.id)


def holds_of(run: Run, plan: Plan) -> dict[HoldKey, Held]:
    """Return what waits for a person now; what waited already keeps its age.

    So does what a person has decided, until it is carried out, and whatever is held of a link or of an event about
    which nothing was decided now: it may go on waiting.
    """
    known = run.notebook.state.holds
    stays = _decided(plan) | {*_still_ruled(run, plan)}
    holds = {key: held for key, held in known.items() if key in stays or _is_undecided(run, plan, key)}
    for key, rule in _planned(plan):
        side, event_id, kind, reason = key
        since = known[key].since if key in known else run.now
        holds[key] = Held(side=side, event_id=event_id, kind=kind, reason=reason, since=since, rule=rule)
    moved = _new_ids(plan)
    return {held.key: held for held in (_under_new_id(held, moved) for held in holds.values())} if moved else holds


def _planned(plan: Plan) -> Iterator[tuple[HoldKey, str | None]]:
    """Yield what the plan holds, with the rule that does."""
    for operation in plan.operations:
        if operation.kind is Kind.HOLD and operation.event_id is not None:
            kind = operation.wanted or Kind.HOLD
            yield (operation.side, operation.event_id, kind, operation.reason), operation.guard
    yield from ((key, None) for key in plan.ruled)


def _new_ids(plan: Plan) -> Mapping[tuple[Side, str], str]:
    """Return the ids that events of links have from now on, by side and the one of before."""
    return {
        (each.side, each.link.event_id(each.side) or ""): each.target.id
        for each in plan.operations
        if each.kind is Kind.LINK and each.link is not None and each.target is not None
    }


def _under_new_id(held: Held, moved: Mapping[tuple[Side, str], str]) -> Held:
    """Return a hold by the id that its event has from now on: what waits must go on waiting under a new one."""
    side = held.side.other if held.kind is Kind.CREATE else held.side
    return replace(held, event_id=moved.get((side, held.event_id), held.event_id))


def _still_ruled(run: Run, plan: Plan) -> Iterator[HoldKey]:
    """Yield the creates that wait since the rules were changed, also where their events are in doubt now.

    None does where a person is to confirm the whole plan: that is a word about them, too. Nor on a side that
    is not written any more, which has to be confirmed before it is written again.
    """
    state = run.notebook.state
    ended = [each for each in plan.operations if each.kind in {Kind.SKIP, Kind.PART, Kind.LINK}]
    ended += [each for each in plan.operations if each.kind is Kind.CREATE and each.decided]
    over = {seen.id for each in ended for seen in (each.source, each.target) if seen is not None}
    for key in state.holds:
        side, event_id, kind, reason = key
        ruled = (kind, reason) == (Kind.CREATE, RULES) and state.sides[side].written and state.rebuild is None
        alone = event_id in state.seen[side.other] and run.notebook.link_of(side.other, event_id) is None
        if ruled and alone and event_id not in over:
            yield key


def _done_with(run: Run, plan: Plan) -> Iterator[Decision]:
    """Yield the decisions that count no more: carried out, or made about what is not so any more."""
    stays = _decided(plan)
    for key, decision in run.notebook.state.decisions.items():
        if key not in stays and not _is_undecided(run, plan, key):
            yield decision


def _decided(plan: Plan) -> set[HoldKey]:
    return {key for operation in plan.operations for key in operation.decided}


def _is_undecided(run: Run, plan: Plan, key: HoldKey) -> bool:
    """Tell whether nothing was decided about a hold's link; or about its event, as that or another may be gone."""
    side, event_id, *_ = key
    link = run.notebook.link_of(side, event_id) or run.notebook.link_of(side.other, event_id)
    if link is not None:
        return link.id in plan.undecided
    seen = run.notebook.state.seen[side.other].get(event_id)
    return (side.other, event_id) in plan.undecided_events or (seen is not None and seen.standing.in_doubt)


def _settled_attempts(run: Run, plan: Plan) -> Iterator[tuple[Side, str]]:
    """Yield the failures that are over: what failed is not planned any more, nor waits for an open intent.

    What the budget holds is planned: a failure that is forgotten would take the turn of what never failed.
    """
    planned = {
        (operation.side, operation.event_id)
        for operation in plan.operations
        if operation.kind in WRITES or operation.reason == BUDGET
    }
    for intent in run.notebook.state.intents.values():
        planned.update((intent.side, seen.id) for seen in (intent.source, intent.target) if seen is not None)
    yield from (key for key in run.notebook.state.attempts if key not in planned)


def _answered(run: Run) -> list[Hang]:
    """Return the questions that nobody asks any more. Those about the same events go together."""
    state = run.notebook.state
    listed = {side: state.sides[side].listed_run for side in BOTH}
    versions = run.account.chain.versions
    stays = {hang.about for hang in state.hangs if not hang.is_over(state.seen, listed, versions)}
    return [hang for hang in state.hangs if hang.about not in stays]


def _tell(run: Run, batch: Batch, operation: Operation, link: Link | None) -> None:
    batch.ledger.append(
        LedgerEntry(
            run=run.number,
            at=run.now,
            kind=operation.kind,
            side=operation.side,
            reason=operation.reason,
            event_id=operation.event_id,
            link=link.id if link else None,
            after=operation.changes,
        )
    )
