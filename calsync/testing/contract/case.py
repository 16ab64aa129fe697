"""What the suite needs to know of the calendar under test, and the events that it works with."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest

from calsync.sync.model import FIELDS, Draft, Event, Timed, Window

if TYPE_CHECKING:
    from calsync.ports import Calendar, CalendarRequest, Provider
    from calsync.sync.model import Changes, Field, Need, Observation, Value
    from calsync.testing.proxy import FaultProxy

NOT_SUPPORTED = "not supported: "
DAY = datetime(2026, 3, 10, tzinfo=UTC)
"""The day of the suite's events: a Tuesday."""
WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
"""Holds the night in which the clocks of Europe go forward."""
WHEN = Timed(DAY + timedelta(hours=9), DAY + timedelta(hours=10))
"""When they are, unless a test says otherwise."""
EVENT = Event(summary="Besichtigung Gartenstraße 5", when=WHEN, description="Schlüssel mitnehmen")
"""What a person enters."""
DRAFT = Draft(summary="Notartermin", when=WHEN, description="Ausweise\nVollmacht", reminder=15)
"""What calsync creates."""
MARKER = "v1:anna:5f0c9a7e-1f2b-4c3d-8e9f-0a1b2c3d4e5f:0123456789abcdef"
"""The marker of its creates, as long as a real one."""
STAMP = "v1:anna:9d1c2b3a-4e5f-4a6b-8c7d-0e1f2a3b4c5d:0123456789abcdef"
"""The stamp of its updates, and the marker of a second event."""


def not_supported(what: str, so: str) -> NoReturn:
    """End a test of a promise that does not apply: say what is missing, and what follows from that."""
    pytest.skip(f"{NOT_SUPPORTED}{what}, so {so}")


class UnderTest(ABC):
    """A calendar, and what people do in its system behind calsync's back."""

    calendar: Calendar
    provider: Provider | None = None
    request: CalendarRequest | None = None
    """Who opened the calendar, and what for; given where the provider lists calendars to pick from."""
    page_size: int | None = 5
    """At most so many events stand on one page of a listing; the suite creates more. None: nobody can tell."""
    idempotent: bool = False
    """The system can tell that a create is repeated with the same marker."""
    tells_hours_apart: bool = True
    """Of the hour that comes twice in autumn it can store either; not so where times have no offset."""
    has: frozenset[Need] = frozenset()
    """What the system has of the values that are read only where rules need them."""
    a_type: str = "viewing"
    """A type that its events may have."""
    proxy: FaultProxy | None = None
    """What stands between the calendar and its server, where answers can be lost on purpose."""

    def writes(self, method: str, path: str) -> bool:
        """Tell whether a request changes something on the server. `path` with its query."""
        del path
        return method in {"POST", "PUT", "PATCH", "DELETE"}

    @abstractmethod
    async def user_create(self, event: Event) -> str:
        """Create an event with the synced fields of `event`; return its id."""

    async def user_create_in(self, event: Event, zone: str) -> str:
        """Create an event, whose time a person has chosen in a zone (an IANA name); return its id."""
        del event, zone
        not_supported("nobody says in which zone a time is chosen", "that an update keeps it is not tried")

    async def stored_zone(self, event_id: str) -> str:
        """Return the zone that people see of an event's time, by the name that the system has for it."""
        raise NotImplementedError("who says how a time is chosen in a zone says how people read it")

    @abstractmethod
    async def user_edit(self, event_id: str, changes: Changes) -> None:
        """Change these fields, and nothing else."""

    @abstractmethod
    async def user_delete(self, event_id: str) -> None:
        """Delete an event as people do: into the trash where there is one."""

    async def user_move_away(self, event_id: str) -> None:
        """Move an event to another calendar of the same person, or give it to another one."""
        del event_id
        not_supported("nobody says how people move an event away", "that this is no delete is not tried")

    @abstractmethod
    async def user_invite(self, event_id: str) -> None:
        """Add an attendee."""

    @abstractmethod
    async def user_uninvite(self, event_id: str) -> None:
        """Remove all attendees."""

    @abstractmethod
    async def reminder_minutes(self, event_id: str) -> int | None:
        """Return the lead time of the stored reminder, None for an event without one."""

    @abstractmethod
    async def lost_token(self, token: str) -> str:
        """Make the system refuse this token, or return one that it refuses."""

    @abstractmethod
    def mails(self) -> int:
        """Return how many messages went to attendees because of writes through the calendar."""

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        """Return the calendar as it is opened where rules need these values; as it is where it has none."""
        del needs
        return self.calendar

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        """Change an event's location, or its type, of which the system `has` it."""
        raise NotImplementedError("who says that the system has a location or types says how people enter them")

    async def stored_location(self, event_id: str) -> str:
        """Return what people read of where an event takes place, where the system `has` it."""
        raise NotImplementedError("who says that the system has a location says how people read it")


@dataclass(slots=True)
class Told:
    """Everything that one round of the change feed said."""

    observations: dict[str, Observation] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    token: str = ""
    complete: bool = False
    pages: int = 0


async def listen(calendar: Calendar, token: str | None = None, window: Window = WINDOW) -> Told:
    """Read one round to its end, as the engine does, and check what every round promises."""
    told, last = Told(), None
    async for page in calendar.changes(token, window):
        assert not told.complete, "nothing follows a page that is complete"
        for event_id in page.removed:
            told.observations.pop(event_id, None)
        told.removed.update(page.removed)
        told.observations.update((seen.id, seen) for seen in page.observations)
        told.removed.difference_update(seen.id for seen in page.observations)
        told.complete, told.pages, last = page.complete, told.pages + 1, page.token
    assert last, "the last page of a round carries a token"
    told.token = last
    return told


async def observed(calendar: Calendar, event_id: str) -> Observation:
    """Read one event that must be there."""
    found = await calendar.read([event_id])
    assert list(found) == [event_id]
    assert found[event_id].id == event_id
    return found[event_id]


def synced(values: Event | Draft) -> dict[Field, Value]:
    """Return the synced fields, in the form in which they are compared."""
    event = Event(summary=values.summary, when=values.when, description=values.description)
    return {name: event.value(name) for name in FIELDS}
