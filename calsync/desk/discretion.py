"""What is private stays with whom the account belongs to: others are told when it is, and not what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Field, Observation, Value

MASK = "Privat"
"""The summary that others see, as the rule `private_mask` writes it."""
TEXTS: frozenset[Field] = frozenset({"summary", "description"})
"""What tells what an event is."""
_MASKED: Mapping[Field, Value] = {"summary": MASK, "description": ""}


def masked(seen: Observation) -> Observation:
    """Return what others see of a private event."""
    return replace(seen, event=seen.event.with_values(_MASKED))


def masked_values(values: Mapping[Field, Value]) -> Mapping[Field, Value]:
    """Return what others see of values of a private event."""
    return {name: _MASKED.get(name, value) for name, value in values.items()}


def masked_value(name: Field, value: Value | None) -> Value | None:
    """Return what others see of one value of a private event; None stays none."""
    return None if value is None else _MASKED.get(name, value)
