"""Builders of what the reconciler looks at, in the words of the decision table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import (
    FIELDS,
    Base,
    Capabilities,
    Direction,
    Draft,
    Event,
    Field,
    Link,
    Observation,
    Side,
    Timed,
    Value,
    Window,
)
from calsync.sync.reconcile import reconcile
from calsync.sync.rules import ALLOW, Chain, Rule, Verdict, Write
from calsync.sync.view import ConflictPolicy, Seen, Standing, TargetEdit, View
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.sync.asking import Hang
    from calsync.sync.plan import Kind, Operation, Plan

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=90), NOW + timedelta(days=365))
AGREED = Event(summary="Besichtigung", when=Timed(NOW, NOW + timedelta(hours=1)), description="Schlüssel")


@dataclass
class Scripted(Rule):
    """A rule that answers what a test wrote down for it."""

    name: str = "scripted"
    refuses: str | None = None
    """The reason with which no event is admitted."""
    verdict: Verdict = ALLOW
    fails_in: str = ""
    """The method that raises."""
    raises: type[BaseException] = ZeroDivisionError
    asked: list[Write] = field(default_factory=list)

    def _answer(self, method: str) -> None:
        if self.fails_in == method:
            raise self.raises

    def admit(self, event: Event) -> str | None:
        self._answer("admit")
        return self.refuses

    def project(self, event: Event) -> Event:
        self._answer("project")
        return event

    def on_create(self, source: Event, draft: Draft) -> Draft:
        self._answer("on_create")
        return draft

    def guard(self, write: Write) -> Verdict:
        self._answer("guard")
        self.asked.append(write)
        return self.verdict


@dataclass
class Scene:
    """An account's two sides. A test puts pairs and single events into it and asks for the plan."""

    direction: Direction = Direction.BOTH
    policy: ConflictPolicy = "right"
    on_target_edit: TargetEdit = "keep"
    rules: tuple[Rule, ...] = ()
    hangs: Sequence[Hang] = ()
    capabilities: dict[Side, Capabilities] = field(
        default_factory=lambda: dict.fromkeys(Side, Capabilities(trusted_times=True))
    )
    ready: dict[Side, bool] = field(default_factory=lambda: dict.fromkeys(Side, True))
    waiting_links: frozenset[int] = frozenset()
    waiting_events: frozenset[tuple[Side, str]] = frozenset()
    possibly_made: frozenset[tuple[Side, str]] = frozenset()
    seen: dict[Side, dict[str, Seen]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    links: dict[int, Link] = field(default_factory=dict)

    def put(
        self,
        side: Side,
        event_id: str,
        event: Event = AGREED,
        standing: Standing = Standing.PRESENT,
        modified: datetime | None = None,
    ) -> Seen:
        """Remember an event of one side."""
        observation = Observation(id=event_id, event=event, revision="1", modified=modified)
        seen = Seen(observation=observation, first_run=1, round=1, standing=standing)
        self.seen[side][event_id] = seen
        return seen

    def pair(
        self,
        left: Mapping[str, Any] | None = None,
        right: Mapping[str, Any] | None = None,
        *,
        agreed: Event = AGREED,
        gone: Mapping[Side, Standing] | None = None,
        **link: Any,
    ) -> Link:
        """Link two events that agreed on `agreed`, then change what `left` and `right` name."""
        number = len(self.links) + 1
        standings = gone or {}
        for side, edits in ((Side.LEFT, left), (Side.RIGHT, right)):
            event = replace(agreed, **(edits or {}))
            self.put(side, f"{side}{number}", event, standings.get(side, Standing.PRESENT))
        bases = dict.fromkeys(("left_base", "right_base"), Base.of(agreed, 1))
        ids = {"left": f"left{number}", "right": f"right{number}"}
        self.links[number] = Link(id=number, **{**ids, **bases, **link})
        return self.links[number]

    def view(self) -> View:
        return View(
            direction=self.direction,
            policy=self.policy,
            on_target_edit=self.on_target_edit,
            window=WINDOW,
            chain=Chain(self.rules, hangs=self.hangs),
            capabilities=self.capabilities,
            seen=self.seen,
            links=self.links,
            ready=self.ready,
            waiting_links=self.waiting_links,
            waiting_events=self.waiting_events,
            possibly_made=self.possibly_made,
        )

    def plan(self) -> Plan:
        return reconcile(self.view())

    def idle(self) -> bool:
        """Tell whether there is nothing to do and nothing to remember."""
        plan = self.plan()
        return not plan.operations and not plan.rebases

    def decided(self) -> list[tuple[Kind, Side, str]]:
        """Return the plan's operations in short."""
        return [(operation.kind, operation.side, operation.reason) for operation in self.plan().operations]

    def only(self) -> Operation:
        """Return the plan's one operation."""
        (operation,) = self.plan().operations
        return operation

    def rebased(self) -> dict[tuple[Side, str], Mapping[Field, Value]]:
        """Return the values of the bases that move without a write, by side and reason."""
        return {(rebase.side, rebase.reason): rebase.base.values for rebase in self.plan().rebases}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def masked(scene: Scene) -> Scene:
    """A scene in which private events are masked."""
    scene.rules = (PrivateMask("Privat"),)
    return scene


@pytest.fixture(scope="session")
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture(scope="session")
def agreed() -> Event:
    return AGREED


@pytest.fixture
def image(agreed: Event) -> Mapping[Field, Value]:
    """All that is synced of an event."""
    return {name: agreed.value(name) for name in FIELDS}


@pytest.fixture(scope="session")
def window() -> Window:
    return WINDOW


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def far() -> Timed:
    """Behind the window."""
    return Timed(WINDOW.end + timedelta(days=1), WINDOW.end + timedelta(days=1, hours=1))


@pytest.fixture(scope="session")
def past() -> Timed:
    """Before the window."""
    return Timed(WINDOW.start - timedelta(days=2), WINDOW.start - timedelta(days=1))


@pytest.fixture(scope="session")
def later() -> Timed:
    """Another time inside the window."""
    return Timed(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=2))
