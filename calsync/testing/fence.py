"""A fence around a calendar that holds other people's events: only what was made inside is seen and touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError
from calsync.ports import Calendar, Here
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from calsync.ports import Page, Ring, Whereabouts, Written
    from calsync.sync.model import Capabilities, Changes, Draft, Observation, Window


@dataclass(slots=True)
class Ground:
    """What stands inside the fences of one run, however many calendars look at it."""

    fresh: Callable[[], str]
    """Returns a marker that was never used."""
    ids: set[str] = field(default_factory=set)
    """The events of the present test."""
    made: dict[str, str] = field(default_factory=dict)
    """The markers of all events that are to be taken away, by the server's own words; their ids where known."""
    markers: dict[str, str] = field(default_factory=dict)
    """What a test calls a marker, by the one that the server knows."""

    def real(self, marker: str) -> str:
        """Return the marker that stands for a test's one, an unused one where there is none yet."""
        known = next((real for real, called in self.markers.items() if called == marker), None)
        return known if known is not None else self.issued(marker)

    def issued(self, marker: str) -> str:
        real = self.fresh()
        self.markers[real] = marker
        return real

    def next_test(self) -> None:
        """Forget what the last test has made, but not that it is to be taken away."""
        self.ids.clear()
        self.markers.clear()


class Fenced(Calendar):
    """One calendar inside of its fence. An id from outside is an error of who asks: KeyError."""

    def __init__(self, calendar: Calendar, ground: Ground) -> None:
        self._calendar = calendar
        self._ground = ground
        self.key = calendar.key

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override] # as the calendar has them now
        return self._calendar.capabilities

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in self._calendar.changes(token, window):
            yield replace(
                page,
                observations=[self._shown(seen) for seen in page.observations if seen.id in self._ground.ids],
                removed=[event_id for event_id in page.removed if event_id in self._ground.ids],
            )

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        found = await self._calendar.read([self._own(event_id) for event_id in ids])
        return {event_id: self._shown(seen) for event_id, seen in found.items()}

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        place = await self._calendar.locate(self._own(event_id), uid)
        return Here(self._shown(place.observation)) if isinstance(place, Here) else place

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        found = await self._calendar.find_marker(self._ground.real(marker))
        self._ground.ids.update(seen.id for seen in found)  # a create whose answer was lost
        return [self._shown(seen) for seen in found]

    async def create(self, draft: Draft, marker: str) -> Written:
        return await self._created(draft, self._ground.real(marker))

    async def create_unmarked(self, draft: Draft) -> str:
        """Create an event as a user would, and return its id: it carries no marker in the end."""
        written = await self._created(draft, self._ground.issued(""))
        await self._calendar.unmark(written.id)
        return written.id

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        self._own(target.id)
        written = await self._calendar.update(target, changes, self._ground.real(stamp))
        return self._told(written)

    async def delete(self, target: Observation) -> None:
        self._own(target.id)
        await self._calendar.delete(target)

    async def unmark(self, event_id: str) -> None:
        await self._calendar.unmark(self._own(event_id))

    async def listen(self, ring: Ring) -> None:
        await self._calendar.listen(ring)

    async def _created(self, draft: Draft, real: str) -> Written:
        self._ground.made[real] = ""
        written = await self._calendar.create(draft, real)
        self._ground.made[real] = written.id
        self._ground.ids.add(written.id)
        return self._told(written)

    def _own(self, event_id: str) -> str:
        if event_id not in self._ground.ids:
            raise KeyError(f"the event {event_id} was not made inside the fence")
        return event_id

    def _told(self, written: Written) -> Written:
        return written if written.stored is None else replace(written, stored=self._shown(written.stored))

    def _shown(self, seen: Observation) -> Observation:
        if not seen.marker:
            return seen
        return replace(seen, marker=self._ground.markers.get(seen.marker, seen.marker))


async def take_away(calendar: Calendar, ground: Ground) -> Sequence[str]:
    """Delete everything that was made inside the fence; return the markers of what could not be deleted.

    An event is looked for by its id, and by its marker where the answer to its create was lost.
    """
    for marker, event_id in [*ground.made.items()]:
        try:
            ids = [event_id] if event_id else [seen.id for seen in await calendar.find_marker(marker)]
            for one in ids:
                await _deleted(calendar, one)
        except CalsyncError:
            continue
        del ground.made[marker]
    return list(ground.made)


async def _deleted(calendar: Calendar, event_id: str) -> None:
    found = (await calendar.read([event_id])).get(event_id)
    if found is not None:
        await calendar.delete(found)
