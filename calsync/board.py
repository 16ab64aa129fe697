"""How each account's last run ended, as long as the process lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.errors import reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calsync.engine import Notices
    from calsync.service import Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the last run of an account left."""

    account: str
    good_at: datetime | None
    """When it was read and nothing failed; None where that was never so."""
    error: str | None
    """What may be shown of why the last run failed; None where it did not."""
    error_class: str | None
    """The name of the error's class."""
    notices: Notices
    """What is not carried out, by the last run that could tell."""


class Board:
    """Holds one status per account that was run."""

    def __init__(self) -> None:
        self._statuses: dict[str, Status] = {}

    def all(self) -> Sequence[Status]:
        return list(self._statuses.values())

    def finished(self, run: Finished) -> None:
        """Take over how a run ended."""
        before, error = self._statuses.get(run.account), run.error
        good_at: datetime | None = run.at
        notices = run.report.notices
        if error is not None:
            good_at = None if before is None else before.good_at
            notices = notices if notices or before is None else before.notices
        self._statuses[run.account] = Status(
            account=run.account,
            good_at=good_at,
            error=None if error is None else reason(error),
            error_class=None if error is None else type(error).__name__,
            notices=notices,
        )
