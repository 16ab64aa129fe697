"""Mutants of a person's word: that it counts once, for what the person saw, and for as long as it must."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from calsync.engine import local, planning
from calsync.store import statements
from calsync.sync import brakes, choices, matchup, merge, partings, reconcile, released, returns, twins
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def released_is_ordinary() -> AbstractContextManager[Any]:
    """A delete that a person has released counts as one that nobody was asked about."""
    return patch.object(statements, "DELETES", statements.DELETES.replace("'released'", "''"))


def kept_wakes_by_new_id() -> AbstractContextManager[Any]:
    """What is left of a kept pair counts as one of a pair again when its server gives it a new id."""
    return patch.object(returns, "_is_kept", lambda _: False)


@contextmanager
def kept_is_put_off() -> Iterator[None]:
    """A delete that a person does not want is only left out of this run, and its hold is over."""
    carry = released.carry_decisions

    def forgetful(plan: Any, view: Any) -> Any:
        kept = [each for each in carry(plan, view).operations if each.reason != choices.KEPT]
        return replace(carry(plan, view), operations=tuple(kept))

    with patch.object(planning, "carry_decisions", forgetful):
        yield


@contextmanager
def given_up_on_one_side() -> Iterator[None]:
    """Of a rewrite that is given up only the target counts as agreed."""
    given_up = released._given_up

    def half(operation: Any, rebases: Any) -> Iterator[Any]:
        yield from (each for each in given_up(operation, rebases) if each.side is operation.side)

    with patch.object(released, "_given_up", half):
        yield


@contextmanager
def old_word_counts() -> Iterator[None]:
    """A decision counts for ever, whatever becomes of what the person saw."""

    def fitting(run: Any) -> Iterator[Any]:
        yield from run.notebook.state.decisions.items()

    def never(*_: Any) -> Iterator[Any]:
        return iter(())

    with patch.object(planning, "_fitting", fitting), patch.object(local, "_done_with", never):
        yield


def any_values_count() -> AbstractContextManager[Any]:
    """A decision counts for other values than those that the person saw."""
    return patch.object(planning, "fingerprint", _Anything)


class _Anything(str):
    """Equals every fingerprint."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> Self:
        return super().__new__(cls)

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def word_is_lost_on_the_way() -> AbstractContextManager[Any]:
    """A decision is done with when its write is planned, whatever comes of that."""
    return patch.object(local, "_decided", lambda _: set())


@contextmanager
def doubt_ends_a_word() -> Iterator[None]:
    """A decision is done with when nothing can be decided about its pair for a while."""

    def rash(view: Any) -> Any:
        return replace(reconcile.reconcile(view), undecided=frozenset(), undecided_events=frozenset())

    with patch.object(planning, "reconcile", rash):
        yield


def left_alone_for_a_run() -> AbstractContextManager[Any]:
    """A twin that a person wants to be left alone is only left out of this run."""
    decide = twins.decide_twins

    def forgetful(view: Any, group: Any) -> Any:
        decided, rest = decide(view, group)
        return [each for each in decided if each.reason != choices.LEFT_ALONE], rest

    return patch.object(matchup, "decide_twins", forgetful)


def partner_of_elsewhere_goes() -> AbstractContextManager[Any]:
    """The partner of what left the account is deleted, and nobody is asked."""
    ask = partings._ask

    def rash(view: Any, held: Any) -> Iterator[Any]:
        if held.reason == brakes.LEFT_ACCOUNT and held.wanted is Kind.DELETE:
            key = (held.side, held.event_id, held.wanted, held.reason)
            held = replace(held, kind=Kind.DELETE, reason=choices.RELEASED, wanted=None, decided=frozenset({key}))
            yield held
        else:
            yield from ask(view, held)

    return patch.object(partings, "_ask", rash)


@contextmanager
def choice_is_swapped() -> Iterator[None]:
    """Left is taken for right."""
    decide = merge._decide
    swapped = {choices.Choice.LEFT: choices.Choice.RIGHT, choices.Choice.RIGHT: choices.Choice.LEFT}

    def other(result: Any, name: Any, left: Any, right: Any, choice: Any, terms: Any) -> Any:
        return decide(result, name, left, right, swapped.get(choice, choice), terms)

    with patch.object(merge, "_decide", other):
        yield


@contextmanager
def release_lets_all_pass() -> Iterator[None]:
    """Where a person has released one delete, no other one is held."""

    def lax(plan: Any, *rest: Any) -> Any:
        some = any(each.kind is Kind.DELETE and each.decided for each in plan.operations)
        return plan if some else brakes.brake(plan, *rest)

    with patch.object(planning, "brake", lax):
        yield
