"""The order in which a search tells what it finds."""

from __future__ import annotations

from bisect import insort
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.flowdsl import reader
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calsync_sandbox.flowfact.entities import Entity

Key = tuple[str, Any]


class Order:
    """By the first key, equal ones by the second, ...; what is equal in all by when it came into the store.

    Without any key it is that of the store.
    """

    def __init__(
        self, sorts: Sequence[dict[str, Any]], number: Callable[[Entity], int], *, missing_first: bool
    ) -> None:
        """`missing_first`: entities without a value stand in front, whatever the direction; else at the end.

        `number`: larger for an entity that came later into the store. Raises Refused (400).
        """
        self._missing_first = missing_first
        self._number = number
        self.keys = [(reader(str(path)), down) for sort in sorts for path, down in _paths(sort)]

    def sorted(self, found: list[Entity]) -> list[Entity]:
        """Return all that was found in this order."""
        if self.keys:
            found = sorted(found, key=self._number)
        for read, down in reversed(self.keys):
            found = self._sorted_by(found, read, down=down)
        return found

    def insert(self, found: list[Entity], news: Iterable[Entity]) -> None:
        """Insert entities where they belong among others that stand in this order."""
        key = cmp_to_key(self._compare)
        for entity in news:
            insort(found, entity, key=key)

    def _sorted_by(
        self, found: list[Entity], read: Callable[[Entity], Sequence[Any]], *, down: bool
    ) -> list[Entity]:
        keyed: list[tuple[Key, Entity]] = []
        missing: list[Entity] = []
        for entity in found:
            values = read(entity)
            if values:
                keyed.append((_key(values[0]), entity))
            else:
                missing.append(entity)
        keyed.sort(key=lambda pair: pair[0], reverse=down)
        having = [entity for _, entity in keyed]
        return missing + having if self._missing_first else having + missing

    def _compare(self, one: Entity, other: Entity) -> int:
        """Return a number below 0 where the first one stands in front, above 0 where the other one does."""
        for read, down in self.keys:
            left, right = read(one), read(other)
            if left and right:
                before, after = _key(left[0]), _key(right[0])
                if before != after:
                    return 1 if (before > after) != down else -1
            elif left or right:
                return 1 if bool(left) == self._missing_first else -1
        return self._number(one) - self._number(other)


def _paths(sort: dict[str, Any]) -> list[tuple[Any, bool]]:
    direction = sort.get("direction", "ASC")
    if direction not in ("ASC", "DESC") or "joinField" in sort:
        raise Refused(400, "a sort has the direction ASC or DESC and no joinField")
    return [(path, direction == "DESC") for path in sort.get("fields") or [sort.get("field")]]


def _key(value: Any) -> Key:
    """Order numbers before text, so that mixed values do not fail."""
    return ("number", value) if isinstance(value, int | float) else ("text", str(value))
