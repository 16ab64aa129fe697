"""A doorbell brings the next run forward; it is listened to again where it fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import weakref
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Retry
from calsync.service import Recalled
from calsync.service.backoff import (
    LISTEN_AGAIN,
    LONGEST_SETTLE,
    SETTLE_SECONDS,
)
from calsync.service.listening import Ear, nothing
from calsync.testing.clock import FakeClock
from tests.service.accounts import POLL, Running

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Ring
    from calsync.service import State


async def test_rings_bring_the_next_run_forward_and_make_one(rung: Running) -> None:
    rung.doorbell.ring(5)
    await rung.clock.until_due(SETTLE_SECONDS)
    rung.clock.advance(SETTLE_SECONDS / 2)
    rung.doorbell.ring()
    await asyncio.sleep(0)
    assert rung.accounts.runs["anna"] == 1
    rung.clock.advance(SETTLE_SECONDS / 2)
    await rung.accounts.reached("anna", 2)
    await rung.clock.until_sleeping()
    rung.clock.advance(POLL * 0.89)
    await asyncio.sleep(0)
    assert rung.accounts.runs["anna"] == 2


async def test_rings_during_a_run_make_one_more_behind_it(rung: Running) -> None:
    rung.accounts.held.clear()
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    rung.doorbell.ring(3)
    rung.accounts.held.set()
    await rung.settle()
    await rung.accounts.reached("anna", 3)
    await rung.clock.until_sleeping()
    rung.clock.advance(POLL * 0.89)
    await asyncio.sleep(0)
    assert rung.accounts.runs["anna"] == 3


async def test_the_poll_goes_on_without_a_ring(rung: Running) -> None:
    for count in range(2, 5):
        await rung.poll()
        await rung.accounts.reached("anna", count)


async def test_a_ring_does_not_put_the_poll_off(rung: Running) -> None:
    rung.clock.advance(POLL * 0.89)
    for _ in range(9):
        rung.doorbell.ring()
        await rung.clock.until_due(SETTLE_SECONDS)
        rung.clock.advance(POLL * 0.03)
    await rung.accounts.reached("anna", 2)


async def test_a_doorbell_that_never_stops_makes_fewer_and_fewer_runs(rung: Running) -> None:
    began = rung.clock.now()
    times: list[float] = []
    for count in range(2, 14):
        rung.doorbell.ring()
        await rung.clock.until_due(LONGEST_SETTLE)
        while not rung.clock.waking:
            rung.clock.advance(SETTLE_SECONDS / 2)
        await rung.accounts.reached("anna", count)
        await rung.clock.until_sleeping()
        times.append((rung.clock.now() - began).total_seconds())
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] < 2 * SETTLE_SECONDS
    assert all(wait > POLL * 0.8 for wait in waits[-3:])


async def test_a_run_with_something_to_do_lets_rings_be_answered_at_once_again(rung: Running) -> None:
    for count in range(2, 8):
        rung.accounts.created["anna"] = int(count == 7)
        rung.doorbell.ring()
        await rung.poll()
        await rung.accounts.reached("anna", count)
        await rung.clock.until_sleeping()
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 8)


async def test_a_server_that_asks_to_wait_is_not_disturbed_by_rings(rung: Running) -> None:
    rung.accounts.errors["anna"] = Retry("throttled", after=1000)
    await rung.poll()
    await rung.accounts.reached("anna", 2)
    await rung.clock.until_sleeping()
    rung.doorbell.ring()
    rung.clock.advance(890)
    await asyncio.sleep(0)
    assert rung.accounts.runs["anna"] == 2
    rung.clock.advance(220)
    await rung.accounts.reached("anna", 3)


async def test_a_ring_whose_run_failed_is_answered_by_another_run(rung: Running) -> None:
    rung.accounts.errors["anna"] = Retry("the connection broke off")
    rung.doorbell.ring()
    for failures in range(3):
        await rung.settle(SETTLE_SECONDS * 2**failures)
        await rung.accounts.reached("anna", 2 + failures)
    rung.accounts.errors.clear()
    await rung.settle(SETTLE_SECONDS * 8)
    await rung.accounts.reached("anna", 5)


async def test_when_a_ring_s_failed_run_is_tried_again_is_told_as_it_is(
    rung: Running, caplog: pytest.LogCaptureFixture
) -> None:
    rung.accounts.errors["anna"] = Retry("the connection broke off")
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.clock.until_due(2 * SETTLE_SECONDS)
    tried = rung.clock.now() + timedelta(seconds=2 * SETTLE_SECONDS)
    assert rung.service.board.status("anna").next_try == tried
    assert "next try in 1 s" in caplog.text
    rung.clock.advance(2 * SETTLE_SECONDS)
    await rung.accounts.reached("anna", 3)


async def test_a_server_that_asks_to_wait_is_told_with_its_pause_also_behind_a_ring(rung: Running) -> None:
    rung.accounts.errors["anna"] = Retry("throttled", after=1000)
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.clock.until_sleeping()
    next_try = rung.service.board.status("anna").next_try
    assert next_try is not None
    assert next_try - rung.clock.now() >= timedelta(seconds=900)


async def test_a_doorbell_that_fails_is_listened_to_again(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "calsync.service")
    running.doorbell.error = Retry("no stream today")
    running.start("anna")
    for count, wait in enumerate((LISTEN_AGAIN, 2 * LISTEN_AGAIN, 4 * LISTEN_AGAIN), 1):
        await running.doorbell.called(count)
        runs = running.accounts.runs["anna"]
        await running.clock.until_sleeping(2)
        running.clock.advance(wait * 0.89)
        await asyncio.sleep(0)
        assert running.doorbell.calls == count
        running.clock.advance(wait * 0.22)
        await running.accounts.reached("anna", runs + 1)
    told = [record.levelno for record in caplog.records if "doorbell" in record.message]
    assert told[:2] == [logging.WARNING, logging.DEBUG]
    assert "no stream today" in caplog.text


def refuse(ring: Ring) -> None:
    """Listen, as a plugin does that has forgotten `async`."""
    del ring
    raise ValueError


def forget(ring: Ring) -> None:
    """Listen, and return nothing to wait for."""
    del ring


@pytest.mark.parametrize("listen", [refuse, forget])
@pytest.mark.parametrize("recalled", [False, True])
async def test_a_doorbell_that_is_nothing_to_wait_for_has_failed(
    running: Running, caplog: pytest.LogCaptureFixture, listen: Any, *, recalled: bool
) -> None:
    calls: list[Ring] = []

    def called(ring: Ring) -> Any:
        calls.append(ring)
        return listen(ring)

    running.doorbell.listen = called  # type: ignore[method-assign]
    due = running.clock.now()
    running.service.add("anna", recalled=Recalled(due=due) if recalled else None)
    running.start()
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping(2)
    assert len(calls) == 1
    assert "its doorbell failed" in caplog.text
    for count in (2, 3):
        running.clock.advance(LISTEN_AGAIN * 2.2 ** (count - 1))
        await running.accounts.reached("anna", count)
        await running.clock.until_sleeping(2)
        assert len(calls) == count
    running.stop.set()
    assert running.task is not None
    await running.task
    assert running.clock.sleepers == 0


async def test_a_doorbell_may_be_a_future_that_whoever_serves_it_lets_fail(running: Running) -> None:
    given: list[tuple[Ring, asyncio.Future[None]]] = []

    def listen(ring: Ring) -> asyncio.Future[None]:
        given.append((ring, asyncio.get_running_loop().create_future()))
        return given[-1][1]

    running.doorbell.listen = listen  # type: ignore[assignment, method-assign]
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    given[0][0]("a change")
    await running.settle()
    await running.accounts.reached("anna", 2)
    given[0][1].set_exception(Retry("no stream today"))
    await running.clock.until_sleeping(2)
    running.clock.advance(LISTEN_AGAIN * 1.1)
    await running.accounts.reached("anna", 3)
    assert len(given) == 2
    running.stop.set()
    assert running.task is not None
    await running.task
    assert given[1][1].cancelled()


async def test_nothing_is_kept_of_a_failure_while_a_doorbell_waits_to_be_listened_to_again(
    running: Running,
) -> None:
    error = Retry("no stream today")
    gone = weakref.ref(error)
    running.doorbell.error = error
    del error
    running.start("anna")
    await running.doorbell.called(1)
    await running.clock.until_sleeping(2)
    running.doorbell.error = None
    gc.collect()
    assert gone() is None


async def test_who_has_ended_listens_no_more_also_where_the_time_for_that_had_come(running: Running) -> None:
    due: list[Callable[[], object]] = []

    class Late(FakeClock):
        """What is called off is called all the same."""

        def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
            del seconds
            due.append(call)
            return bool

    running.doorbell.error = Retry("no stream today")
    ear = Ear("anna", running.doorbell.listen, print, nothing, Late(), random.Random(1))
    await running.doorbell.called(1)
    while not due:  # noqa: ASYNC110 - the task is to end
        await asyncio.sleep(0)
    ear.end()
    due[0]()
    assert ear.task is None
    assert running.doorbell.calls == 1


async def test_a_doorbell_that_is_broken_off_has_failed(rung: Running) -> None:
    rung.doorbell.broken.cancel()
    await asyncio.wait_for(rung.clock.until_sleeping(2), 20)
    rung.clock.advance(LISTEN_AGAIN * 1.1)
    await rung.doorbell.called(2)


async def test_a_doorbell_that_waits_to_be_listened_to_again_is_not_when_its_account_has_left(
    running: Running,
) -> None:
    running.doorbell.error = Retry("no stream today")
    running.start("anna")
    await running.doorbell.called(1)
    await running.clock.until_sleeping(2)
    await running.service.remove("anna")
    assert running.clock.sleepers == 0


async def test_a_doorbell_that_fails_at_its_end_neither_fails_the_service_nor_is_listened_to_again(
    rung: Running,
) -> None:
    rung.doorbell.at_end = Retry("the connection broke off")
    rung.stop.set()
    assert rung.task is not None
    await rung.task
    assert (rung.doorbell.ended, rung.doorbell.calls, rung.clock.sleepers) == (1, 1, 0)


async def test_a_doorbell_that_asks_for_a_pause_gets_it(running: Running) -> None:
    running.doorbell.error = Retry("too many connections", after=3000)
    running.start("anna")
    await running.doorbell.called(1)
    await running.clock.until_sleeping(2)
    running.clock.advance(2600)
    await running.accounts.reached("anna", 2)
    assert running.doorbell.calls == 1
    await running.clock.until_sleeping(2)
    running.clock.advance(800)
    await running.doorbell.called(2)


async def test_an_account_is_listened_to_when_it_has_been_run_for_the_first_time(running: Running) -> None:
    running.accounts.errors["anna"] = Retry("the server is away")
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.clock.until_sleeping()
    assert running.doorbell.calls == 0
    running.accounts.errors.clear()
    await running.poll()
    await running.doorbell.called(1)
    await running.poll()
    await running.accounts.reached("anna", 3)
    assert running.doorbell.calls == 1


async def test_a_stop_ends_the_listening_at_once_and_leaves_no_task(
    rung: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    rung.accounts.held.clear()
    await rung.poll()
    await rung.accounts.reached("anna", 2)
    rung.stop.set()
    assert rung.task is not None
    await rung.task
    assert rung.doorbell.ended == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_service_that_is_cut_off_leaves_no_task(rung: Running) -> None:
    assert rung.task is not None
    rung.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rung.task
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nobody_is_woken_who_is_not_served(rung: Running) -> None:
    rung.service.wake("bert", "a ring from outside")
    rung.service.wake("anna", "a ring from outside")
    await rung.settle()
    await rung.accounts.reached("anna", 2)


def status(running: Running) -> tuple[State, str | None]:
    found = running.service.board.status("anna")
    return found.state, found.error
