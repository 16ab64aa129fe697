"""The values that everything else speaks of: events, observations, links.

Field names follow RFC 5545. All values are frozen; `Event` normalises its text and `Timed` its instants, so
two values that mean the same are equal, whoever made them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, cast

from calsync.values import Struct, field, force_setattr, replace


class Side(StrEnum):
    """The two calendars of an account."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        """The side across from this one."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


BOTH = (Side.LEFT, Side.RIGHT)
"""Gone through all the time: the enumeration itself takes several times as long."""


class Direction(StrEnum):
    """Which sides of an account may be written."""

    BOTH = "both"
    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"

    def writes(self, side: Side) -> bool:
        """Tell whether events of `side` may be written."""
        if self is Direction.BOTH:
            return True
        return side is (Side.RIGHT if self is Direction.LEFT_TO_RIGHT else Side.LEFT)


class Timed(Struct, frozen=True):
    """A time span between two instants, in UTC, cut to minutes. The zone it is shown in is not part of it."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        force_setattr(self, "start", _minute(self.start))
        force_setattr(self, "end", _minute(self.end))
        if self.end < self.start:
            raise ValueError("an event cannot end before it starts")


class AllDay(Struct, frozen=True):
    """Whole days: the first day, and the day after the last one. Dates, never instants."""

    first: date
    after: date

    def __post_init__(self) -> None:
        if self.after <= self.first:
            raise ValueError("an all-day event lasts at least one day")


When = Timed | AllDay
"""When an event is."""
Field = Literal["summary", "when", "description"]
"""The name of a field that is synced."""
Value = str | Timed | AllDay
"""What a field may hold."""
FIELDS: tuple[Field, ...] = ("summary", "when", "description")
"""The fields that are compared and written. Everything else of an event is only read."""
Need = Literal["location", "types"]
"""What of an event is read only where a rule needs it."""


class Event(Struct, frozen=True, kw_only=True):
    """One appointment, reduced to what calsync may know of it: no name and no address of anybody."""

    summary: str
    when: When
    description: str = ""
    reminder: bool | None = None
    """Whether the event has a reminder, at any lead time; None where the system cannot tell."""
    private: bool = False
    attendee_count: int | None = 0
    """Invited people or contacts; None where the system cannot tell."""
    organised_here: bool = True
    """False where somebody else organises the meeting, and for all that cannot be told."""
    online_meeting: bool = False
    """The notes carry a join link that must not be overwritten."""
    series: bool = False
    """A series' master, or one of its occurrences or exceptions."""
    cancelled: bool = False
    created: datetime | None = None
    uid: str | None = None
    """A key that the event keeps when the server gives it a new id (iCalUId, UID); None where there is none."""
    location: str = ""
    """Where it takes place, as its users wrote it. Empty also where no rule needs it."""
    types: tuple[str, ...] = ()
    """The kinds of appointment that it is, as its system stores them. None where a system has none, too."""

    def __post_init__(self) -> None:
        force_setattr(self, "summary", normal_line(self.summary))
        if self.location:
            force_setattr(self, "location", normal_line(self.location))
        force_setattr(self, "description", normal_text(self.description))

    def value(self, name: Field) -> Value:
        """Return one synced field's value."""
        value: Value = getattr(self, name)
        return value

    def with_values(self, values: Changes) -> Event:
        """Return the event with some synced fields replaced."""
        changed = {name: value for name, value in values.items() if value != self.value(name)}
        return replace(self, **cast("dict[str, Any]", changed)) if changed else self


class Observation(Struct, frozen=True, kw_only=True):
    """What was last read of an event on one side, with its revision."""

    id: str
    event: Event
    revision: str | None
    """The version the server gave; None after a write that answered none: read again before comparing."""
    modified: datetime | None = None
    """The server's time of the last modification; orders two reads of one event. None where unknown."""
    written_by_us: bool | None = None
    """Whether the last modifier is calsync's own user; None where the server cannot tell."""
    marker: str | None = None
    """The marker on the event; empty where a read found none. A change feed may leave it None: not told."""


class Draft(Struct, frozen=True, kw_only=True):
    """What a create carries: the synced fields, the reminder and a location. Nobody can be invited by it."""

    summary: str
    when: When
    description: str
    reminder: int | None
    """Minutes before the start; None: explicitly without one."""
    location: str = ""
    """Text for people, never the address of a room or a meeting. Empty: the new event says nothing about it."""

    def values(self) -> dict[Field, Value]:
        """Return the synced fields."""
        return {"summary": self.summary, "when": self.when, "description": self.description}


Changes = Mapping[Field, Value]
"""What an update carries: only the fields that changed."""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a calendar can do; the engine asks nothing else about a system."""

    mapping_version: int = 1
    """Rises when the provider reads the same event into other values: the next run then lists in full, and bases
    are read anew, silently."""
    also_read: int = 0
    """Another number, below ALSO_READ, where rules need something else of the same event. The next run then lists
    in full; the compared fields are read as before, so bases stay."""
    marker: bool = True
    """Creates carry a marker that can be searched for."""
    marker_lag: timedelta = timedelta(0)
    """How long after a create a search may still miss its marker."""
    conditional_writes: bool = True
    """A write is refused where the event has changed since it was read. Else an edit may fall in between."""
    writes_may_mail: bool = False
    """A write to an event with attendees may mail them. Such writes are blocked."""
    writes_reminder: bool = True
    trusted_times: bool = False
    """`Observation.modified` is comparable across systems, so the policy `newest` may be used."""

    @property
    def reading(self) -> int:
        """Return a number that differs where the same event would be read otherwise in any respect."""
        return self.mapping_version + (self.also_read << 40)


ALSO_READ = 1 << 20
"""`Capabilities.also_read` stays below it."""


def also_read(needs: Collection[Need], how: str = "") -> int:
    """Return the number for what rules need; 0 where they need nothing. `how`: the way in which it is read."""
    if not needs:
        return 0
    return 1 + zlib.crc32("\n".join((*sorted(needs), how)).encode()) % (ALSO_READ - 1)


class Window(Struct, frozen=True):
    """The half-open span of time that is synced: both ends in UTC. All-day events lie in it by UTC dates."""

    start: datetime
    end: datetime

    def holds(self, when: When) -> bool:
        """Tell whether an event overlaps the window. The one predicate of both sides.

        An event that ends exactly at the start is outside; one without length counts as its instant.
        """
        if isinstance(when, AllDay):
            first = datetime(when.first.year, when.first.month, when.first.day, tzinfo=UTC)
            after = datetime(when.after.year, when.after.month, when.after.day, tzinfo=UTC)
            return first < self.end and after > self.start
        if when.start == when.end:
            return self.start <= when.start < self.end
        return when.start < self.end and when.end > self.start


class State(StrEnum):
    """The state of a link."""

    AWAKE = "awake"
    ASLEEP = "asleep"
    PARTED = "parted"


class Base(Struct, frozen=True, kw_only=True):
    """What one side's server gave when both sides last agreed, field by field; unprojected.

    A field that is absent is not agreed yet: it is taken over as found, without a write.
    """

    values: Mapping[Field, Value] = field(default_factory=dict)
    private: bool = False
    """What rules read of the event at that time; the base is projected with it."""
    owed: frozenset[Field] = frozenset()
    """Fields that the other side still shows as for the opposite of `private`."""
    mapping_version: int = 1
    unsure: frozenset[Field] = frozenset()
    """Fields that were read back as something else than calsync had written, by nobody knows whom: this side's
    server or a person. They are shown, and never merged back by themselves."""

    def moved(self, values: Mapping[Field, Value], unsure: frozenset[Field] = frozenset()) -> Base:
        """Return the base after both sides agreed on these values."""
        if not (values or unsure):
            return self
        return replace(self, values={**self.values, **values}, unsure=self.unsure.difference(values) | unsure)

    def shown_for(self, name: Field) -> bool:
        """Return the value of `private` for which the other side shows a field."""
        return self.private is not (name in self.owed)

    def read(self, private: bool, waiting: Collection[Field]) -> Base:
        """Return the base with what rules read now. A change of it still waits in some fields."""
        owed = frozenset(name for name in waiting if self.shown_for(name) is not private)
        if private is self.private and owed == self.owed:
            return self
        return replace(self, private=private, owed=owed)

    def translated(self, before: Event, after: Event, mapping_version: int) -> Base:
        """Return the base in another mapping, under which its event reads as `after`, where it read as `before`.

        Where the event was as agreed, it is so in the new reading too. An edit that waits goes on waiting: nobody
        knows how the new mapping reads what was agreed before it.
        """
        values = {
            name: after.value(name) if value == before.value(name) else value
            for name, value in self.values.items()
        }
        private = after.private if self.private is before.private else self.private
        owed = self.owed if self.private is private else frozenset[Field]()
        return replace(self, values=values, private=private, owed=owed, mapping_version=mapping_version)

    @classmethod
    def of(cls, event: Event, mapping_version: int) -> Base:
        """Return the base that agrees with an event in every field."""
        values = {name: event.value(name) for name in FIELDS}
        return cls(values=values, private=event.private, mapping_version=mapping_version)


class Link(Struct, frozen=True, kw_only=True):
    """An event on the left that is the same appointment as an event on the right."""

    id: int
    left: str | None
    right: str | None
    state: State = State.AWAKE
    reason: str | None = None
    """Why it sleeps or is parted."""
    origin: Side | None = None
    """The side whose event was there first; None where both were there before (match-up)."""
    left_base: Base = Base()
    right_base: Base = Base()

    def event_id(self, side: Side) -> str | None:
        return self.left if side is Side.LEFT else self.right

    def base(self, side: Side) -> Base:
        return self.left_base if side is Side.LEFT else self.right_base

    @property
    def events(self) -> Sequence[tuple[Side, str]]:
        """The events that it names."""
        named = ((Side.LEFT, self.left), (Side.RIGHT, self.right))
        return [(side, event_id) for side, event_id in named if event_id is not None]

    def with_event(self, side: Side, event_id: str) -> Link:
        return replace(self, left=event_id) if side is Side.LEFT else replace(self, right=event_id)

    def with_base(self, side: Side, base: Base) -> Link:
        return replace(self, left_base=base) if side is Side.LEFT else replace(self, right_base=base)


_LINE_END = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
"""All but LF that end a line: Unicode's mandatory breaks (UAX 14, classes BK, CR, LF and NL)."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def normal_text(text: str) -> str:
    """Return text in the one form in which notes are compared and written.

    Every line end becomes LF: CR LF, CR, vertical tab, form feed, NEL, line and paragraph separator. No-break
    spaces become spaces, control characters go (the tab stays), blanks at the end of a line and empty lines at
    both ends go. Umlauts, emoji and markup characters are untouched.
    """
    if text.isprintable():  # as most summaries are: no line end, control character or no-break space is in it
        return text.rstrip()
    normal = text
    if not text.replace("\n", "").isprintable():  # most notes hold nothing odd but LF
        normal = _CONTROL.sub("", _LINE_END.sub("\n", text).replace("\u00a0", " "))
    normal = "\n".join([line.rstrip() for line in normal.split("\n")]).strip("\n")
    return text if text == normal else normal  # the very one, which others may hold, too


def normal_line(text: str) -> str:
    """Return a summary as one line: as `normal_text`, and every run of white space becomes one space."""
    text = normal_text(text).strip()
    return text if text.isprintable() and "  " not in text else _SPACES.sub(" ", text)


def _minute(instant: datetime) -> datetime:
    if instant.tzinfo is UTC and not instant.second and not instant.microsecond:
        return instant
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
