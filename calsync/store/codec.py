"""Values as compact JSON text, and back. What equals its default is left out, so most events are short.

A `Timed` is `{"start", "end"}`, an `AllDay` is `{"first", "after"}`, other values are strings.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from calsync.sync.model import FIELDS, AllDay, Base, Draft, Event, Observation, Timed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Field, Value, When

OPTIONAL = {
    kind: {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    for kind in (Event, Observation)
}
"""The fields that may be left out, with the value they then have."""
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
REMEMBERED = 1 << 16
"""Decoded texts that are kept: an account is read whole in every run, and hardly anything has changed since."""
TIMES = frozenset({"created", "modified"})


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant_text(value: datetime) -> str:
    """Return an instant in the one form in which the text of two instants compares as they do."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def values_text(values: Mapping[Field, Value]) -> str:
    """Encode some synced fields."""
    return _text({name: _plain(values[name]) for name in FIELDS if name in values})


def values(text: str) -> dict[Field, Value]:
    return _values(json.loads(text))


def base_text(base: Base) -> str:
    plain: dict[str, Any] = {"values": {name: _plain(base.values[name]) for name in FIELDS if name in base.values}}
    plain |= {"private": base.private, "mapping_version": base.mapping_version}
    marked = {"unsure": sorted(base.unsure), "owed": sorted(base.owed)}
    return _text(plain | {mark: names for mark, names in marked.items() if names})


@lru_cache(REMEMBERED)
def base(text: str) -> Base:
    plain = json.loads(text)
    return Base(
        values=_values(plain["values"]),
        private=plain["private"],
        mapping_version=plain["mapping_version"],
        unsure=frozenset(plain.get("unsure", ())),
        owed=frozenset(plain.get("owed", ())),
    )


def draft_text(draft: Draft) -> str:
    return _text({name: _plain(getattr(draft, name)) for name in FIELDS} | {"reminder": draft.reminder})


def draft(text: str) -> Draft:
    plain = json.loads(text)
    return Draft(**plain | {"when": _when(plain["when"])})


def observation_text(seen: Observation) -> str:
    event = {"summary": seen.event.summary, "when": _plain(seen.event.when)}
    plain = {"id": seen.id, "revision": seen.revision, "event": event}
    _add_options(event, seen.event)
    _add_options(plain, seen)
    return _text(plain)


@lru_cache(REMEMBERED)
def observation(text: str) -> Observation:
    plain = _with_times(json.loads(text))
    event = _with_times(plain["event"])
    return Observation(**plain | {"event": Event(**event | {"when": _when(event["when"])})})


def _add_options(plain: dict[str, Any], value: Event | Observation) -> None:
    """Add the optional fields that differ from their default."""
    for name, default in OPTIONAL[type(value)].items():
        given = getattr(value, name)
        if given != default:
            plain[name] = instant_text(given) if name in TIMES else given


def _with_times(plain: dict[str, Any]) -> dict[str, Any]:
    return plain | {name: instant(plain[name]) for name in TIMES & plain.keys()}


def _plain(value: Value) -> str | dict[str, str]:
    match value:
        case Timed():
            return {"start": value.start.isoformat(), "end": value.end.isoformat()}
        case AllDay():
            return {"first": value.first.isoformat(), "after": value.after.isoformat()}
        case _:
            return value


def _when(plain: Mapping[str, str]) -> When:
    if "first" in plain:
        return AllDay(date.fromisoformat(plain["first"]), date.fromisoformat(plain["after"]))
    return Timed(instant(plain["start"]), instant(plain["end"]))


def _values(plain: Mapping[str, Any]) -> dict[Field, Value]:
    named = cast("Mapping[Field, Any]", plain)
    return {name: _when(value) if isinstance(value, dict) else str(value) for name, value in named.items()}


def _text(plain: Mapping[str, Any]) -> str:
    return ENCODER.encode(plain)
