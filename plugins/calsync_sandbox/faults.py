"""Faults that a test or a demo asks a server for: refused, lost, late and dropped answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with the requests that it matches.

    It takes the place of the request's handling, so nothing is changed; with `after_commit` the request is
    carried out first, so that only its answer goes wrong.
    """

    method: str | None = None
    """None: any method."""
    path: str | None = None
    """A regular expression that is searched in the decoded path, without the query. None: any path."""
    times: int | None = 1
    """How many requests it hits; None: all from now on."""
    status: int | None = 503
    """The answer's status; None: the answer is the true one, only held back."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_commit: bool = False
    drop: bool = False
    """Close the connection without any answer."""
    hold: asyncio.Event | None = None
    """Go on only when this is set: before the request is carried out, or with `after_commit` behind it."""

    def matches(self, method: str, path: str) -> bool:
        if self.method is not None and self.method != method:
            return False
        return self.path is None or re.search(self.path, path) is not None


class Faults:
    """The faults that wait for a request; the first that matches is the one that happens."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._left: list[int | None] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)
        self._left.append(fault.times)

    def clear(self) -> None:
        self._waiting.clear()
        self._left.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """Return the faults that may still happen."""
        return tuple(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that happens to this request, and use it up once."""
        for index, fault in enumerate(self._waiting):
            if fault.matches(method, path):
                self._use(index)
                return fault
        return None

    def _use(self, index: int) -> None:
        left = self._left[index]
        if left is None:
            return
        self._left[index] = left - 1
        if left <= 1:
            del self._waiting[index], self._left[index]
