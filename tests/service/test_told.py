"""What the service tells of runs: in the log, on the board, and to whoever runs accounts."""

from __future__ import annotations

import logging

import pytest

from calsync.errors import Retry, SwitchedOff
from calsync.reasons import sentence
from calsync.service import State
from calsync.service.backoff import SETTLE_SECONDS
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from tests.service.accounts import POLL, Running

HELD = (Kind.HOLD, Side.LEFT, "conflict")
BLOCKED = (Kind.BLOCK, Side.RIGHT, "has_attendees")
ADVICE = sentence("has_attendees")


async def test_what_is_held_and_blocked_is_told_when_its_numbers_change(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "calsync.service")
    running.start("anna")
    steps: list[tuple[dict[tuple[Kind, Side, str], int], list[str]]] = [
        ({}, []),
        ({BLOCKED: 2}, [f"account anna, right: block, has_attendees: 2, before 0. {ADVICE}"]),
        ({BLOCKED: 2}, []),
        (
            {BLOCKED: 1, HELD: 3},
            [
                f"account anna, right: block, has_attendees: 1, before 2. {ADVICE}",
                f"account anna, left: hold, conflict: 3, before 0. {sentence('conflict')}",
            ],
        ),
        ({HELD: 3}, ["account anna, right: block, has_attendees: 0, before 1"]),
        ({}, ["account anna, left: hold, conflict: 0, before 3"]),
        ({}, []),
    ]
    for count, (notices, told) in enumerate(steps, 1):
        caplog.clear()
        running.accounts.notices["anna"] = notices
        if count > 1:
            await running.poll()
        await running.accounts.reached("anna", count)
        await running.clock.until_sleeping()
        assert caplog.messages == told
        assert {record.levelno for record in caplog.records} <= {logging.INFO}


async def test_each_account_s_notices_are_told_once_also_when_a_run_between_fails(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "calsync.service")
    running.accounts.notices = {"anna": {BLOCKED: 1}, "bert": {BLOCKED: 1}}
    running.start("anna", "bert")
    for count in range(1, 4):
        await running.accounts.reached("anna", count)
        await running.accounts.reached("bert", count)
        await running.clock.until_sleeping(2)
        running.accounts.errors = {"anna": Retry("the server is away")} if count == 1 else {}
        running.clock.advance(POLL * 1.1)
    assert sorted(message for message in caplog.messages if "has_attendees" in message) == [
        f"account anna, right: block, has_attendees: 1, before 0. {ADVICE}",
        f"account bert, right: block, has_attendees: 1, before 0. {ADVICE}",
    ]


def status(running: Running) -> tuple[State, str | None]:
    found = running.service.board.status("anna")
    return found.state, found.error


async def test_the_board_follows_an_account(running: Running) -> None:
    running.accounts.errors["anna"] = Retry("the server is away")
    running.accounts.held.clear()
    running.start("anna")
    await running.accounts.reached("anna", 1)
    assert status(running) == (State.STARTING, None)
    running.accounts.held.set()
    await running.clock.until_sleeping()
    assert status(running) == (State.FAILING, "the server is away")
    failing = running.service.board.status("anna")
    assert failing.next_try is not None
    assert (failing.error_class, failing.since) == ("Retry", running.clock.now())
    await running.poll()
    await running.accounts.reached("anna", 2)
    await running.clock.until_sleeping()
    assert running.service.board.status("anna").since == failing.since
    running.accounts.errors.clear()
    running.accounts.progress = (3, 10)
    running.accounts.held.clear()
    await running.poll(POLL * 2.2)
    await running.accounts.reached("anna", 3)
    assert running.service.board.status("anna").progress == (3, 10)
    assert status(running)[0] is State.RUNNING
    running.accounts.held.set()
    await running.clock.until_sleeping()
    assert status(running) == (State.WAITING, None)
    assert running.service.board.status("anna").next_try is None


async def test_an_account_that_is_switched_off_is_no_failure_and_listens_to_nothing(
    rung: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "calsync.service")
    rung.accounts.errors["anna"] = SwitchedOff("account anna is switched off")
    for count in range(2, 4):
        await rung.poll()
        await rung.accounts.reached("anna", count)
        await rung.clock.until_sleeping()
    assert status(rung) == (State.OFF, None)
    assert (rung.doorbell.calls, rung.doorbell.ended) == (1, 1)
    rung.accounts.errors.clear()
    rung.service.wake("anna", "switched on")
    await rung.settle()
    await rung.accounts.reached("anna", 4)
    await rung.doorbell.called(2)
    assert status(rung)[0] is State.WAITING
    assert caplog.messages == ["account anna is switched off", "account anna is switched on again"]


async def test_each_run_that_ended_is_told_with_how(running: Running) -> None:
    error = running.accounts.errors["anna"] = Retry("the server is away")
    running.accounts.created["anna"] = 2
    running.start("anna")
    await running.accounts.reached("anna", 1)
    running.accounts.errors.clear()
    await running.poll()
    await running.accounts.reached("anna", 2)
    await running.clock.until_sleeping()
    first, second = running.accounts.finished_runs
    assert (first.account, first.error, first.since_call) == ("anna", error, None)
    assert first.report.counts[Side.LEFT].created == 2
    assert (second.error, second.seconds) == (None, 0.0)


async def test_an_account_that_is_off_has_no_run_to_tell(running: Running) -> None:
    running.accounts.errors["anna"] = SwitchedOff("account anna is switched off")
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    assert running.accounts.finished_runs == []


async def test_a_run_that_a_ring_brought_knows_how_long_ago_that_was(rung: Running) -> None:
    rung.doorbell.ring()
    await rung.settle(SETTLE_SECONDS / 2)
    rung.doorbell.ring()  # the first one counts
    rung.accounts.held.clear()
    await rung.settle(SETTLE_SECONDS / 2)
    await rung.accounts.reached("anna", 2)
    rung.clock.advance(1)
    rung.accounts.held.set()
    await rung.clock.until_sleeping()
    run = rung.accounts.finished_runs[-1]
    assert run.since_call == pytest.approx(SETTLE_SECONDS + 1)
    assert run.seconds == 1


async def test_a_ring_that_no_run_could_answer_is_timed_until_one_can(rung: Running) -> None:
    rung.accounts.errors["anna"] = Retry("the server is away")
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    rung.accounts.errors.clear()
    await rung.settle(2 * SETTLE_SECONDS)
    await rung.accounts.reached("anna", 3)
    await rung.clock.until_sleeping()
    assert rung.accounts.finished_runs[-1].since_call == pytest.approx(3 * SETTLE_SECONDS)
