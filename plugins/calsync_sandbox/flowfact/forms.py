"""How each of the tenant's schemas stores an appointment: its names, and the form of its values.

Whoever plays a person in FLOWFACT, fills the tenant or looks into its store speaks of `summary`, `start` or
`place` and leaves names and forms to one of these. `GUESSED` is what the public record lets one expect; `RENAMED`
shares no name and hardly a form with it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

_SYNCED = ("summary", "description", "start", "end", "all_day", "marker")
_NO_SERIES = (None, "", "keine")
_TIMES = frozenset({"start", "end", "reminder"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One schema's form."""

    schema: str
    names: Mapping[str, str]
    """Plain name -> the schema's field."""
    codecs: Mapping[str, Mapping[str, Any]]
    """What a user configures for a field besides its name."""
    milliseconds: int
    """So many make one unit of its times."""
    html: bool
    """Whether notes are HTML."""
    series: Any
    """What says that an appointment is repeated every week."""
    kinds: Mapping[str, str]
    """Its values of a kind of appointment that goes by another name."""

    @property
    def synced(self) -> frozenset[str]:
        """The fields that a sync may write."""
        return frozenset(self.names[key] for key in _SYNCED)

    def configured(self) -> dict[str, Any]:
        """Return what a user configures: the schema, and its fields."""
        values = ("summary", "description", "start", "end", "all_day", "owner", "attendee_count", "marker")
        mapped = (*values, "reminder", "series", "private")
        fields = {key: {"field": self.names[key], **self.codecs.get(key, {})} for key in mapped}
        fields |= {"location": {"field": self.names["place"]}, "types": {"field": self.names["kind"]}}
        return {"schema": self.schema, "fields": fields}

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return plain values as the schema's fields; times are given as datetimes, lists as lists."""
        return {self.names[key]: self._stored(key, value) for key, value in values.items()}

    def value(self, entity: Mapping[str, Any] | None, key: str) -> Any:
        """Return a field's first value as it is stored, None where there is none."""
        found = self.values(entity, key)
        return found[0] if found else None

    def values(self, entity: Mapping[str, Any] | None, key: str) -> list[Any]:
        values: list[Any] = (entity or {}).get(self.names[key], {}).get("values", [])
        return values

    def instant(self, entity: Mapping[str, Any] | None, key: str, zone: ZoneInfo) -> datetime | None:
        """Return a time."""
        found = self.value(entity, key)
        return None if found is None else datetime.fromtimestamp(found * self.milliseconds / 1000, zone)

    def repeats(self, entity: Mapping[str, Any]) -> bool:
        """Tell whether an appointment is a series."""
        return self.value(entity, "series") not in _NO_SERIES

    def _stored(self, key: str, value: Any) -> Any:
        if key in _TIMES and value is not None:
            return int(value.astimezone(UTC).timestamp() * 1000) // self.milliseconds
        if key == "description" and self.html and value:
            lines = (html.escape(line, quote=False) or "<br>" for line in value.split("\n"))
            return "".join(f"<p>{line}</p>" for line in lines)
        if key == "series":
            return self.series if value else None
        return self.kinds.get(value, value) if key == "kind" else value


GUESSED = Form(
    schema="appointments",
    names=MappingProxyType(
        {
            "summary": "subject",
            "description": "message",
            "start": "start_date",
            "end": "end_date",
            "all_day": "isFullDayAppointment",
            "owner": "assignee",
            "attendee_count": "participants",
            "marker": "calsync_marker",
            "reminder": "reminder_date",
            "series": "recurrence",
            "private": "private",
            "place": "location_description",
            "kind": "kind",
        }
    ),
    codecs=MappingProxyType({}),
    milliseconds=1,
    html=False,
    series="FREQ=WEEKLY;BYDAY=WE",
    kinds=MappingProxyType({}),
)
RENAMED = Form(
    schema="termine_neu",
    names=MappingProxyType(
        {
            "summary": "titel",
            "description": "notiz",
            "start": "beginn",
            "end": "ende",
            "all_day": "ganztags",
            "owner": "betreuer",
            "attendee_count": "beteiligte",
            "marker": "abgleich",
            "reminder": "erinnerung",
            "series": "wiederholung",
            "private": "vertraulich",
            "place": "treffpunkt",
            "kind": "art",
        }
    ),
    codecs=MappingProxyType(
        {
            "description": {"codec": "html"},
            "series": {"codec": "list", "values": ["taeglich", "woechentlich"]},
            **{key: {"codec": "epoch_s"} for key in ("start", "end", "reminder")},
        }
    ),
    milliseconds=1000,
    html=True,
    series="woechentlich",
    kinds=MappingProxyType(
        {
            "viewing": "besichtigung",
            "notary": "notar",
            **dict.fromkeys(("handover", "meeting", "call", "personal"), "sonstiges"),
        }
    ),
)
FORMS: Mapping[str, Form] = MappingProxyType({form.schema: form for form in (GUESSED, RENAMED)})
