"""Failures that a test orders in advance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Method = Literal["changes", "read", "locate", "find_marker", "create", "update", "delete", "unmark", "listen"]


@dataclass(slots=True)
class Fault:
    """An error that the next calls of one method raise."""

    method: Method
    error: Callable[[], Exception]
    left: int | None
    """How many calls are still to fail; None: all."""
    after: bool
    """Raised after the effect: the write is done and its answer lost; a feed breaks behind its first page."""


class Faults:
    """The ordered failures of one calendar, used up in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self, method: Method, error: Callable[[], Exception], *, times: int | None = 1, after: bool = False
    ) -> None:
        """Let the next `times` calls of `method` raise `error()`; None: every call until `clear`."""
        self._faults.append(Fault(method, error, times, after))

    def clear(self) -> None:
        """Let every call succeed again."""
        self._faults.clear()

    def take(self, method: Method) -> Fault | None:
        """Return the failure of the call that starts now, and count it."""
        for fault in self._faults:
            if fault.method == method and fault.left != 0:
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None
