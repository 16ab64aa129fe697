"""What a person sees before an account leaves, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.planned import plan_for_people
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.planned import Planned
    from calsync.engine import Leaving
    from calsync.sync.model import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Departing:
    """What leaving would do, or has done."""

    hash: str
    """What a person confirms."""
    remove: Side | None
    """The side whose copies are removed; None: all stay."""
    removal: Planned
    """The copies that are removed, and why others are not."""
    staying: int
    """How many copies stay."""
    marked: Mapping[str, int]
    """How many events keep calsync's marker once it has left, by the reason: a word of calsync.reasons."""
    changed: bool
    """It is not what the person saw, or not at its end: to be looked at again."""
    run: int
    """The number of its run, by which it is undone."""

    def discreet(self) -> Departing:
        """Return the same as others than the account's owner see it."""
        return replace(self, removal=self.removal.discreet())


def departing(leaving: Leaving, remove: Side | None) -> Departing:
    return Departing(
        hash=leaving.hash,
        remove=remove,
        removal=plan_for_people(leaving.plan),
        staying=leaving.staying,
        marked=Counter(each.reason for each in leaving.marked),
        changed=leaving.problem is not None,
        run=leaving.run,
    )
