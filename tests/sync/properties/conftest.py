"""A pure model of an account: two calendars as dictionaries, and what a run remembers of them.

A plan is applied as the engine confirms it, so that whole histories of users and runs can be played in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from calsync.sync.merge import delivered
from calsync.sync.model import (
    FIELDS,
    Base,
    Capabilities,
    Direction,
    Event,
    Field,
    Link,
    Observation,
    Side,
    State,
    Value,
    Window,
)
from calsync.sync.plan import WRITES, Kind, Operation, Plan
from calsync.sync.reconcile import reconcile
from calsync.sync.rules import Chain
from calsync.sync.view import ConflictPolicy, Seen, Standing, TargetEdit, View
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def capabilities(mapping_version: int = 1) -> dict[Side, Capabilities]:
    return {
        side: Capabilities(mapping_version=mapping_version, trusted_times=True, writes_may_mail=side is Side.RIGHT)
        for side in Side
    }


@dataclass
class Account:
    """Two calendars, their users' events, and what calsync remembers."""

    direction: Direction
    policy: ConflictPolicy
    on_target_edit: TargetEdit
    window: Window = field(default=Window(NOW - timedelta(days=90), NOW + timedelta(days=365)))
    chain: Chain = field(default_factory=lambda: Chain([AttendeeStripping(), PrivateMask("Privat")]))
    mapping_version: int = 1
    events: dict[Side, dict[str, Event]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    modified: dict[str, datetime] = field(default_factory=dict)
    seen: dict[Side, dict[str, Seen]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    links: dict[int, Link] = field(default_factory=dict)
    appointment: dict[str, int] = field(default_factory=dict)
    """Which appointment an event is, whatever its id: copies of one are the same."""
    told: set[Value] = field(default_factory=set)
    """Values that the ledger tells as overwritten, masked or linked different."""
    different: set[tuple[int, Field]] = field(default_factory=set)
    """Fields of links that differ on purpose: linked different, or edited on a masked copy."""
    numbers: count[int] = field(default_factory=lambda: count(1))

    # What users do.

    def write(self, side: Side, event_id: str, event: Event) -> None:
        self.events[side][event_id] = event
        self.modified[event_id] = NOW + timedelta(minutes=next(self.numbers))

    def add(self, side: Side, event: Event, appointment: int | None = None) -> str:
        event_id = f"{side}-{next(self.numbers)}"
        self.appointment[event_id] = next(self.numbers) if appointment is None else appointment
        self.write(side, event_id, event)
        return event_id

    def remove(self, side: Side, event_id: str) -> None:
        del self.events[side][event_id]

    # What a run does.

    def view(self) -> View:
        return View(
            direction=self.direction,
            policy=self.policy,
            on_target_edit=self.on_target_edit,
            window=self.window,
            chain=self.chain,
            capabilities=capabilities(self.mapping_version),
            seen=self.seen,
            links=self.links,
            ready=dict.fromkeys(Side, True),
        )

    def run(self) -> Plan:
        """Read both sides, decide, carry out. Return the plan."""
        self._pull()
        view = self.view()
        plan = reconcile(view)
        turned = replace(
            view,
            links=dict(reversed(list(view.links.items()))),
            seen={side: dict(reversed(list(view.seen[side].items()))) for side in Side},
        )
        assert reconcile(turned) == plan
        for rebase in plan.rebases:
            self._rebase(rebase.link.id, rebase.side, rebase.base, masked=rebase.reason == "masked")
        for operation in plan.operations:
            self._remember(operation)
        for operation in plan.operations:
            if operation.kind in WRITES:
                self._check(operation)
                self._send(operation)
        return plan

    def settle(self) -> Plan:
        """Run until a run changes nothing."""
        for _ in range(12):
            before = self._state()
            plan = self.run()
            if self._state() == before:
                assert not plan.rebases
                assert not any(operation.kind in WRITES for operation in plan.operations)
                return plan
        raise AssertionError("the account does not come to rest")

    def _state(self) -> object:
        return dict(self.events[Side.LEFT]), dict(self.events[Side.RIGHT]), dict(self.links), {**self.seen}

    def _pull(self) -> None:
        """An event that is missed is in doubt for one run, then it is proven deleted."""
        linked = self.view().linked
        for side in Side:
            seen: dict[str, Seen] = {}
            for event_id, event in self.events[side].items():
                seen[event_id] = self._observed(event_id, event)
            for event_id, known in self.seen[side].items():
                if event_id not in seen and event_id in linked[side]:
                    missed = known.standing is not Standing.PRESENT
                    seen[event_id] = replace(known, standing=Standing.DELETED if missed else Standing.ABSENT)
            self.seen[side] = seen

    def _observed(self, event_id: str, event: Event) -> Seen:
        observation = Observation(id=event_id, event=event, revision="1", modified=self.modified[event_id])
        return Seen(observation=observation, first_run=1, round=1)

    def _rebase(self, number: int, side: Side, base: Base, *, masked: bool) -> None:
        before = self.links[number].base(side).values
        if masked:
            changed = {name for name in FIELDS if base.values[name] != before[name]}
            self.different |= {(number, name) for name in changed}
            self.told |= {base.values[name] for name in changed}
        self.links[number] = self.links[number].with_base(side, base)

    def _remember(self, operation: Operation) -> None:
        link = operation.link
        if operation.kind in {Kind.WAKE, Kind.SLEEP, Kind.PART} and link and operation.state:
            reason = None if operation.state is State.AWAKE else operation.reason
            self.links[link.id] = replace(self.links[link.id], state=operation.state, reason=reason)
        elif operation.kind is Kind.UNLINK and link:
            del self.links[link.id]
        elif operation.kind is Kind.LINK and operation.target:
            if link:
                partner = self.links[link.id].event_id(operation.side.other) or ""
                self.appointment[operation.target.id] = self.appointment[partner]
                moved = self.links[link.id].with_event(operation.side, operation.target.id)
                self.links[link.id] = replace(moved, state=State.AWAKE, reason=None)
            else:
                self._match(operation)

    def _match(self, operation: Operation) -> None:
        source, target = operation.source, operation.target
        assert source
        assert target
        number = next(self.numbers)
        link = Link(id=number, left=source.id, right=target.id)
        for side in Side:
            link = link.with_base(side, operation.bases[side])
        self.links[number] = link
        self.appointment[target.id] = self.appointment[source.id]
        for name in FIELDS:
            if source.event.value(name) != target.event.value(name):
                self.different.add((number, name))
                self.told |= {source.event.value(name), target.event.value(name)}

    def _check(self, operation: Operation) -> None:
        """No write goes to a source, to attendees or with a time that is nobody's."""
        assert self.direction.writes(operation.side)
        target = operation.target
        assert not (target and operation.side is Side.RIGHT and target.event.attendee_count)
        if "when" in operation.changes:
            assert operation.source
            assert operation.changes["when"] == operation.source.event.when

    def _send(self, operation: Operation) -> None:
        side, link, source, target = operation.side, operation.link, operation.source, operation.target
        assert source
        if operation.draft is not None:
            values = operation.draft.values()
            event = Event(summary="", when=operation.draft.when, uid=f"server-{next(self.numbers)}").with_values(
                values
            )
            created = self.add(side, event, self.appointment[source.id])
            self.seen[side][created] = self._observed(created, event)
            number = link.id if link else next(self.numbers)
            renewed = link or Link(id=number, left=None, right=None)
            renewed = replace(renewed, state=State.AWAKE, reason=None, origin=side.other)
            renewed = renewed.with_event(side.other, source.id).with_event(side, created)
            renewed = renewed.with_base(side, Base.of(event, self.mapping_version))
            renewed = renewed.with_base(side.other, Base.of(source.event, self.mapping_version))
            self.links[number] = renewed
            self.different -= {(number, name) for name in FIELDS}
            return
        assert target
        assert link
        if operation.kind is Kind.DELETE:
            base = link.base(side.other)
            if source.event.private or base.private or base.owed:  # what was edited on a mask goes with it
                self.told |= {target.event.summary, target.event.description}
            self.remove(side, target.id)
            del self.links[link.id]
            return
        self._update(operation, self.links[link.id], source, target)

    def _update(self, operation: Operation, link: Link, source: Observation, target: Observation) -> None:
        changes = operation.changes
        assert changes
        if operation.reason in {"overruled", "restored"}:
            self.told |= {target.event.value(name) for name in changes}
        self.write(operation.side, target.id, target.event.with_values(changes))
        base, other = link.base(operation.side), link.base(operation.side.other)
        link = link.with_base(operation.side, replace(base, values={**base.values, **changes}))
        link = link.with_base(operation.side.other, delivered(other, source.event, changes.keys(), self.chain))
        self.links[link.id] = link
        self.different -= {(link.id, name) for name in changes}


@pytest.fixture(scope="session")
def account() -> Callable[..., Account]:
    return Account
