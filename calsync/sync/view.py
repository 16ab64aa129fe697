"""What the reconciler looks at: one account, both sides, as known in this run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from calsync.sync.model import BOTH, Side, State
from calsync.values import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.choices import Decision
    from calsync.sync.model import Capabilities, Direction, Link, Observation, Window
    from calsync.sync.plan import HoldKey
    from calsync.sync.rules import Chain

ConflictPolicy = Literal["right", "left", "newest", "hold"]
TargetEdit = Literal["keep", "restore"]
FirstSync = Literal["ask", "run"]


class Standing(StrEnum):
    """What is known of an observed event's presence. All but PRESENT begin as a question, never as an answer."""

    PRESENT = "present"
    TOMBSTONE = "tombstone"
    """In doubt: the server told that the event may be gone."""
    ABSENT = "absent"
    """In doubt: a complete listing did not show it, or what was told of it may be a late repetition."""
    GONE = "gone"
    """In doubt: the server said once that it does not exist, without a tombstone."""
    DELETED = "deleted"
    """Proven."""
    ELSEWHERE = "elsewhere"
    """It lives on in another calendar, or belongs to somebody else."""

    @property
    def in_doubt(self) -> bool:
        return self in _IN_DOUBT


_IN_DOUBT = frozenset({Standing.TOMBSTONE, Standing.ABSENT, Standing.GONE})


class Seen(Struct, frozen=True, kw_only=True):
    """An observation as it is remembered."""

    observation: Observation
    first_run: int
    """The run that saw the event first; tells what was there before an intent began."""
    round: int
    """The last listing in full that showed the event."""
    standing: Standing = Standing.PRESENT
    standing_run: int = 0
    """The run in which `standing` was found."""

    @property
    def uid(self) -> str | None:
        return self.observation.event.uid

    @property
    def deleted(self) -> bool:
        """Proven gone; a cancelled meeting counts as deleted."""
        present = self.standing is Standing.PRESENT
        return self.standing is Standing.DELETED or (present and self.observation.event.cancelled)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a decision depends on. Equal views give equal plans."""

    direction: Direction
    policy: ConflictPolicy
    on_target_edit: TargetEdit
    window: Window
    chain: Chain
    capabilities: Mapping[Side, Capabilities]
    seen: Mapping[Side, Mapping[str, Seen]]
    links: Mapping[int, Link]
    ready: Mapping[Side, bool]
    """Whether a side was listed in full once and was read to its end in this run."""
    waiting_links: frozenset[int] = frozenset()
    """Links with an open intent: nothing is decided about them."""
    waiting_events: frozenset[tuple[Side, str]] = frozenset()
    """Events about which nothing is decided: those of open creates, and ids whose tombstone still stands."""
    possibly_made: frozenset[tuple[Side, str]] = frozenset()
    """Those of open creates: their sources, under any id, and the unlinked events that they may have made."""
    others: int = 0
    """How many awake links there are besides, of which it is known that nothing is to be decided about them."""
    decisions: Mapping[HoldKey, Decision] = field(default_factory=dict)
    """What a person has decided about what is held, where it still is as the person saw it."""
    linked: Mapping[Side, Mapping[str, int]] = field(init=False)
    """The link of each event id."""

    def __post_init__(self) -> None:
        linked: dict[Side, dict[str, int]] = {Side.LEFT: {}, Side.RIGHT: {}}
        for link in self.links.values():
            if link.left is not None:
                linked[Side.LEFT][link.left] = link.id
            if link.right is not None:
                linked[Side.RIGHT][link.right] = link.id
        object.__setattr__(self, "linked", linked)

    def of(self, link: Link, side: Side) -> Seen | None:
        """Return what is remembered of a link's event on one side."""
        event_id = link.event_id(side)
        return None if event_id is None else self.seen[side].get(event_id)

    @property
    def awake(self) -> int:
        """How many pairs there are that are kept the same."""
        return self.others + sum(link.state is State.AWAKE for link in self.links.values())

    @property
    def trusted_policy(self) -> ConflictPolicy:
        """The policy, or the default one where `newest` would compare times that cannot be compared."""
        if self.policy == "newest" and not all(self.capabilities[side].trusted_times for side in BOTH):
            return "right"
        return self.policy
