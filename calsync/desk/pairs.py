"""The links of an account, with what both sides show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.discretion import TEXTS, masked
from calsync.sync.model import FIELDS, Side, State
from calsync.sync.view import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.left_out import Found, How
    from calsync.store.showing import LinkRow
    from calsync.sync.model import Field, Observation, When

_GONE = frozenset({Standing.DELETED, Standing.ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One side's event, as it was last read. Customers' text: only for those who may see the account."""

    event_id: str
    summary: str
    when: When
    description: str
    reminder: bool | None
    private: bool
    attendees: int | None
    """None where the system cannot tell."""
    gone: bool
    """Proven to be deleted, or to stand elsewhere."""
    doubted: bool
    """Perhaps deleted: the next runs find out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An event on the left that is the same appointment as an event on the right."""

    id: int
    state: State
    how: How | None
    """How it is left out; None: it is synced."""
    reason: str | None
    """A word of calsync.reasons: why it is left out."""
    origin: Side | None
    """The side whose event was there first; None where both were there before."""
    sides: Mapping[Side, Shown | None]
    """None where there is no event, or nothing is known of it."""

    @property
    def differing(self) -> tuple[Field, ...]:
        """The fields in which both sides differ, as they were last read. A private text does so on purpose."""
        left, right = self.sides[Side.LEFT], self.sides[Side.RIGHT]
        if left is None or right is None:
            return ()
        meant = TEXTS if left.private or right.private else ()
        return tuple(name for name in FIELDS if name not in meant and getattr(left, name) != getattr(right, name))

    @property
    def gone(self) -> Side | None:
        """The side on which the event is not there any more."""
        return next((side for side, shown in self.sides.items() if shown is None or shown.gone), None)

    @property
    def synced(self) -> bool:
        """Whether both sides are there and the same, as far as they are to be."""
        return self.how is None and self.gone is None and not self.differing


def pair(row: LinkRow, waits: Mapping[tuple[Side, str | None], Found], *, own: bool) -> Pair:
    """Return a link as somebody sees it whose `own` account it is, or others do. `waits`: what is left out."""
    seen = {Side.LEFT: row.left, Side.RIGHT: row.right}
    if not own and any(one.event.private for one in seen.values() if one is not None):
        seen = {side: None if one is None else masked(one) for side, one in seen.items()}
    left_out = next((waits[event] for event in row.ids.items() if event in waits), None)
    return Pair(
        id=row.id,
        state=row.state,
        how=None if left_out is None else left_out.how,
        reason=None if left_out is None else left_out.reason,
        origin=row.origin,
        sides={side: _shown(seen[side], row.standings[number]) for number, side in enumerate(Side)},
    )


def _shown(seen: Observation | None, standing: Standing | None) -> Shown | None:
    if seen is None:
        return None
    event = seen.event
    return Shown(
        event_id=seen.id,
        summary=event.summary,
        when=event.when,
        description=event.description,
        reminder=event.reminder,
        private=event.private,
        attendees=event.attendee_count,
        gone=standing in _GONE or event.cancelled,
        doubted=standing is not None and standing.in_doubt,
    )
