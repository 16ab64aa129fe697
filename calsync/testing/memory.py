"""A calendar system in memory that keeps every promise of `calsync.ports`, and can be told to misbehave.

For tests of the engine, of rules and of third-party plugins. It answers after giving other tasks a turn, as a
server on a network would, so a test may cancel at each of its calls.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from calsync.errors import Blocked, Missing, Stale
from calsync.ports import Calendar, Elsewhere, Gone, Here, NoAccess, SystemClock, Trashed, Written
from calsync.sync.model import Capabilities, Event, Observation, also_read
from calsync.testing.faults import Faults
from calsync.testing.feed import Feed
from calsync.testing.rows import Place, Row, Rows, UserSide
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from calsync.ports import Page, Ring, Whereabouts
    from calsync.sync.model import Changes, Draft, Field, Need, Window
    from calsync.testing.faults import Method

T = TypeVar("T")
SYSTEM_TIME = SystemClock().now
NOT_READ: Sequence[tuple[Need, Any]] = (("location", ""), ("types", ()))
"""What an event shows of these where nothing needs them."""
ABSENT: Mapping[Place, Whereabouts] = {
    Place.TRASH: Trashed(),
    Place.GONE: Gone(),
    Place.ELSEWHERE: Elsewhere(),
    Place.FORBIDDEN: NoAccess(),
}
"""What `locate` answers about an event that is not in the calendar."""


@dataclass(kw_only=True)
class Behaviour:
    """How the system behaves. A test may change it at any time; the defaults are a server at its best."""

    page_size: int = 50
    answer: Literal["stored", "revision", "id"] = "stored"
    """What a create or an update answers: the stored event, only its revision, or nothing but the id."""
    idempotent: bool = True
    """A create repeated with a marker that is there already answers the existing event."""
    tells_writer: bool = True
    """`Observation.written_by_us` is known."""
    tells_outside: bool = False
    """The feed tells events that left the window as they are now; otherwise as tombstones, as Graph does."""
    lag: timedelta = timedelta(0)
    """How long a change stays invisible to the feed and to listings; reads see it."""
    marker_lag: timedelta | None = None
    """How long a change stays invisible to the search for markers; None: as long as to the feed."""
    hidden: set[str] = field(default_factory=set)
    """Ids that listings and the feed leave out, and claim to be complete all the same."""
    gone: set[str] = field(default_factory=set)
    """Ids that `locate` takes for gone although they are there."""
    stale: set[str] = field(default_factory=set)
    """Ids that listings and the feed tell as they were before their last change."""
    repeated: list[Row] = field(default_factory=list)
    """Old states that each listing and each round of the feed tells once more, as if an index lagged."""
    listing_pages: int | None = None
    """A listing in full breaks off behind so many pages and does not claim to be complete."""
    doorbell: bool = False
    """Whether it can be listened to. Who listens hears what a test rings, and nothing by itself."""
    naive: bool = False
    """Writes that would mail are carried out and counted in `mails`: proves that rules alone prevent them."""
    normalise: Callable[[Event], Event] = lambda event: event
    """What the server makes of an event that it stores: its own form of text, a field cut short."""
    reads: Callable[[Event], Event] = lambda event: event
    """What the provider reads of a stored event. Who changes it has another mapping, with another version."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the port, as a test may ask for it later."""

    method: Method
    event_id: str | None = None
    fields: tuple[Field, ...] = ()


class MemoryCalendar(UserSide, Calendar):
    """One calendar in memory. Users act on it through the `user_...` methods, calsync through the port."""

    def __init__(
        self,
        name: str = "memory",
        *,
        now: Callable[[], datetime] = SYSTEM_TIME,
        capabilities: Capabilities = Capabilities(),  # noqa: B008 - frozen
        behaviour: Behaviour | None = None,
    ) -> None:
        self.key = name
        self.capabilities = capabilities
        self.behaviour = behaviour or Behaviour()
        self.needs: frozenset[Need] = frozenset()
        self.rows = Rows(name, now)
        self.feed = Feed(self.rows, self.behaviour, self._observe)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.mails = 0
        """Messages that the system sent to attendees because of writes through the port."""
        self.listeners: list[Ring] = []
        """Who listens at present."""

    def ask_for(self, needs: frozenset[Need]) -> None:
        """Read events with these values from now on, as if the calendar was opened where rules need them."""
        self.needs = needs
        self.capabilities = replace(self.capabilities, also_read=also_read(needs))

    def writes(self) -> list[Call]:
        """Return the writes that were asked for so far, refused ones too."""
        return [call for call in self.calls if call.method in ("create", "update", "delete", "unmark")]

    def events(self) -> dict[str, Event]:
        """Return the events that a user sees in the calendar, by id."""
        return {row.id: row.event for row in self.rows.rows.values() if row.place is Place.CALENDAR}

    def reminder_minutes(self, event_id: str) -> int | None:
        """Return the lead time of the reminder that was set at the event's creation."""
        return self.rows.rows[event_id].reminder_minutes

    def markers(self) -> dict[str, str]:
        """Return the markers of the events that a user sees in the calendar, by id."""
        rows = self.rows.rows.values()
        return {row.id: row.marker for row in rows if row.place is Place.CALENDAR and row.marker}

    def drop_tokens(self) -> None:
        """Forget all sync tokens: the next use of one raises TokenLost."""
        self.feed.drop_tokens()

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        fault = await self._enter(Call("changes"))
        for page in self.feed.pages(token, window):
            yield page
            await asyncio.sleep(0)
            if fault is not None:
                raise fault
        if fault is not None:
            raise fault

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        fault = await self._enter(Call("read"))
        rows = (self.rows.present(event_id) for event_id in ids)
        found = {row.id: self._observe(row, marker=True) for row in rows if row is not None}
        return _answer(found, fault)

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        del uid  # ids stay
        fault = await self._enter(Call("locate", event_id))
        row = self.rows.rows.get(event_id) if event_id not in self.behaviour.gone else None
        if row is not None and row.place is Place.CALENDAR:
            return _answer(Here(self._observe(row, marker=True)), fault)
        return _answer(ABSENT[Place.GONE if row is None else row.place], fault)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        fault = await self._enter(Call("find_marker"))
        rows = self.feed.searched().values()
        found = [self._observe(row, marker=True) for row in rows if row.marker == marker]
        return _answer([seen for seen in found if self.rows.present(seen.id)], fault)

    async def create(self, draft: Draft, marker: str) -> Written:
        fault = await self._enter(Call("create"))
        known = self._with_marker(marker) if self.behaviour.idempotent else None
        row = known or self.rows.add(
            self.behaviour.normalise(_drafted(draft, self.capabilities)),
            by_us=True,
            marker=marker if self.capabilities.marker else None,
            reminder_minutes=draft.reminder if self.capabilities.writes_reminder else None,
        )
        return _answer(self._written(row), fault)

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        del stamp  # this system carries none
        call = Call("update", target.id, tuple(sorted(changes)))
        fault = await self._enter(call)
        row = self._checked(target)
        self._permit(row, call)
        values: dict[str, Any] = {str(name): value for name, value in changes.items()}
        event = replace(row.event, **values)
        if "description" in changes:
            event = replace(event, online_meeting=False)  # new notes take the join link away
        return _answer(
            self._written(self.rows.change(row.id, by_us=True, event=self.behaviour.normalise(event))), fault
        )

    async def delete(self, target: Observation) -> None:
        call = Call("delete", target.id)
        fault = await self._enter(call)
        known = self.rows.rows.get(target.id)
        if known is not None and known.place not in (Place.TRASH, Place.GONE):
            row = self._checked(target)
            self._permit(row, call)
            self.rows.change(row.id, by_us=True, place=Place.TRASH)
        _answer(None, fault)

    async def unmark(self, event_id: str) -> None:
        call = Call("unmark", event_id)
        fault = await self._enter(call)
        row = self.rows.present(event_id)
        if row is None:
            raise Missing(f"{self.key}: the event is not in the calendar")
        if row.marker:
            self._permit(row, call)
            self.rows.unmark(event_id)
        _answer(None, fault)

    async def listen(self, ring: Ring) -> None:
        if not self.behaviour.doorbell:
            return
        fault = await self._enter(Call("listen"))
        self.listeners.append(ring)
        try:
            ring("listening begins")
            _answer(None, fault)
            await asyncio.get_running_loop().create_future()
        finally:
            self.listeners.remove(ring)

    def ring(self) -> None:
        """Ring at everybody who listens."""
        for ring in [*self.listeners]:
            ring("a change")

    async def _enter(self, call: Call) -> Exception | None:
        """Record a call; raise the failure that is ordered before its effect, return the one after it."""
        self.calls.append(call)
        await asyncio.sleep(0)
        fault = self.faults.take(call.method)
        if fault is not None and not fault.after:
            raise fault.error()
        return fault.error() if fault is not None else None

    def _observe(self, row: Row, *, marker: bool) -> Observation:
        event = self.behaviour.reads(row.event)
        unread = {name: empty for name, empty in NOT_READ if name not in self.needs and getattr(event, name)}
        if unread:
            event = replace(event, **unread)
        return Observation(
            id=row.id,
            event=event,
            revision=row.revision,
            modified=row.modified,
            written_by_us=row.by_us if self.behaviour.tells_writer else None,
            marker=row.marker if marker else None,
        )

    def _written(self, row: Row) -> Written:
        answer = self.behaviour.answer
        return Written(
            id=row.id,
            revision=None if answer == "id" else row.revision,
            stored=self._observe(row, marker=True) if answer == "stored" else None,
        )

    def _with_marker(self, marker: str) -> Row | None:
        rows = self.rows.rows.values()
        return next((row for row in rows if row.marker == marker and row.place is Place.CALENDAR), None)

    def _checked(self, target: Observation) -> Row:
        """Return the row to write. Raises Missing, or Stale for another revision than the target's."""
        row = self.rows.present(target.id)
        if row is None:
            raise Missing(f"{self.key}: the event is not in the calendar")
        if row.revision != target.revision:
            raise Stale(self._observe(row, marker=True))
        return row

    def _permit(self, row: Row, call: Call) -> None:
        """Refuse what would mail or take a join link away; a naive system does it and counts the mails."""
        if self.behaviour.naive:
            self.mails += self._mails(row)
        else:
            self._refuse_harm(row, call)

    def _refuse_harm(self, row: Row, call: Call) -> None:
        if self._mails(row):
            raise Blocked("has_attendees" if row.event.attendee_count != 0 else "not_organised_here")
        if row.event.online_meeting and "description" in call.fields:
            raise Blocked("online_meeting")

    def _mails(self, row: Row) -> int:
        """Return how many messages a write to this event would send; one where nobody can tell."""
        may_mail = row.event.attendee_count != 0 or not row.event.organised_here
        return (row.event.attendee_count or 1) if may_mail and self.capabilities.writes_may_mail else 0


def _drafted(draft: Draft, capabilities: Capabilities) -> Event:
    reminder = draft.reminder is not None if capabilities.writes_reminder else None
    return Event(
        summary=draft.summary,
        when=draft.when,
        description=draft.description,
        reminder=reminder,
        location=draft.location,
    )


def _answer(answer: T, fault: Exception | None) -> T:
    """Answer a call, unless its answer is to be lost."""
    if fault is not None:
        raise fault
    return answer
