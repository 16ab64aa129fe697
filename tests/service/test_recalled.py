"""A new process goes on where a former one has kept what accounts came to."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from calsync.engine import Report
from calsync.errors import AccountError, Busy, SwitchedOff
from calsync.service import Recalled, State
from calsync.service.backoff import SETTLE_SECONDS
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from tests.service.accounts import POLL, Running

HELD = (Kind.HOLD, Side.LEFT, "conflict")


def status(running: Running) -> tuple[State, str | None]:
    found = running.service.board.status("anna")
    return found.state, found.error


async def test_an_account_that_is_due_later_waits_for_that_unless_it_is_called(running: Running) -> None:
    for name in ("anna", "bert"):
        due = running.clock.now() + timedelta(seconds=1000)
        running.service.add(name, recalled=Recalled(due=due))
    running.start()
    await running.clock.until_sleeping(2)
    running.clock.advance(990)
    running.service.wake("bert", "a person asked")
    await running.clock.until_due(SETTLE_SECONDS)
    running.clock.advance(SETTLE_SECONDS)
    await running.accounts.reached("bert", 1)
    assert running.accounts.runs == {"bert": 1}
    running.clock.advance(20)
    await running.accounts.reached("anna", 1)


async def test_it_is_told_when_an_account_is_due(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    rest = (running.accounts.due["anna"] - running.clock.now()).total_seconds()
    assert POLL * 0.9 <= rest <= POLL * 1.1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, State.WAITING),
        (AccountError("no mailbox"), State.FAILING),
        (SwitchedOff("off"), State.OFF),
        (Busy("another process is working on it"), State.STARTING),
    ],
)
async def test_what_a_former_process_was_told_is_shown_at_once(
    running: Running, error: Exception | None, state: State
) -> None:
    due = running.clock.now() + timedelta(seconds=1000)
    report = Report(notices=Counter({HELD: 2}), held_since={"conflict": running.clock.now()})
    running.service.add("anna", recalled=Recalled(due=due, report=report, error=error))
    running.start()
    await running.clock.until_sleeping()
    status = running.service.board.status("anna")
    assert status.state is state
    if state is State.WAITING:
        assert (status.notices, status.held_since) == (report.notices, report.held_since)
    if state is State.FAILING:
        assert (status.error, status.error_class, status.next_try) == ("no mailbox", "AccountError", due)
    assert not running.accounts.runs
