"""What the service asks for its accounts, and what it tells of their runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from calsync.engine import Report
    from calsync.service.listening import Listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run of an account that came to its end."""

    account: str
    report: Report
    error: Exception | None
    seconds: float
    """How long it took."""
    since_call: float | None
    """Seconds to its end from the first ring that it answers, or from when a person asked; None for a poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a former process has kept of an account."""

    due: datetime
    """When it is run next, unless somebody calls it."""
    report: Report | None = None
    """What its last run came to; None where that is not known."""
    error: Exception | None = None


class Runner(ABC):
    """What the service asks for its accounts."""

    @abstractmethod
    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        """Run an account once; `report` and `progress` are told what it does.

        Raises SwitchedOff, another CalsyncError, or anything else for a bug.
        """

    @abstractmethod
    def doorbells(self, account: str) -> Sequence[Listen]:
        """Return the doorbells of an account, none while its calendars are not open."""

    @abstractmethod
    def connections(self, account: str) -> Collection[str]:
        """Return the names of the connections that a run uses."""

    def finished(self, run: Finished) -> None:
        """Take note of a run that was not cut off. It may neither raise nor wait."""
        del run

    def rests(self, account: str, until: datetime) -> None:
        """Take note of when an account is due next, unless somebody calls it. It may neither raise nor wait."""
        del account, until
