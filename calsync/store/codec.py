"""Values as JSON text, and back: what msgspec makes of the model.

A `Timed` is `{"start", "end"}`, an `AllDay` is `{"first", "after"}`, other values are strings; instants end in Z.
A field that is absent has its default.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import msgspec

from calsync.sync.model import FIELDS, AllDay, Base, Draft, Event, Observation, Timed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Field, Value, When

Same = dict[Any, "dict[Field, Value]"]
"""The fields that one reading has decoded: both events of a pair and what they agreed on share equal ones."""
_ENCODER = msgspec.json.Encoder(order="deterministic")
_decode = msgspec.json.Decoder().decode
INSTANTS = 1 << 10
"""So many are kept of each form: most that an account has remembered at about the same time are the same."""


@lru_cache(INSTANTS)
def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(INSTANTS)
def instant_text(value: datetime) -> str:
    """Return an instant in the one form in which the text of two instants compares as they do."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def text(value: Observation | Base | Draft | Mapping[Field, Value]) -> str:
    """Encode a value whole."""
    return _ENCODER.encode(value).decode()


def values(text: str) -> dict[Field, Value]:
    return _values(_decode(text))


def base(text: str, same: Same | None = None) -> Base:
    """Decode a base. `same`: see `Same`."""
    plain = _decode(text)
    plain["values"] = _shared_values(plain["values"], {} if same is None else same)
    for mark in ("unsure", "owed"):
        plain[mark] = frozenset(plain.get(mark, ()))
    return Base(**plain)


def draft(text: str) -> Draft:
    plain = _decode(text)
    return Draft(**plain | {"when": _when(plain["when"])})


def observation(text: str, same: Same | None = None) -> Observation:
    """Decode what was read of an event. `same`: see `Same`."""
    plain = _decode(text)
    event = plain["event"]
    event |= _shared_values(event, {} if same is None else same)
    event["created"] = _moment(event.get("created"))
    event["types"] = tuple(event.get("types", ()))
    plain["event"] = Event(**event)
    plain["modified"] = _moment(plain.get("modified"))
    return Observation(**plain)


def _shared_values(plain: Mapping[str, Any], same: Same) -> dict[Field, Value]:
    """Return the synced fields of an event or a base, the very ones that were decoded before, where equal."""
    when = plain.get("when")
    key = (plain.get("summary"), plain.get("description"), None if when is None else (*when, *when.values()))
    if key not in same:
        same[key] = _values(plain)
    return same[key]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _when(plain: Mapping[str, str]) -> When:
    if "first" in plain:
        return AllDay(date.fromisoformat(plain["first"]), date.fromisoformat(plain["after"]))
    return Timed(instant(plain["start"]), instant(plain["end"]))


def _values(plain: Mapping[str, Any]) -> dict[Field, Value]:
    named = cast("Mapping[Field, Any]", plain)
    found: dict[Field, Value] = {name: named[name] for name in FIELDS if name in named}
    if "when" in named:
        found["when"] = _when(named["when"])
    return found
