"""Whether the number of appointments is what the changes that were read explain.

With `then` the number that the last poll counted and `now` that of this one, `now = then + created - deleted`,
of the whole tenant. Nobody tells creations and deletions, so they are looked for when the numbers do not add up:

* More than explained: appointments were created and never modified since; they are not among the newest
  modifications. One that was created shortly before the last poll, and that no poll has shown, may have been
  seen late, or not: it explains a rise, it never proves one. Others were restored from the trash.
* Fewer than explained: some were deleted, which the trash tells.
* An appointment that was created after the last poll and deleted before this one was never counted.
* A deletion that the trash told and the search does not show yet (its lag) lets the number fall later; it is
  carried over as `ahead` for as long as the lag may last, and expected after that.
* A number that is a round ten thousand may be the most that the search counts to (search engines do that, and
  FLOWFACT does not tell): it says nothing, so creations and deletions are looked for in any case.

Whatever stays unexplained means that something was missed, in whichever calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync_flowfact.entity import changed_ms, created_ms, entity_id, modified_ms

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from calsync_flowfact.entity import Buried, Entity, Hits
    from calsync_flowfact.position import Position

MOST_COUNTED = 10_000


@dataclass(slots=True)
class Tally:
    """The evidence of one poll."""

    then: Position
    ahead: int
    """Deletions told by earlier polls that the number may still show."""
    due: int
    """Deletions told by earlier polls that the number must show by now."""
    lag: int
    """Milliseconds by which the search may lag behind."""
    now: int = 0
    at: int | None = None
    """The server's time of the last search, epoch milliseconds."""
    modified: int = 0
    created: int = 0
    oldest: int | None = None
    """The last change of the one that was read and is unchanged for the longest time."""
    searched: int | None = None
    """The latest creation once the newest creations were read, None while they were not."""
    fresh: set[str] = field(default_factory=set)
    """Created since the last poll."""
    other: set[str] = field(default_factory=set)
    """Created within the lag before the last poll: counted by it, or seen late since then; or restored."""
    told: set[str] = field(default_factory=set)
    """Deleted since the last look at the trash, after they had been counted."""

    def count(self, hits: Hits) -> None:
        """Begin a search: its first page's number belongs to the newest entities that it shows."""
        self.now, self.at = hits.total, hits.at

    def add(self, entities: Iterable[Entity], seen: Container[str], *, late: bool) -> None:
        """Take evidence in. `late`: those created shortly before may be seen late, unless `seen` by then."""
        for entity in entities:
            created, found = created_ms(entity), entity_id(entity) or ""
            if created > self.then.created:
                self.fresh.add(found)
            elif late and created > self.then.created - self.lag and found not in seen:
                self.other.add(found)
            self.modified = max(self.modified, modified_ms(entity))
            self.created = max(self.created, created)
            self.oldest = min(changed_ms(entity), self.oldest or changed_ms(entity))

    def bury(self, entries: Iterable[Buried]) -> None:
        """Count deletions. Where searches answer the trash too, deletions do not change the number."""
        if self.then.trash_in_search:
            return
        for entry in entries:
            counted = entry.created <= self.then.created or entry.id in self.fresh
            if counted and entry.deleted > (self.then.trash or 0):
                self.told.add(entry.id)

    @property
    def missing(self) -> int:
        """How many appointments fewer there are than creations explain; negative: how many more."""
        return self.then.total - self.due + len(self.fresh) - self.now

    @property
    def blind(self) -> bool:
        return self.now > 0 and self.now % MOST_COUNTED == 0

    @property
    def fell(self) -> bool:
        return self.missing > self.ahead + len(self.told)

    @property
    def rose(self) -> bool:
        return self.missing < 0

    @property
    def masked(self) -> bool:
        """Whether more deletions were told than the number shows: creations may have made up for them."""
        return bool(self.told) and self.missing < len(self.told)

    @property
    def explained(self) -> bool:
        return self.blind or (not self.fell and -self.missing <= len(self.other))

    @property
    def still_ahead(self) -> int:
        return max(0, self.ahead + len(self.told) - max(0, self.missing))
