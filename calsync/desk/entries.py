"""From an account's form as a person has filled it in to its entry in the second file, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.desk.invalid import UNKNOWN_KEY, Invalid
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import ProviderSpec

    Specs = Mapping[Side, ProviderSpec]

KEYS = ("timezone", "direction", "first_sync")
"""What is asked for besides both calendars."""


def keys_of(specs: Specs) -> Sequence[str]:
    """Return the keys of the form: those of both calendars, as `left.mailbox`, and KEYS."""
    return (*(f"{side}.{field.key}" for side, spec in specs.items() for field in spec.calendar_form), *KEYS)


def account_entry(former: Mapping[str, Any], specs: Specs, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return an account's entry as its form is filled in; what no form asks for stays as it was.

    `former`: the entry that it replaces; of a new account both connections alone. Raises Invalid for unknown keys.
    """
    wrong = dict.fromkeys(fields.keys() - set(keys_of(specs)), UNKNOWN_KEY)
    if wrong:
        raise Invalid(wrong)
    entry = dict(former) | {key: fields.get(key, "") for key in KEYS}
    for side, spec in specs.items():
        filled = {field.key: fields.get(f"{side}.{field.key}", "") for field in spec.calendar_form}
        entry[side.value] = {**_half(former, side), **filled}
    return entry


def between(connections: Mapping[Side, str]) -> dict[str, Any]:
    """Return what a new account's entry begins with."""
    return {side.value: {"connection": name} for side, name in connections.items()}


def connections_of(entry: Mapping[str, Any]) -> dict[Side, str]:
    """Return the connections of an account's sides; nothing where the file, edited by hand, names none."""
    return {side: str(_half(entry, side).get("connection", "")) for side in Side}


def filled_in(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return an entry by keys as `left.mailbox`, with both connections."""
    flat = {f"{side}.{key}": str(value) for side in Side for key, value in _half(entry, side).items()}
    return flat | {key: str(entry[key]) for key in KEYS if key in entry}


def _half(entry: Mapping[str, Any], side: Side) -> Mapping[str, Any]:
    found = entry.get(side.value)
    return found if isinstance(found, dict) else {}
