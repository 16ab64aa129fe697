"""Many accounts on one loop: a failing one backs off and never delays another; doorbells bring runs forward."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.errors import AccountError, Busy, Retry, SwitchedOff
from calsync.ports import NOTHING_NEW
from calsync.reasons import sentence
from calsync.service import Finished, Recalled, Runner, Service, State
from calsync.service.backoff import (
    BUSY_SECONDS,
    IDLE_POLLS,
    LISTEN_AGAIN,
    LONGEST_SETTLE,
    LONGEST_WAIT,
    SETTLE_SECONDS,
)
from calsync.service.turns import OF_ONE_KIND
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from calsync.ports import Ring
    from calsync.service import Listen

POLL = 60.0
HELD = (Kind.HOLD, Side.LEFT, "conflict")
BLOCKED = (Kind.BLOCK, Side.RIGHT, "has_attendees")
ADVICE = sentence("has_attendees")


class Accounts(Runner):
    """Runs that a test can let fail, and counts."""

    def __init__(self, doorbell: Doorbell) -> None:
        self.doorbell = doorbell
        self.runs: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.progress: tuple[int, int] | None = None
        self.at_rest = False
        self.at_connections: Exception | None = None
        self.errors: dict[str, Exception] = {}
        self.stuck: set[str] = set()
        self.held = asyncio.Event()
        """Runs wait for it at their end."""
        self.held.set()
        self.notices: dict[str, dict[tuple[Kind, Side, str], int]] = {}
        self.remarks: dict[str, dict[tuple[Kind, Side, str], int]] = {}
        self.created: Counter[str] = Counter()
        self.finished_runs: list[Finished] = []
        self.due: dict[str, datetime] = {}
        self._changed = asyncio.Event()

    def doorbells(self, account: str) -> list[Listen]:
        return [self.doorbell.listen]

    def connections(self, account: str) -> list[str]:
        if self.at_connections is not None:
            raise self.at_connections
        return ["crm", "mail"]

    async def run(self, name: str, report: Report, progress: Callable[[int, int], None]) -> None:
        self.runs[name] += 1
        self._changed.set()
        if self.progress is not None:
            progress(*self.progress)
        if name in self.stuck:
            await asyncio.Event().wait()
        await self.held.wait()
        self.ended[name] += 1
        report.at_rest = self.at_rest
        report.counts[Side.LEFT].created = self.created[name]
        report.remarks.update(self.remarks.get(name, {}))
        if name in self.errors:
            raise self.errors[name]
        report.notices.update(self.notices.get(name, {}))

    def finished(self, run: Finished) -> None:
        self.finished_runs.append(run)

    def rests(self, account: str, until: datetime) -> None:
        self.due[account] = until

    async def reached(self, name: str, count: int) -> None:
        while self.runs[name] != count:
            self._changed.clear()
            await self._changed.wait()


class Doorbell:
    """A doorbell that a test rings, breaks, or takes away."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []
        self.error: Exception | None = None
        self.calls = 0
        self.ended = 0
        self.broken: asyncio.Future[None]
        self._called = asyncio.Event()

    async def listen(self, ring: Ring) -> None:
        self.calls += 1
        self._called.set()
        if self.error is not None:
            raise self.error
        self.rings.append(ring)
        self.broken = asyncio.get_running_loop().create_future()
        try:
            await self.broken
        finally:
            self.ended += 1

    def ring(self, times: int = 1) -> None:
        for _ in range(times):
            self.rings[-1]("a change")

    async def called(self, count: int) -> None:
        while self.calls != count:
            self._called.clear()
            await self._called.wait()


class Running:
    """A service of three accounts that runs until the test ends."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.doorbell = Doorbell()
        self.accounts = Accounts(self.doorbell)
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.service = Service(self.accounts, self.clock, random.Random(1), POLL)

    def start(self, *names: str) -> None:
        for name in names:
            self.service.add(name)
        self.task = asyncio.create_task(self.service.run(self.stop))

    async def poll(self, seconds: float = POLL * 1.1) -> None:
        await self.clock.until_sleeping()
        self.clock.advance(seconds)

    async def leave_out(self) -> None:
        """Let the time between two polls pass, one of which is left out."""
        await self.poll(POLL * 0.89)
        while self.clock.waking:  # noqa: ASYNC110 - what is woken is to run
            await asyncio.sleep(0)
        await self.clock.until_sleeping()

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Let a ring settle."""
        await self.clock.until_due(max(seconds, SETTLE_SECONDS))
        self.clock.advance(seconds)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    running = Running()
    yield running
    running.stop.set()
    if running.task is not None and not running.task.done():
        await asyncio.wait_for(running.task, 20)


async def test_accounts_are_run_again_and_again(running: Running) -> None:
    running.start("anna")
    for count in range(1, 4):
        await running.accounts.reached("anna", count)
        await running.poll()


async def test_polls_are_spread(running: Running) -> None:
    running.start("anna", "bert")
    await running.accounts.reached("bert", 1)
    await running.clock.until_sleeping(2)
    running.clock.advance(POLL * 0.89)
    assert running.accounts.runs == {"anna": 1, "bert": 1}
    running.clock.advance(POLL * 0.22)
    await running.accounts.reached("anna", 2)
    await running.accounts.reached("bert", 2)


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
    assert "test_service.py" in caplog.text
    assert "Schmidt" not in caplog.text


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


@pytest.fixture
async def rung(running: Running) -> Running:
    """Return a service of one account that has been run once and is listened to."""
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.doorbell.called(1)
    await running.clock.until_sleeping()
    return running


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


async def test_accounts_come_and_go_while_it_runs_also_the_last_one(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.doorbell.called(1)
    await running.service.remove("anna", "nobody")
    assert running.doorbell.ended == 1
    assert running.service.board.all() == []
    running.service.add("bert")
    await running.accounts.reached("bert", 1)
    running.service.add("anna")
    await running.accounts.reached("anna", 2)
    assert running.task is not None
    assert not running.task.done()


async def test_an_account_is_removed_behind_the_run_that_goes_on(running: Running) -> None:
    running.accounts.held.clear()
    running.start("anna", "bert")
    await running.accounts.reached("anna", 1)
    removing = asyncio.create_task(running.service.remove("anna"))
    await asyncio.sleep(0)
    assert not removing.done()
    running.accounts.held.set()
    await removing
    assert running.accounts.ended["anna"] == 1
    assert set(running.service.accounts) == {"bert"}


async def test_a_stop_waits_also_for_accounts_that_are_leaving_but_not_for_long(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    running.accounts.stuck.add("anna")
    running.start("anna", "bert")
    await running.accounts.reached("anna", 1)
    removing = asyncio.create_task(running.service.remove("anna"))
    await asyncio.sleep(0)
    running.stop.set()
    assert running.task is not None
    await running.task
    await removing
    assert asyncio.all_tasks() == {asyncio.current_task()}
    running.service.add("carl")
    assert "carl" not in running.service.accounts


async def test_an_errand_is_done_between_two_runs_and_a_run_follows(rung: Running) -> None:
    rung.accounts.held.clear()
    await rung.poll()
    await rung.accounts.reached("anna", 2)
    seen: list[int] = []

    async def errand() -> str:
        seen.append(rung.accounts.ended["anna"])
        return "done"

    asked = asyncio.create_task(rung.service.ask("anna", errand))
    await asyncio.sleep(0)
    assert seen == []
    rung.accounts.held.set()
    assert await asked == "done"
    assert seen == [2]
    await rung.accounts.reached("anna", 3)

    async def fail() -> None:
        raise AccountError("no")

    with pytest.raises(AccountError, match="no"):
        await rung.service.ask("anna", fail)
    await rung.accounts.reached("anna", 4)


async def test_an_errand_of_an_account_that_leaves_is_refused(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    running.accounts.stuck.add("anna")
    running.start("anna")
    await running.accounts.reached("anna", 1)

    async def errand() -> None:
        await asyncio.Event().wait()

    asked = asyncio.create_task(running.service.ask("anna", errand))
    await asyncio.sleep(0)
    await running.service.remove("anna")
    with pytest.raises(Retry, match="not served any more"):
        await asked
    with pytest.raises(Retry, match="not served now"):
        await running.service.ask("anna", errand)
    running.service.add("bert")
    await running.accounts.reached("bert", 1)
    asked = asyncio.create_task(running.service.ask("bert", errand))
    await running.clock.until_sleeping()
    await asyncio.sleep(0)
    await running.service.remove("bert")
    with pytest.raises(Retry, match="not served any more"):
        await asked


async def test_a_bug_of_its_own_ends_the_service_and_is_told(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    running.accounts.at_connections = KeyError("a bug")
    await running.poll()
    assert running.task is not None
    with pytest.raises(KeyError, match="a bug"):
        await running.task
    running.task = None


async def test_where_doorbells_are_heard_and_nothing_is_left_to_do_most_polls_are_left_out(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    assert rung.service.board.status("anna").doorbell
    for _ in range(IDLE_POLLS - 1):
        await rung.leave_out()
    assert rung.accounts.runs["anna"] == 2
    await rung.poll(POLL * 1.1 * IDLE_POLLS)
    await rung.accounts.reached("anna", 3)


async def test_a_doorbell_that_hears_and_has_nothing_to_tell_makes_no_run(running: Running) -> None:
    running.accounts.at_rest = True
    running.start("anna")
    await running.doorbell.called(1)
    running.doorbell.rings[-1](NOTHING_NEW)
    assert running.service.board.status("anna").doorbell
    for _ in range(IDLE_POLLS - 1):
        await running.leave_out()
    assert running.accounts.runs["anna"] == 1
    await running.poll(POLL * 1.1 * IDLE_POLLS)
    await running.accounts.reached("anna", 2)


async def test_each_poll_is_carried_out_while_something_is_left_to_do(rung: Running) -> None:
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.poll()
    await rung.accounts.reached("anna", 3)


async def test_a_doorbell_that_goes_deaf_brings_the_polls_back(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    for _ in range(3):
        await rung.leave_out()
    assert rung.accounts.runs["anna"] == 2
    rung.doorbell.broken.set_exception(Retry("the stream broke off"))
    await rung.clock.until_due(POLL * 1.1, 2)  # the poll, and listening again
    rung.clock.advance(POLL * 1.1)
    await rung.accounts.reached("anna", 3)
    await rung.doorbell.called(2)
    await rung.poll()  # it has not rung yet
    await rung.accounts.reached("anna", 4)


async def test_a_ring_ends_the_rest_at_once(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.leave_out()
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 3)


async def test_so_many_first_runs_go_on_at_once(running: Running) -> None:
    running.accounts.held.clear()
    names = [f"a{number}" for number in range(OF_ONE_KIND + 5)]
    running.start(*names)
    await running.accounts.reached(names[OF_ONE_KIND - 1], 1)
    for _ in range(9):
        await asyncio.sleep(0)
    assert running.accounts.runs.total() == OF_ONE_KIND
    running.service.wake(names[-1], "somebody waits for it")
    await running.accounts.reached(names[-1], 1)
    running.accounts.held.set()
    for name in names:
        await running.accounts.reached(name, 1)


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


async def test_the_runs_that_wait_for_their_turn_are_counted(running: Running) -> None:
    running.accounts.held.clear()
    names = [f"account {number}" for number in range(OF_ONE_KIND + 3)]
    running.start(*names)
    await running.accounts.reached(names[OF_ONE_KIND - 1], 1)
    assert running.service.waiting == 3
    running.accounts.held.set()
    await running.accounts.reached(names[-1], 1)
    assert running.service.waiting == 0


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
