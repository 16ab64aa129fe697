"""Whether the mapping fits what the tenant's appointments hold: names and types alone do not show a wrong form.

Some of the newest appointments are read, whosever they are, and only in their mapped fields. A problem is told
where most of them contradict the mapping, never for a single odd one, and without repeating what they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync_flowfact.config import NUMERIC
from calsync_flowfact.entity import schema_of, values
from calsync_flowfact.query import CREATED
from calsync_flowfact.times import InstantCodec, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity

SIZE = 50
ENOUGH = 5
"""Fewer appointments without a time prove nothing."""
_FIRST, _LAST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Appointments outside of this are a misread unit rather than somebody's plan."""
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|ul|ol|li|strong|em|a|font|table|tr|td|h[1-6])\b[^<>]*>|&(?:nbsp|amp|lt|gt|[a-z]uml);",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OTHER_UNIT = {"epoch_ms": "epoch_s", "epoch_s": "epoch_ms"}
_TIMES = ("start", "end", "reminder")
_OURS = "v1:"
"""How calsync's markers begin."""


def newest(settings: Settings) -> Mapping[str, Any]:
    """Return the search for the sample."""
    sorts = [{"field": CREATED, "direction": "DESC"}]
    return {"target": "ENTITY", "fetch": settings.fetched, "conditions": [], "sorts": sorts}


def of_schema(settings: Settings, entities: Sequence[Entity]) -> Sequence[Entity]:
    """Return those that the mapping is about: a group's other schemas may have other fields."""
    if not settings.index_is_group:
        return entities
    return [one for one in entities if schema_of(one, settings.write_schema) == settings.write_schema]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some appointments as they are stored."""

    settings: Settings
    entities: Sequence[Entity]

    def problems(self, name: str, users: Collection[str]) -> list[str]:
        """Return what contradicts the mapping of a connection. `users` are the ids of the company's users."""
        found: list[str] = []
        for key, mapped in self.settings.fields.items():
            problem = self._problem(key, users) if mapped.field and self.entities else None
            if problem is not None:
                place = f"connection {name}, fields.{key}: {mapped.field!r} in FLOWFACT's appointments"
                found.append(f"{place} {problem}")
        return found

    def filled(self, key: str) -> list[Any]:
        """Return a mapped field's values, the first of each appointment."""
        return first_values(self.entities, self.settings.name(key))

    def _problem(self, key: str, users: Collection[str]) -> str | None:
        found, codec = self.filled(key), self.settings.fields[key].codec
        if key in ("start", "end") and len(found) * 2 < len(self.entities) >= ENOUGH:
            return "is mostly empty, so most appointments have no time; map another field"
        if not found:
            return None
        if key in _TIMES:
            right = time_form(found)
            return None if right in (None, codec) else f"holds {FORMS[right]}; set codec: {right}"
        if key == "description":
            right = notes_form(found)
            return None if right in (None, codec) else f"holds {FORMS[right]}; set codec: {right}"
        if key == "owner" and not any(str(value) in users for value in found):
            return "does not name users; map the field with the user whom an appointment belongs to"
        if key == "marker" and _most(found, lambda value: not str(value).startswith(_OURS)):
            return "is used for something else; calsync needs a field of its own, or `field: null`"
        return None


FORMS: Mapping[str, str] = {
    "epoch_ms": "milliseconds since 1970",
    "epoch_s": "seconds since 1970",
    "iso": "times as text with an offset",
    "iso_local": "times as text without an offset",
    "html": "HTML",
    "text": "text with line breaks instead of HTML",
}
"""What a codec is for, as an error says it."""


def first_values(entities: Iterable[Entity], field: str | None) -> list[Any]:
    return [found[0] for entity in entities if (found := values(entity, field))]


def time_form(found: Sequence[Any]) -> str | None:
    """Return the codec that most of these values are plausible times in, None where none can be told."""
    if _most(found, lambda value: isinstance(value, str) and not _number(value)):
        timed = [value for value in found if isinstance(value, str) and not _DATE_ONLY.fullmatch(value)]
        if not timed or not _most(timed, _is_iso):
            return None
        return "iso" if _most(timed, lambda value: _OFFSET.search(value) is not None) else "iso_local"
    for form in sorted(NUMERIC):
        if sum(_plausible(value, form) for value in found) * 2 > len(found):
            return form
    return None


def notes_form(found: Sequence[Any]) -> str | None:
    """Return `html` or `text` where the values tell: many with markup, or none but with line breaks."""
    texts = [value for value in found if isinstance(value, str)]
    marked = sum(_MARKUP.search(text) is not None for text in texts)
    if marked * 5 >= len(texts) and marked:
        return "html"
    return "text" if not marked and any("\n" in text.strip() for text in texts) else None


def _plausible(value: Any, form: str) -> bool:
    try:
        return _FIRST <= InstantCodec(form, ZoneInfo("UTC")).decode(value) < _LAST
    except Unreadable:
        return False


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _number(value: str) -> bool:
    return value.strip().lstrip("+-").replace(".", "", 1).isdecimal()


def _most(found: Sequence[Any], test: Callable[[Any], bool]) -> bool:
    return sum(map(test, found)) * 2 > len(found)
