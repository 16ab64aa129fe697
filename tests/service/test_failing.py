"""An account that fails backs off, is tried again as its server asks, and delays nobody else."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from calsync.errors import Busy, Retry
from calsync.reasons import sentence
from calsync.service import State
from calsync.service.backoff import (
    BUSY_SECONDS,
    LONGEST_WAIT,
)
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from tests.service.accounts import POLL, Running

if TYPE_CHECKING:
    import pytest


async def test_a_stuck_account_delays_neither_another_nor_the_end(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    running.accounts.stuck.add("anna")
    running.start("anna", "bert")
    for count in range(1, 4):
        await running.accounts.reached("bert", count)
        await running.poll()
    assert running.accounts.runs["anna"] == 1
    assert running.task is not None
    running.stop.set()
    await running.task


async def test_a_failing_account_backs_off_and_its_recovery_is_told(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "calsync.service")
    running.accounts.errors["anna"] = Retry("the server is away")
    running.start("anna")
    waits = (POLL, 2 * POLL, 4 * POLL)
    for count, wait in enumerate(waits, 1):
        await running.accounts.reached("anna", count)
        await running.poll(wait * 0.89)
        assert running.accounts.runs["anna"] == count
        if count == len(waits):
            running.accounts.errors.clear()
        running.clock.advance(wait * 0.22)
    await running.accounts.reached("anna", len(waits) + 1)
    await running.clock.until_sleeping()
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.DEBUG, logging.DEBUG, logging.INFO]


async def test_a_server_that_asks_to_wait_is_obeyed(running: Running) -> None:
    running.accounts.errors["anna"] = Retry("throttled", after=1000)
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.poll(890)
    assert running.accounts.runs["anna"] == 1
    running.clock.advance(220)
    await running.accounts.reached("anna", 2)


async def test_no_wait_is_longer_than_an_hour(running: Running) -> None:
    running.accounts.errors["anna"] = Retry("away for long")
    running.start("anna")
    for count in range(1, 14):
        await running.accounts.reached("anna", count)
        await running.poll(LONGEST_WAIT * 1.1)


async def test_a_bug_stops_its_account_only_and_tells_no_text_of_it(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.accounts.errors["anna"] = RuntimeError("Besichtigung bei Frau Schmidt")
    running.start("anna", "bert")
    for count in range(1, 3):
        await running.accounts.reached("bert", count)
        await running.clock.until_sleeping(2)
        running.clock.advance(POLL * 1.1)
    assert "RuntimeError" in caplog.text
    assert "accounts.py" in caplog.text
    assert "Schmidt" not in caplog.text


async def test_a_run_that_is_broken_off_by_itself_has_failed(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_off() -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(running.accounts, "looks", break_off)
    running.start("anna")
    await asyncio.wait_for(running.clock.until_sleeping(), 20)
    assert status(running) == (State.FAILING, "account anna: the work on it was broken off")
    assert "account anna failed" in caplog.text
    monkeypatch.undo()
    await running.poll()
    await running.accounts.reached("anna", 2)
    await running.clock.until_sleeping()
    assert status(running) == (State.WAITING, None)


async def test_what_a_failing_run_has_done_is_told(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "calsync.service")
    running.accounts.errors["anna"] = Retry("the server is away")
    running.accounts.created["anna"] = 10
    running.accounts.remarks["anna"] = {(Kind.UPDATE, Side.RIGHT, "overruled"): 2}
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    assert caplog.messages[1:] == [
        "account anna, left: created 10, updated 0, deleted 0, linked 0, failed 0",
        f"account anna, right: update, overruled: 2. {sentence('overruled')}",
    ]


def status(running: Running) -> tuple[State, str | None]:
    found = running.service.board.status("anna")
    return found.state, found.error


async def test_an_account_that_another_process_works_on_is_tried_again_soon_and_has_not_failed(
    running: Running,
) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    running.accounts.errors["anna"] = Busy("another process is working on it")
    running.service.wake("anna", "a person asked")
    await running.settle()
    for count in range(2, 6):
        await running.accounts.reached("anna", count)
        await running.clock.until_sleeping()
        assert running.service.board.status("anna").state is State.WAITING
        if count == 5:
            running.accounts.errors.clear()
        running.clock.advance(BUSY_SECONDS * 1.1)
    await running.accounts.reached("anna", 6)
    await running.clock.until_sleeping()
    assert [one.error for one in running.accounts.finished_runs] == [None, None]
    called = running.accounts.finished_runs[-1].since_call
    assert called is not None
    assert called >= 4 * BUSY_SECONDS
