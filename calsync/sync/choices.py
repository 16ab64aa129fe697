"""What a person decides about what is held, and how a decision is bound to what the person saw."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.sync.brakes import BUDGET, DELETES, LEFT_ACCOUNT, PRIVATE_DELETED, REWRITES, RULES
from calsync.sync.model import FIELDS, Direction, Side
from calsync.sync.plan import WRITES, Kind, render_value
from calsync.values import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.sync.plan import HoldKey
    from calsync.sync.view import Seen

CONFLICT = "conflict"
UNSURE = "changed_by_server"
AMBIGUOUS = "ambiguous"
"""New events that may belong together, and nobody can tell which with which."""
RELEASED = "released"
"""The reason of a write that a person has released: neither the sliding brake nor the budget counts it."""
ADOPTED = "adopted"
"""The reason of a create whose answer was lost on a system without markers: an event like it counts as made."""
UNDONE = "undone"
"""The reason of a write that undoes another, and of a part that it leaves behind."""
LEAVING = "leaving"
"""The reason of deletes of copies that a person removes while the account leaves, and of pairs left behind."""
WANTED = frozenset({RELEASED, UNDONE, LEAVING})
"""Reasons of deletes that a person wanted: the sliding brake does not count them."""
KEPT = "kept"
"""The reason of a part: the other side is gone, and a person keeps what is left."""
LEFT_ALONE = "left_alone"
"""The reason of a parted link with one event: a person does not want it copied."""
DECIDED = "decided"
"""The reason of an update: a person has chosen between the values of both sides."""
GIVEN_UP = "given_up"
"""The reason of bases that take over what is there: a person lets both sides differ."""

LOSING = frozenset({"overruled", "restored", DECIDED})
"""Reasons of updates that overwrite what somebody has edited: it is nowhere any more but in the ledger."""


class Choice(StrEnum):
    """What is to become of something that is held."""

    RELEASE = "release"
    """Carry it out."""
    KEEP = "keep"
    """Never carry it out: both sides stay as they are."""
    LEFT = "left"
    """The left side's values go to the right."""
    RIGHT = "right"
    PAIR = "pair"
    """Both events that are shown belong together; nothing is written."""


_CARRY = (Choice.RELEASE, Choice.KEEP)
_CHOOSE = (Choice.LEFT, Choice.RIGHT, Choice.KEEP)
_OFFERS: Mapping[tuple[str, Kind], tuple[Choice, ...]] = {
    (DELETES, Kind.DELETE): _CARRY,
    (REWRITES, Kind.UPDATE): _CARRY,
    **{(BUDGET, kind): (Choice.RELEASE,) for kind in WRITES},  # it ends by itself, so nothing can be kept from it
    **{(RULES, kind): _CARRY for kind in WRITES},
    (CONFLICT, Kind.UPDATE): _CHOOSE,
    (UNSURE, Kind.UPDATE): _CHOOSE,
    (UNSURE, Kind.DELETE): _CARRY,
    (AMBIGUOUS, Kind.CREATE): (Choice.PAIR, *_CARRY),
    (AMBIGUOUS, Kind.HOLD): (Choice.PAIR, Choice.KEEP),
    (LEFT_ACCOUNT, Kind.DELETE): _CARRY,
    (LEFT_ACCOUNT, Kind.HOLD): (Choice.KEEP,),
    (PRIVATE_DELETED, Kind.DELETE): _CARRY,
    (PRIVATE_DELETED, Kind.HOLD): (Choice.KEEP,),
}
"""All that can be decided, by reason and by what is held; nothing that a rule, a direction or a rebuild holds."""


class Decision(Struct, frozen=True, kw_only=True):
    """A person's word about one hold, as it was when the person saw it."""

    side: Side
    event_id: str
    kind: Kind
    reason: str
    choice: Choice
    fingerprint: str
    """What both sides showed."""
    since: datetime
    """Since when it had been held."""
    at: datetime
    partner: str | None = None
    """Of a pair: the event on `side` that this one belongs together with."""

    @property
    def key(self) -> HoldKey:
        return self.side, self.event_id, self.kind, self.reason


def offers(reason: str, kind: Kind, direction: Direction) -> tuple[Choice, ...]:
    """Return what a person may choose for a hold; nothing where a person's word must not count."""
    unwritable = {Choice.LEFT: Side.RIGHT, Choice.RIGHT: Side.LEFT}
    return tuple(
        choice
        for choice in _OFFERS.get((reason, kind), ())
        if choice not in unwritable or direction.writes(unwritable[choice])
    )


def fingerprint(left: Seen | None, right: Seen | None) -> str:
    """Name what both events of a pair show: their values, and whether they are there, as far as it is known.

    Not their revisions, which move without an edit.
    """
    digest = hashlib.sha256()
    for seen in (left, right):
        digest.update("\n".join(_shown(seen)).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def _shown(seen: Seen | None) -> list[str]:
    if seen is None:
        return []
    event = seen.observation.event
    here = "gone" if seen.deleted else "present" if seen.standing.in_doubt else seen.standing
    return [here, str(event.private), *(repr(render_value(event.value(name))) for name in FIELDS)]
