"""The engine's memory of one account: a working copy and the store, always changed together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from calsync.engine.readback import read_base
from calsync.records import Tombstone
from calsync.sync.budget import spends
from calsync.sync.choices import WANTED
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from calsync.values import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from calsync.ports import Clock
    from calsync.records import (
        AccountState,
        Attempt,
        Held,
        Intent,
        Lease,
        LedgerEntry,
        Rebuild,
        SideState,
        Store,
        Transaction,
    )
    from calsync.sync.asking import Hang
    from calsync.sync.choices import Decision
    from calsync.sync.model import Base, Link, Observation
    from calsync.sync.plan import HoldKey, Plan
    from calsync.sync.view import Seen

LEASE_LIFE = timedelta(minutes=5)
"""How long an account stays with a process that does not answer any more."""
BRAKE_SPAN = timedelta(hours=24)
"""What brakes and budgets look back on."""
K = TypeVar("K")
V = TypeVar("V")


def _by_side() -> dict[Side, dict[str, Seen | None]]:
    return {Side.LEFT: {}, Side.RIGHT: {}}


class Batch(Struct):
    """Changes that become durable together. None as a value drops the record."""

    run: int | None = None
    rebuild: Rebuild | None = None
    """Why a rebuild begins."""
    confirmed: bool = False
    """The rebuild ends."""
    rules: str | None = None
    """What names the rules that the account is planned under from now on."""
    rest: str | None = None
    """The terms of the account that its run has found at rest."""
    unsettled: frozenset[tuple[Side, str]] = frozenset()
    """The events for which it is not."""
    sides: dict[Side, SideState] = field(default_factory=dict)
    seen: dict[Side, dict[str, Seen | None]] = field(default_factory=_by_side)
    links: dict[int, Link | None] = field(default_factory=dict)
    intents: dict[str, Intent | None] = field(default_factory=dict)
    attempts: dict[tuple[Side, str], Attempt | None] = field(default_factory=dict)
    tombstones: dict[tuple[Side, str], Tombstone | None] = field(default_factory=dict)
    holds: dict[HoldKey, Held] | None = None
    decisions: list[Decision] = field(default_factory=list)
    """What persons have decided and is done with."""
    hangs: list[Hang] = field(default_factory=list)
    """The notes of questions without an answer that are dropped."""
    ledger: list[LedgerEntry] = field(default_factory=list)
    forget: datetime | None = None
    """Tombstones and ledger entries older than this are forgotten."""

    def bury(self, side: Side, event_id: str, at: datetime, revision: str | None = None) -> None:
        """Forget an event and leave our own tombstone: its id counts as new only after a read by id finds it."""
        self.seen[side][event_id] = None
        self.tombstones[side, event_id] = Tombstone(side=side, event_id=event_id, revision=revision, at=at)


_NOTHING = Batch()
_OF_EVENTS = {"run", "rest", "unsettled", "sides", "seen", "links", "intents", "tombstones", "holds", "ledger"}
_of_account = attrgetter(*(name for name in Batch.__struct_fields__ if name not in _OF_EVENTS))
"""What a batch may tell that is not about single events, and so may change what is decided about any."""


class Notebook:
    """Reads and changes what is remembered of one account, under its lease."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        lease_life: timedelta,
        state: AccountState,
        clock: Clock,
        mappings: Mapping[Side, int],
    ) -> None:
        """Take `mappings`, the mapping versions under which both calendars are read from now on."""
        self.state = state
        self.lease = lease
        self.touched: set[tuple[Side, str]] | None = set()
        """The events of which this run has remembered or decided something; None: of the account as a whole."""
        self._lease_life = lease_life
        self._store = store
        self._clock = clock
        self._mappings = mappings
        self._lock = asyncio.Lock()
        self._next_link = state.last_link + 1
        self._link()

    def may_write(self) -> bool:
        """Tell whether a remote write may begin: not once the lease was not renewed for two thirds of its life."""
        return self._clock.now() < self.lease.until - self._lease_life / 3

    async def is_switched_off(self) -> bool:
        """Tell whether a person has switched the account off, as of now."""
        return await self._store.settings.is_off(self.lease.account)

    def link_of(self, side: Side, event_id: str) -> Link | None:
        """Return the link that names an event."""
        link_id = self._linked.get((side, event_id))
        return None if link_id is None else self.state.links[link_id]

    def new_link_id(self) -> int:
        """Return a link id that was not used yet."""
        self._next_link += 1
        return self._next_link - 1

    async def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction, then take it over into the working copy. Keeps the lease alive."""
        async with self._lock:  # both sides are read at once, and may move the bases of one link
            batch.links.update(self._read_again(batch))
            await self._renew()
            async with self._store.transaction(self.lease) as transaction:
                _write(transaction, batch)
            self._touch_of(batch)
            self._take_over(batch)

    async def read_all(self, now: datetime) -> None:
        """Read also what lies outside the scope. Whoever holds parts of the state takes them anew."""
        async with self._lock:
            self.state = await self._store.load(self.lease.account, now - BRAKE_SPAN)
            self._link()

    def outgrown(self) -> bool:
        """Tell whether an event carries a uid that others outside the scope may carry, too."""
        scope, seen = self.state.scope, self.state.seen
        if scope is None:
            return False
        uids = {(side, each.uid) for side in BOTH for each in seen[side].values() if each.uid is not None}
        return not uids <= scope.uids

    def touch(self, plan: Plan) -> None:
        """Take note of what is decided: the next run looks whether it is done."""
        if self.touched is None:
            return
        links = [rebase.link for rebase in plan.rebases]
        for each in plan.operations:
            if each.kind is Kind.SKIP:
                continue
            links += [] if each.link is None else [each.link]
            for side, seen in ((each.side.other, each.source), (each.side, each.target)):
                self.touched |= set() if seen is None else {(side, seen.id)}
        self.touched.update(event for link in links for event in link.events)

    def _touch_of(self, batch: Batch) -> None:
        """Take note of the events that a batch is about, which is not taken over yet."""
        if self.touched is None:
            return
        if _of_account(batch) != _of_account(_NOTHING) or batch.holds not in (None, self.state.holds):
            self.touched = None
            return
        self.touched.update((side, event_id) for side in BOTH for event_id in batch.seen[side])
        self.touched.update(batch.tombstones)
        for link_id, link in batch.links.items():
            known = self.state.links.get(link_id)
            self.touched.update(event for each in (known, link) if each is not None for event in each.events)

    def _link(self) -> None:
        self._linked = {event: link.id for link in self.state.links.values() for event in link.events}

    async def keep_lease(self) -> None:
        """Keep the lease alive where nothing is to be recorded yet: a slow server must not cost it."""
        if self._is_due():  # asked before each write: the lock costs more
            async with self._lock:
                await self._renew()

    async def _renew(self) -> None:
        if self._is_due():
            self.lease = await self._store.renew(self.lease, self._clock.now(), self._lease_life)

    def _is_due(self) -> bool:
        return self._clock.now() >= self.lease.until - self._lease_life * 2 / 3

    def _read_again(self, batch: Batch) -> dict[int, Link]:
        """Return the links whose bases move because an event is read again, and not because somebody edited it.

        That is: for the first time after a write that answered nothing, or under another mapping.
        """
        moved: dict[int, Link] = {}
        for side, changes in batch.seen.items():
            for event_id, seen in changes.items():
                known = self.state.seen[side].get(event_id)
                if seen is None or known is None or seen.observation is known.observation:
                    continue  # not read again, only told, or doubted
                link = self.link_of(side, event_id)
                if link is None or link.id in batch.links:
                    continue
                link = moved.get(link.id, link)
                base = self._base_read_again(link.base(side), side, known.observation, seen.observation)
                if base is not link.base(side):
                    moved[link.id] = link.with_base(side, base)
        return moved

    def _base_read_again(self, base: Base, side: Side, before: Observation, after: Observation) -> Base:
        if before.revision is None:
            return base if after.revision is None else read_base(base, after)
        if base.mapping_version != self._mappings[side]:
            return base.translated(before.event, after.event, self._mappings[side])
        return base

    def _take_over(self, batch: Batch) -> None:
        state = self.state
        state.run = batch.run if batch.run is not None else state.run
        state.rebuild = None if batch.confirmed else batch.rebuild or state.rebuild
        state.rules = state.rules if batch.rules is None else batch.rules
        state.sides.update(batch.sides)
        for side, changes in batch.seen.items():
            _merge(state.seen[side], changes)
        self._relink(batch.links)
        _merge(state.intents, batch.intents)
        _merge(state.attempts, batch.attempts)
        _merge(state.tombstones, batch.tombstones)
        if batch.holds is not None:
            state.holds = batch.holds
        done_with = [*state.decisions.values()] if batch.rebuild else batch.decisions
        for decision in done_with:
            if state.decisions.get(decision.key) == decision:
                del state.decisions[decision.key]
        if batch.hangs:
            state.hangs = [hang for hang in state.hangs if hang not in batch.hangs]
        for entry in batch.ledger:
            state.begun = entry.run if state.begun is None else state.begun
            if entry.kind == Kind.DELETE and entry.reason not in WANTED:
                state.deleted_lately[entry.side] += 1
            source = state.seen[entry.side.other].get(entry.source_id or "")
            if spends(entry.kind, entry.reason, source, state.begun):
                state.spent = state.spent.more(1)
        if batch.forget is not None:
            old = [key for key, tombstone in state.tombstones.items() if tombstone.at < batch.forget]
            _merge(state.tombstones, dict.fromkeys(old))

    def _relink(self, changes: dict[int, Link | None]) -> None:
        for link_id in changes.keys() & self.state.links.keys():
            for event in self.state.links[link_id].events:
                del self._linked[event]
        _merge(self.state.links, changes)
        for link_id in changes.keys() & self.state.links.keys():
            self._linked.update(dict.fromkeys(self.state.links[link_id].events, link_id))


def _write(transaction: Transaction, batch: Batch) -> None:
    if batch.run is not None:
        transaction.begin_run(batch.run)
    if batch.rebuild is not None or batch.confirmed:
        transaction.set_rebuild(batch.rebuild)
    if batch.rules is not None:
        transaction.set_rules(batch.rules)
    if batch.rest is not None:
        transaction.set_rest(batch.rest, batch.unsettled)
    for side, side_state in batch.sides.items():
        transaction.put_side(side, side_state)
    _write_records(transaction, batch)
    _write_holds(transaction, batch)
    if batch.hangs:
        transaction.drop_hangs(batch.hangs)
    if batch.ledger:
        transaction.add_ledger(batch.ledger)
    if batch.forget is not None:
        transaction.expire(batch.forget)


def _write_records(transaction: Transaction, batch: Batch) -> None:
    for side, seen in batch.seen.items():
        if seen:
            _change(seen, partial(transaction.drop_seen, side), partial(transaction.put_seen, side))
    if batch.links:
        _change(batch.links, transaction.drop_links, transaction.put_links)
    if batch.intents:
        _change(batch.intents, transaction.drop_intents, transaction.put_intents)
    if batch.attempts:
        _change(batch.attempts, transaction.drop_attempts, transaction.put_attempts)
    if batch.tombstones:
        _change(batch.tombstones, transaction.drop_tombstones, transaction.put_tombstones)


def _write_holds(transaction: Transaction, batch: Batch) -> None:
    if batch.decisions:
        transaction.drop_decisions(batch.decisions)
    if batch.holds is not None:  # what was decided since the run began stays held: the next one hears of it
        transaction.set_holds(batch.holds.values())


def _change(
    records: Mapping[K, V | None],
    drop: Callable[[Iterable[K]], None],
    put: Callable[[Iterable[V]], None],
) -> None:
    dropped = [key for key, record in records.items() if record is None]
    kept = [record for record in records.values() if record is not None]
    if dropped:
        drop(dropped)
    if kept:
        put(kept)


def _merge(kept: dict[K, V], changes: dict[K, V | None]) -> None:
    for key, record in changes.items():
        if record is None:
            kept.pop(key, None)
        else:
            kept[key] = record
