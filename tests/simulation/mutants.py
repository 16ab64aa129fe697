"""Switches that each break one protection of the engine. A simulation that does not notice is blind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import Run, carry, confirm, doubts, engine, notebook, planning, pull, readback, rest
from calsync.store import SqlStore
from calsync.store.images import Images
from calsync.store.writing import StoredTransaction
from calsync.sync import brakes, decisions, merge, pairs, partings, reconcile
from calsync.sync.model import Base
from calsync.sync.rules import Chain
from calsync.sync.view import Standing
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from tests.simulation import (
    mutants_decisions,
    mutants_leave,
    mutants_limits,
    mutants_plans,
    mutants_proof,
    mutants_rest,
    mutants_rules,
    mutants_scope,
    mutants_undo,
)
from tests.simulation.database import CommitsOf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from calsync.records import SideState
    from calsync.sync.model import Side

    Mutant = Callable[[], AbstractContextManager[Any]]


@contextmanager
def no_intent() -> Iterator[None]:
    """A write leaves no trace before it is sent."""
    commit = notebook.Notebook.commit

    async def forgetful(self: notebook.Notebook, batch: notebook.Batch) -> None:
        batch.intents = {marker: intent for marker, intent in batch.intents.items() if intent is None}
        await commit(self, batch)

    with patch.object(notebook.Notebook, "commit", forgetful):
        yield


@contextmanager
def no_base() -> Iterator[None]:
    """What is there counts as agreed: nothing ever changed."""
    half_of = decisions.half_of

    def blind(*arguments: Any) -> merge.Half:
        found = half_of(*arguments)
        return replace(found, base=found.base.moved(Base.of(found.raw, 1).values), agreed=found.event)

    with patch.object(pairs, "half_of", blind), patch.object(pairs, "_at_rest", lambda *_: False):
        yield


def delete_wins() -> AbstractContextManager[Any]:
    """An edit of the other side does not count against a delete."""
    return patch.object(partings, "edits", lambda *_: set())


@contextmanager
def absence_is_delete() -> Iterator[None]:
    """What a listing does not show is gone, and nobody asks again."""
    located = doubts._located

    def rash(run: Any, side: Any, seen: Any, place: Any) -> Any:
        if seen.standing is Standing.ABSENT:
            return replace(seen, standing=Standing.DELETED, standing_run=run.number)
        return located(run, side, seen, place)

    async def trusting(*_: Any) -> None:
        return None

    with patch.object(doubts, "_located", rash), patch.object(carry, "_still_there", trusting):
        yield


def no_stale_guard() -> AbstractContextManager[Any]:
    """A write does not look whether the event is still what the plan was made from."""

    def unchecked(self: MemoryCalendar, target: Any) -> Any:
        return self.rows.present(target.id) or self.rows.rows[target.id]

    return patch.object(MemoryCalendar, "_checked", unchecked)


@contextmanager
def no_daily_comparison() -> Iterator[None]:
    """Both sides are listed once, and then never again."""

    def at_first(account: Any, sides: Mapping[Side, SideState], now: Any) -> bool:
        del account, now
        return any(side.listed_at is None for side in sides.values())

    with patch.object(engine, "listing_due", at_first), patch.object(rest, "listing_due", at_first):
        yield


def no_version_check() -> AbstractContextManager[Any]:
    """An older version of an event that comes late counts like a new one."""
    return patch.object(pull, "_older", lambda *_: False)


def no_rule_on_the_base() -> AbstractContextManager[Any]:
    """The rules are applied to what is observed only, not to what was agreed."""
    return patch.object(merge, "_agreed", lambda event, *_: (event, frozenset()))


@contextmanager
def no_fencing() -> Iterator[None]:
    """A runner goes on although another one has taken over."""

    def anybody(self: SqlStore, lease: Any) -> Any:
        return StoredTransaction(lease.account, Images(), lambda each: self._writer.write(each.write))

    async def renew(self: SqlStore, lease: Any, now: Any, life: Any) -> Any:
        del self
        return replace(lease, until=now + life)

    with (
        patch.object(SqlStore, "transaction", anybody),
        patch.object(SqlStore, "renew", renew),
        patch.object(notebook.Notebook, "may_write", lambda _: True),
    ):
        yield


@contextmanager
def source_base_moves_first() -> Iterator[None]:
    """A change counts as delivered as soon as its write is decided."""
    commit = notebook.Notebook.commit

    async def early(self: notebook.Notebook, batch: notebook.Batch) -> None:
        for intent in batch.intents.values():
            link = self.state.links.get(intent.link or 0) if intent is not None else None
            if intent is not None and link is not None and intent.source is not None and intent.changes:
                side = intent.side.other
                values = {name: intent.source.event.value(name) for name in intent.changes}
                batch.links[link.id] = link.with_base(side, link.base(side).moved(values))
        await commit(self, batch)

    with patch.object(notebook.Notebook, "commit", early):
        yield


def read_back_is_always_base() -> AbstractContextManager[Any]:
    """Whatever is found after a write counts as what calsync wrote."""
    return patch.object(readback, "_is_ours", lambda *_: True)


@contextmanager
def old_observation_stays() -> Iterator[None]:
    """A confirmed update leaves the observation of before it."""
    updated = confirm._updated

    def forgetful(run: Any, batch: Any, intent: Any, *rest: Any) -> None:
        updated(run, batch, intent, *rest)
        if intent.target is not None:
            batch.seen[intent.side].pop(intent.target.id, None)

    with patch.object(confirm, "_updated", forgetful):
        yield


def moved_is_new() -> AbstractContextManager[Any]:
    """An event that only got a new id is new before the doubt about the old one ends."""
    return patch.object(reconcile, "find_returns", lambda _: ())


def no_tombstone() -> AbstractContextManager[Any]:
    """What is deleted and done with leaves nothing behind."""

    def forget(self: notebook.Batch, side: Side, event_id: str, *_: Any) -> None:
        self.seen[side][event_id] = None

    return patch.object(notebook.Batch, "bury", forget)


def batch_ages_out() -> AbstractContextManager[Any]:
    """What a brake holds goes through in the next run."""
    brake = brakes.brake

    def ageing(plan: Any, view: Any, deleted_lately: Any, open_batches: frozenset[str], *rest: Any) -> Any:
        return plan if open_batches else brake(plan, view, deleted_lately, open_batches, *rest)

    return patch.object(planning, "brake", ageing)


def direction_at_once() -> AbstractContextManager[Any]:
    """A side that the direction makes writable is written at once."""
    return patch.object(Run, "unconfirmed", frozenset())


def no_loop_guard() -> AbstractContextManager[Any]:
    """Two programs that disagree are served for ever."""
    return patch.object(planning, "hold_loops", lambda plan, _: plan)


def no_hang_note() -> AbstractContextManager[Any]:
    """A rule that never answered is asked again."""
    return patch.object(Chain, "without", lambda self, _: self)


def no_switch() -> AbstractContextManager[Any]:
    """A run that goes on does not ask whether its account was switched off."""

    async def never(_: Run) -> None:
        return None

    return patch.object(carry, "_check_switch", never)


def old_switch() -> AbstractContextManager[Any]:
    """A process does not hear that somebody has switched an account off, as if nothing had been committed."""
    return patch.object(CommitsOf, "number", lambda _: 1)


_ALL: tuple[Mutant, ...] = (
    no_intent,
    no_base,
    delete_wins,
    absence_is_delete,
    no_stale_guard,
    no_daily_comparison,
    no_version_check,
    no_rule_on_the_base,
    no_fencing,
    source_base_moves_first,
    read_back_is_always_base,
    old_observation_stays,
    moved_is_new,
    no_tombstone,
    batch_ages_out,
    direction_at_once,
    no_loop_guard,
    no_hang_note,
    no_switch,
    old_switch,
    mutants_rules.no_attendee_guard,
    mutants_rules.no_mask,
    mutants_rules.private_time_stays,
    mutants_rules.mask_becomes_original,
    mutants_rules.no_reminder,
    mutants_rules.tells_places,
    mutants_rules.forgets_places,
    mutants_rules.all_types,
    mutants_rules.one_way_is_silent,
    mutants_rules.sleeps_for_ever,
    mutants_proof.elsewhere_is_deleted,
    mutants_proof.no_access_is_deleted,
    mutants_proof.gone_once_is_deleted,
    mutants_proof.refused_stops_account,
    mutants_proof.no_rewrite_brake,
    mutants_proof.no_waiting_events,
    mutants_proof.no_waiting_links,
    mutants_decisions.released_is_ordinary,
    mutants_decisions.kept_wakes_by_new_id,
    mutants_decisions.kept_is_put_off,
    mutants_decisions.given_up_on_one_side,
    mutants_decisions.old_word_counts,
    mutants_decisions.any_values_count,
    mutants_decisions.word_is_lost_on_the_way,
    mutants_decisions.doubt_ends_a_word,
    mutants_decisions.choice_is_swapped,
    mutants_decisions.release_lets_all_pass,
    mutants_decisions.left_alone_for_a_run,
    mutants_decisions.partner_of_elsewhere_goes,
    mutants_undo.undone_copy_is_forgotten,
    mutants_undo.undo_moves_both_bases,
    mutants_undo.undo_ignores_edits,
    mutants_undo.undo_ignores_what_is_back,
    mutants_undo.undo_deletes_the_last_one,
    mutants_undo.undone_deletes_are_ordinary,
    mutants_undo.undo_folds_over_edits,
    mutants_undo.undo_creates_again,
    mutants_undo.link_numbers_are_used_twice,
    mutants_undo.created_anew_is_a_pair,
    mutants_leave.leave_removes_the_last_one,
    mutants_leave.leave_trusts_the_plan,
    mutants_leave.leave_removes_edits,
    mutants_leave.leave_removes_originals,
    mutants_leave.leave_forgets_all_pairs,
    mutants_leave.leave_leaves_markers,
    mutants_leave.leave_comes_back_at_once,
    mutants_leave.unmark_mails,
    mutants_limits.no_budget,
    mutants_limits.budget_is_of_one_run,
    mutants_limits.budget_has_no_day,
    mutants_limits.budget_never_comes_back,
    mutants_limits.pauses_are_not_shared,
    mutants_limits.pauses_are_not_kept,
    mutants_limits.everything_at_once,
    mutants_plans.applies_although_the_world_moved,
    mutants_plans.rules_write,
    mutants_plans.rules_write_in_the_next_run,
    mutants_rest.rests_under_other_terms,
    mutants_rest.rests_with_work_left,
    mutants_rest.rests_while_it_learns,
    mutants_scope.scope_without_candidates,
    mutants_scope.scope_without_copies,
    mutants_scope.scope_without_tombstones,
    mutants_scope.scope_without_partners,
    mutants_scope.brakes_count_the_scope,
    mutants_scope.scope_is_never_outgrown,
)
MUTANTS = {mutant.__name__: mutant for mutant in _ALL}
"""By name, in the order of the table that `--mutants` prints."""
assert len(MUTANTS) == len(_ALL), "two mutants of one name: one of them would never be hunted"
