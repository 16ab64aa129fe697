"""What a worker makes of a turn, without a server."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import pytest

from calsync.engine import Report
from calsync.errors import Busy, Retry, StoreError
from calsync.service import Runner
from calsync.testing.clock import FakeClock
from calsync.workers.answer import progress_of, requests_of, take_end
from calsync.workers.worker import AGAIN, TELL_SECONDS, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calsync.service import Listen
    from calsync.store.turns import StoredTurns
    from calsync.workers.queue import Queue


class Turn(Runner):
    """A worker, and one run that a test lets go on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answers: list[tuple[str, str, str]] = []
        self.known = True
        self.error: Exception | None = None
        self.away = False
        self.signed_in_again: list[str] = []
        self.freed: list[list[str]] = []
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()
        self.requests = deque([("m365", "200", 0.5)])
        self.worker = Worker(
            self,
            self.clock,
            random.Random(1),
            cast("Queue", self),
            cast("StoredTurns", self),
            4,
            lambda _: self.known,
            self.signed_in_again.append,
            self.requests,
            self._give_back,
        )

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        report.number = 9
        progress(1, 2)
        self.begun.set()
        await self.goes_on.wait()
        if self.error is not None:
            raise self.error

    def doorbells(self, account: str) -> Sequence[Listen]:
        return []

    def connections(self, account: str) -> Collection[str]:
        return []

    async def answer(self, account: str, job: str, answer: str) -> None:
        if self.away:
            raise StoreError("the server is away")
        self.answers.append((account, job, answer))

    async def work(self, do: Any, at_once: int, stop: asyncio.Event) -> None:
        await stop.wait()

    def take(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.worker.take("anna", "1", {}))

    def end(self) -> Report:
        report = Report()
        take_end(self.answers[-1][2], report)
        return report

    async def _give_back(self, busy: Callable[[], Collection[str]]) -> None:
        if self.away:
            raise StoreError("the server is away")
        self.freed.append([*busy()])


@pytest.fixture
def turn() -> Turn:
    return Turn()


async def test_a_run_is_answered_with_the_requests_so_far(turn: Turn) -> None:
    await turn.take()
    ((account, job, answer),) = turn.answers
    assert (account, job, turn.end().number) == ("anna", "1", 9)
    assert requests_of(answer) == [("m365", "200", 0.5)]
    assert not turn.requests


async def test_how_far_a_run_is_is_told_now_and_then(turn: Turn) -> None:
    turn.goes_on.clear()
    task = turn.take()
    for _ in range(2):
        await turn.clock.until_sleeping()
        turn.clock.advance(TELL_SECONDS)
    await turn.clock.until_sleeping()
    turn.goes_on.set()
    await task
    assert [progress_of(answer) for _, _, answer in turn.answers] == [(1, 2), None]


async def test_a_failure_is_answered(turn: Turn) -> None:
    turn.error = Retry("the server is away", after=60)
    await turn.take()
    with pytest.raises(Retry, match="the server is away"):
        turn.end()


async def test_a_bug_is_logged_where_it_is_and_answered_without_its_text(
    turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    turn.error = KeyError("what a customer wrote")
    await turn.take()
    assert "account anna failed: a bug, KeyError in " in caplog.text
    assert "customer" not in caplog.text + turn.answers[-1][2]


async def test_an_account_that_is_not_known_here_is_left_to_others(turn: Turn) -> None:
    turn.known = False
    await turn.take()
    with pytest.raises(Busy):
        turn.end()
    assert not turn.begun.is_set()


async def test_a_run_that_is_cut_off_is_left_to_others(turn: Turn) -> None:
    turn.goes_on.clear()
    task = turn.take()
    await turn.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Busy, match="its worker was stopped"):
        turn.end()


async def test_an_account_that_leaves_ends_its_run(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calsync.workers.worker.STOP_SECONDS", 0.01)
    turn.goes_on.clear()
    task = turn.take()
    await turn.begun.wait()
    await turn.worker.remove("anna")
    await task
    with pytest.raises(Busy, match="it left its worker"):
        turn.end()


async def test_each_word_lets_a_connection_sign_in_once_more(turn: Turn) -> None:
    for proven in ({"exchange": "a"}, {"exchange": "a"}, {"exchange": "b"}):
        await turn.worker.take("anna", "1", proven)
    assert turn.signed_in_again == ["exchange", "exchange"]


async def test_what_a_later_calsync_says_besides_is_no_obstacle(turn: Turn) -> None:
    await turn.worker.take("anna", "1", {}, later="anything")
    assert turn.end().number == 9


async def test_leases_that_could_not_be_given_back_are_given_back_later(
    turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(turn.worker.run(stop))
    turn.error, turn.away = StoreError("the server is away"), True
    await turn.take()
    assert "account anna: what came of its turn is not told: the server is away" in caplog.text
    for _ in range(2):
        await turn.clock.until_sleeping()
        assert turn.freed == []
        turn.clock.advance(AGAIN)
        await asyncio.sleep(0)
        turn.away = False
    while not turn.freed:  # noqa: ASYNC110 - a few steps
        await asyncio.sleep(0)
    assert turn.freed == [[]]
    stop.set()
    await running
