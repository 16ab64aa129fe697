"""What waits for a person in one account, and the person's word about it. Nothing here writes to a calendar."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.discretion import masked
from calsync.sync.brakes import BUDGET, DELETES, LEFT_ACCOUNT, PRIVATE_DELETED, REWRITES, RULES
from calsync.sync.choices import AMBIGUOUS, CONFLICT, UNSURE, Choice, Decision, fingerprint, offers
from calsync.sync.model import FIELDS, Side
from calsync.sync.plan import Kind
from calsync.sync.ruled import is_asked_already
from calsync.sync.twins import Shown
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from calsync.records import AccountState, Held
    from calsync.store import SqlStore
    from calsync.sync.model import Direction, Field, Link, Observation
    from calsync.sync.view import Seen


BATCHES: Mapping[str, str] = {
    "deletes": DELETES,
    "rewrites": REWRITES,
    "budget": BUDGET,
    "rules": RULES,
    "conflicts": CONFLICT,
    "changed-by-server": UNSURE,
    "ambiguous": AMBIGUOUS,
    "left-account": LEFT_ACCOUNT,
    "private": PRIVATE_DELETED,
}
"""What may be decided together, all that is held for one reason; or one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something that waits, as a person sees it."""

    name: str
    """Eight hexadecimal digits that name this case with what both sides show: another value, another name."""
    side: Side
    """The side that is not written as long as it waits."""
    event_id: str
    kind: Kind
    """What is not done: delete, update or create; hold where nobody knows."""
    reason: str
    """A word of calsync.reasons."""
    since: datetime
    rule: str | None = None
    """The rule that holds it; None where it is no rule that does."""
    left: Observation | None
    """What the left side showed last; None where there is no event of this case."""
    right: Observation | None
    gone: Side | None
    """The side on which the event is not there any more: deleted, or for LEFT_ACCOUNT somewhere else."""
    choices: Sequence[Choice]
    """What a person may choose; nothing where only something else ends it, nor while it is not known whether both
    events are there."""
    is_for_people: bool = True
    """Whether a person's word ends it, now or once it is known whether both events are there."""
    decided: Choice | None
    """What somebody has chosen already: the next run carries it out."""
    shown: str
    """The fingerprint of both sides."""

    @property
    def differing(self) -> Sequence[Field]:
        """Return the fields in which both sides differ."""
        if self.left is None or self.right is None:
            return ()
        return [name for name in FIELDS if self.left.event.value(name) != self.right.event.value(name)]

    def discreet(self) -> Case:
        """Return the case as others than the account's owner see it. Its name stays what it is."""
        left, right = self.left, self.right
        if not any(seen.event.private for seen in (left, right) if seen is not None):
            return self
        return replace(self, left=left and masked(left), right=right and masked(right))

    def is_named(self, word: str) -> bool:
        """Tell whether a person means this case: by its name, or by the id of an event of either side.

        Of events that may belong together each has a case of its own, and shows another one's event.
        """
        if self.reason == AMBIGUOUS:
            return word in {self.name, self.event_id}
        return word == self.name or any(seen is not None and seen.id == word for seen in (self.left, self.right))


async def waiting(store: SqlStore, account: str, direction: Direction, now: datetime) -> Sequence[Case]:
    """Return all that a person is asked about in an account, what waits longest first. Raises StoreError."""
    state = await store.load(account, now)
    links = {(side, link.event_id(side)): link for link in state.links.values() for side in Side}

    def link_of(side: Side, event_id: str) -> Link | None:
        return links.get((side, event_id))

    shown = Shown(state.holds, state.links.values(), state.seen, link_of)
    asked = [held for key, held in state.holds.items() if not is_asked_already(key, state.holds)]
    cases = [_case(state, held, shown.of(held.key), direction) for held in asked]
    return sorted(cases, key=lambda case: (case.since, case.side, case.event_id, case.reason))


async def decide(
    store: SqlStore,
    account: str,
    direction: Direction,
    names: Collection[str],
    choice: Choice,
    now: datetime,
) -> Sequence[Case]:
    """Take a person's word about the cases of these names; return those for which it counts.

    It does not count where a case does not offer this choice, is over or shows other values by now, nor where
    somebody has decided it before. The account's next run carries it out. Raises StoreError.
    """
    cases = await waiting(store, account, direction, now)
    named = [case for case in cases if case.name in names and choice in case.choices and case.decided is None]
    decisions = [_decision(case, choice, now) for case in named]
    taken = await store.decisions.put(account, decisions)
    return [case for case, decision in zip(named, decisions, strict=True) if decision in taken]


def _decision(case: Case, choice: Choice, now: datetime) -> Decision:
    return Decision(
        side=case.side,
        event_id=case.event_id,
        kind=case.kind,
        reason=case.reason,
        choice=choice,
        fingerprint=case.shown,
        since=case.since,
        at=now,
        partner=_partner(case) if choice is Choice.PAIR else None,
    )


def _partner(case: Case) -> str | None:
    """Return the event on the side that is not written which the case's event may be paired with."""
    seen = case.left if case.side is Side.LEFT else case.right
    return None if seen is None else seen.id


def _case(state: AccountState, held: Held, events: tuple[Seen | None, Seen | None], direction: Direction) -> Case:
    left, right = events
    shown = fingerprint(left, right)
    decision = state.decisions.get(held.key)
    offered = () if state.rebuild is not None else offers(held.reason, held.kind, direction)
    known = [seen for seen in (left, right) if seen is not None]
    if len(known) < len(Side):
        offered = tuple(choice for choice in offered if choice is not Choice.PAIR)
    doubt = len(known) < _needed(held) or any(seen.standing.in_doubt for seen in known)
    counts = decision is not None and decision.since == held.since and (doubt or decision.fingerprint == shown)
    return Case(
        name=_name(held, shown),
        side=held.side,
        event_id=held.event_id,
        kind=held.kind,
        reason=held.reason,
        since=held.since,
        rule=held.rule,
        left=None if left is None else left.observation,
        right=None if right is None else right.observation,
        gone=Side.LEFT if _is_gone(left) else Side.RIGHT if _is_gone(right) else None,
        choices=() if doubt else offered,
        is_for_people=bool(offered),
        decided=decision.choice if decision is not None and counts else None,
        shown=shown,
    )


def _needed(held: Held) -> int:
    """Return how many events there must be to decide about: a copy that is not made yet is none."""
    return 1 if held.kind is Kind.CREATE or held.reason == AMBIGUOUS else 2


def _is_gone(seen: Seen | None) -> bool:
    return seen is not None and (seen.deleted or seen.standing is Standing.ELSEWHERE)


def _name(held: Held, shown: str) -> str:
    what = "\n".join([*map(str, held.key), held.since.isoformat(), shown])
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:8]
