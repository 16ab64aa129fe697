"""Between FLOWFACT's entities and calsync's events: pure, driven by the configured fields.

Only mapped fields are ever written, each in an object of its own; Terminart, participants, attachments, series and
everything that the server owns are in no body that is made here. FLOWFACT keeps no key that survives a new id, so
`uid` is None, and an appointment in a CRM is nobody's meeting, so it is always organised here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from calsync.errors import EventError
from calsync.sync.model import AllDay, Event, Observation, Timed
from calsync_flowfact.config import FROM_TIMES
from calsync_flowfact.entity import (
    created_ms,
    entity_id,
    instant,
    metadata,
    modified_ms,
    user_ids,
    values,
    version_ms,
)
from calsync_flowfact.notes import from_html, to_html
from calsync_flowfact.times import InstantCodec, SpanCodec, Unreadable, day_start

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Changes, Draft
    from calsync_flowfact.config import FieldMap, Settings
    from calsync_flowfact.entity import Entity

Fields = dict[str, dict[str, list[Any]]]
"""The body of a create or a patch: `{"subject": {"values": ["Besichtigung"]}}`."""
_FALSE = (False, 0, "false", "0", "no", "nein")


def flag(entity: Entity, mapped: FieldMap) -> bool:
    """Tell whether a field says yes, in the codec `bool` or `list`."""
    found = values(entity, mapped.field)
    if mapped.codec == "list":
        return any(value in mapped.values for value in found)
    return bool(found) and (found[0].lower() if isinstance(found[0], str) else found[0]) not in _FALSE


@lru_cache(64)
def _spans(start: str, end: str, zone: ZoneInfo, *, days_end: str, utc: bool, dates: bool) -> SpanCodec:
    """Return what reads and writes spans. Accounts for which it is the same share it."""
    first, last = InstantCodec(start, zone), InstantCodec(end, zone)
    return SpanCodec(start=first, end=last, days_end=days_end, utc=utc, dates=dates)


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """How the appointments of one account are read and written."""

    settings: Settings
    owner: str
    """The id of the account's user."""
    api_user: str | None
    """The id of calsync's own user, None where it is not known."""
    zone: ZoneInfo
    _span: SpanCodec = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_span", self._spans())

    def owned(self, entity: Entity) -> bool:
        """Tell whether the account's user is among those an appointment belongs to."""
        return self.owner in user_ids(entity, self.settings.required("owner"))

    def others(self, entity: Entity) -> frozenset[str]:
        """Return the other people whom an appointment belongs to."""
        return user_ids(entity, self.settings.required("owner")) - {self.owner, self.api_user}

    def observe(self, entity: Entity) -> Observation | None:
        """Return what an entity says, or None where it is no event that could be shown in another calendar."""
        found, version = entity_id(entity), version_ms(entity)
        try:
            event = self._event(entity)
        except Unreadable:
            return None
        if found is None:
            return None
        return Observation(
            id=found,
            event=event,
            revision=str(version) if version else None,
            modified=instant(version),
            written_by_us=self._by_us(entity),
            marker=self._text(entity, "marker") or None,
        )

    def draft_fields(self, draft: Draft, marker: str) -> Fields:
        """Return the body of a create: the event, its owner, its marker, its reminder and its location."""
        fields = self._text_fields(draft.summary, draft.description) | self._when_fields(draft.when)
        fields |= self._field("owner", self.owner) | self._field("marker", marker)
        if draft.location:
            fields |= self._field("location", draft.location)
        if draft.reminder is not None:
            when = draft.when
            start = day_start(when.first, self.zone) if isinstance(when, AllDay) else when.start
            remind = start - timedelta(minutes=draft.reminder)
            fields |= self._field("reminder", self._instant("reminder").encode(remind))
        return fields

    def change_fields(self, changes: Changes, entity: Entity) -> Fields:
        """Return the body of a patch: the changed fields only, and `all_day` only where it turns over."""
        fields: Fields = {}
        for name, value in changes.items():
            if isinstance(value, str):
                fields |= self._text_field(name, value)
                continue
            fields |= self._when_fields(value)
            if self._all_day(entity) is isinstance(value, AllDay):
                fields.pop(self.settings.name("all_day") or "", None)
        return fields

    def kept_fields(self, changes: Changes, entity: Entity) -> Sequence[str]:
        """Return the text fields that a change was to empty and that still hold something."""
        names = [self.settings.name(key) for key, value in changes.items() if value == ""]
        return [name for name in names if name and values(entity, name)]

    def _event(self, entity: Entity) -> Event:
        settings = self.settings
        starts, ends = (values(entity, settings.name(key)) for key in ("start", "end"))
        if not starts or not ends:
            raise Unreadable("no start or no end")
        description = self._text(entity, "description")
        attendees = settings.name("attendee_count")
        return Event(
            summary=self._text(entity, "summary"),
            when=self._span.decode(starts[0], ends[0], all_day=self._all_day(entity)),
            description=from_html(description) if self._html else description,
            reminder=bool(values(entity, settings.name("reminder"))) if settings.name("reminder") else None,
            private=flag(entity, self.settings.fields["private"]),
            attendee_count=len(values(entity, attendees)) if attendees else None,
            series=flag(entity, self.settings.fields["series"]),
            created=instant(created_ms(entity)),
            location=self._text(entity, "location"),
            types=tuple(sorted(map(str, values(entity, settings.name("types"))))),
        )

    def _by_us(self, entity: Entity) -> bool | None:
        """Tell whether calsync's user wrote last. An entity that was never modified has a creator only."""
        writer = metadata(entity).get("lastModifier" if modified_ms(entity) else "creator")
        return writer == self.api_user if self.api_user and isinstance(writer, str) else None

    def _text(self, entity: Entity, key: str) -> str:
        found = values(entity, self.settings.name(key))
        return str(found[0]) if found else ""

    def _all_day(self, entity: Entity) -> bool:
        if self.settings.fields["all_day"].codec not in FROM_TIMES:
            return flag(entity, self.settings.fields["all_day"])
        starts, ends = (values(entity, self.settings.name(key)) for key in ("start", "end"))
        return bool(starts and ends) and self._span.are_days(starts[0], ends[0])

    @property
    def _html(self) -> bool:
        return self.settings.fields["description"].codec == "html"

    def _spans(self) -> SpanCodec:
        fields = self.settings.fields
        return _spans(
            fields["start"].codec,
            fields["end"].codec,
            self.zone,
            days_end=self.settings.all_day_end,
            utc=self.settings.all_day_zone == "utc",
            dates=fields["all_day"].codec == "date",
        )

    def _instant(self, key: str) -> InstantCodec:
        return InstantCodec(self.settings.fields[key].codec, self.zone)

    def _field(self, key: str, *content: Any) -> Fields:
        name = self.settings.name(key)
        return {name: {"values": list(content)}} if name else {}

    def _text_fields(self, summary: str, description: str) -> Fields:
        """Return the texts of a create; an empty one is left out, as the new appointment has none anyway."""
        texts = {"summary": summary, "description": description}
        return {
            name: body for key, text in texts.items() if text for name, body in self._text_field(key, text).items()
        }

    def _text_field(self, key: str, text: str) -> Fields:
        if not text:
            return self._field(key, *self.settings.empty_values)
        return self._field(key, to_html(text) if key == "description" and self._html else text)

    def _when_fields(self, when: Timed | AllDay) -> Fields:
        all_day = isinstance(when, AllDay)
        if all_day and not self.settings.stores_days:
            raise EventError("an all-day event cannot be stored, because no FLOWFACT field is mapped to all_day")
        try:
            start, end = self._span.encode(when)
        except OverflowError as error:
            raise EventError("the event's time lies at the end of the calendar") from error
        return self._field("start", start) | self._field("end", end) | self._flag_field("all_day", all_day)

    def _flag_field(self, key: str, flag: bool) -> Fields:
        mapped = self.settings.fields[key]
        if mapped.codec != "list":
            return self._field(key, flag)
        word = mapped.values[0] if flag else mapped.otherwise
        return self._field(key) if word is None else self._field(key, word)
