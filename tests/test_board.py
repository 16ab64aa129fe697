"""What is remembered of an account's last run."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.board import Board
from calsync.engine import Report
from calsync.errors import Retry
from calsync.service import Finished
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from calsync.board import Status
    from calsync.engine import Notices

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HELD: Notices = Counter({(Kind.HOLD, Side.LEFT, "conflict"): 1})


def end(board: Board, minute: int = 0, error: Exception | None = None, notices: Notices | None = None) -> Status:
    report = Report(notices=Counter(notices or {}))
    at = NOON + timedelta(minutes=minute)
    board.finished(
        Finished(account="anna", report=report, error=error, at=at, seconds=0.2, since_ring=None),
    )
    (status,) = board.all()
    return status


def test_what_was_good_stays_known_while_runs_fail() -> None:
    board = Board()
    assert board.all() == []
    end(board, notices=HELD)
    status = end(board, 1, Retry("m365: unreachable"))
    assert (status.good_at, status.error, status.error_class) == (NOON, "m365: unreachable", "Retry")
    assert status.notices == HELD
    assert end(board, 2).good_at == NOON + timedelta(minutes=2)


def test_what_a_failed_run_could_tell_counts() -> None:
    board = Board()
    end(board, notices=HELD)
    found: Notices = Counter({(Kind.CREATE, Side.RIGHT, "refused"): 2})
    assert end(board, 1, Retry("m365: unreachable"), found).notices == found


def test_a_cause_that_is_gone_is_forgotten() -> None:
    board = Board()
    end(board, notices=HELD)
    status = end(board, 1)
    assert (status.notices, status.error, status.error_class) == (Counter(), None, None)


def test_a_bug_is_told_by_its_place_without_its_text() -> None:
    try:
        raise KeyError("Frau Muster")  # noqa: TRY301 - a bug has a place
    except KeyError as error:
        status = end(Board(), error=error)
    assert (status.good_at, status.error_class) == (None, "KeyError")
    assert status.error is not None
    assert "Muster" not in status.error
    assert __file__ in status.error
