"""What the web process puts on the queue, and what it makes of the answers, without a server."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, cast

import pytest

from calsync.engine import Report
from calsync.errors import Busy, Retry, StoreError
from calsync.testing.clock import FakeClock
from calsync.workers.answer import end, progress
from calsync.workers.deferred import AGAIN, KEEP, LOOK, NOBODY, Deferred

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from datetime import datetime

    from calsync.store.turns import StoredTurns
    from calsync.workers.queue import Queue


class Server:
    """The queue, and what the store keeps of turns."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, str, dict[str, str]]] = []
        self.answered: dict[str, str] = {}
        self.kept: dict[str, datetime] = {}
        self.alive = 1
        self.waits: str | None = None
        self.away = False

    async def put(self, account: str, job: str, proven: Mapping[str, str]) -> str:
        self._expect()
        self.jobs.append((account, job, dict(proven)))
        return self.waits or job

    async def give_back(self) -> None:
        self._expect()

    async def workers(self) -> int:
        return self.alive

    async def answers(self, jobs: Collection[str]) -> Mapping[str, str]:
        self._expect()
        return {job: answer for job, answer in self.answered.items() if job in jobs}

    async def put_due(self, due: Mapping[str, datetime]) -> None:
        self._expect()
        self.kept |= due

    def _expect(self) -> None:
        if self.away:
            raise StoreError("the server is away")


class Web:
    """A run that is waited for."""

    def __init__(self) -> None:
        self.clock, self.server, self.stop = FakeClock(), Server(), asyncio.Event()
        self.requests: list[tuple[str, str, float]] = []
        self.progress: list[tuple[int, int]] = []
        self.report = Report()
        queue, turns = cast("Queue", self.server), cast("StoredTurns", self.server)
        self.deferred = Deferred(queue, turns, self.clock, random.Random(1), self._answered)
        self.works = [asyncio.create_task(work(self.stop)) for work in (self.deferred.look, self.deferred.keep)]

    def run(self, account: str = "anna") -> asyncio.Task[None]:
        return asyncio.create_task(self.deferred.run(account, self.report, self._progress))

    async def passing(self, seconds: float) -> None:
        """Let time pass in steps of a look."""
        for _ in range(round(seconds / LOOK)):
            self.clock.advance(LOOK)
            for _ in range(10):
                await asyncio.sleep(0)

    def _answered(self, connection: str, status: str, seconds: float) -> None:
        self.requests.append((connection, status, seconds))

    def _progress(self, done: int, total: int) -> None:
        self.progress.append((done, total))


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web()
    yield web
    web.stop.set()
    await asyncio.gather(*web.works)


async def test_an_answer_is_waited_for_and_told(web: Web) -> None:
    task = web.run()
    await web.passing(1)
    ((account, job, _),) = web.server.jobs
    assert account == "anna"
    web.server.answered[job] = progress(1, 3)
    await web.passing(1)
    assert web.progress[-1] == (1, 3)
    assert not task.done()
    web.server.answered[job] = end(Report(number=5, at_rest=True), None, [("m365", "200", 0.5)])
    await web.passing(1)
    await task
    assert (web.report.number, web.report.at_rest) == (5, True)
    assert web.requests == [("m365", "200", 0.5)]


async def test_the_job_that_waits_already_is_the_one_that_answers(web: Web) -> None:
    web.server.waits = "of another web process"
    task = web.run()
    await web.passing(1)
    web.server.answered["of another web process"] = end(Report(), Busy("later"))
    await web.passing(1)
    with pytest.raises(Busy):
        await task


async def test_a_job_whose_answer_is_lost_is_put_once_more(web: Web) -> None:
    task = web.run()
    await web.passing(AGAIN + KEEP)
    (_, first, _), (_, second, _) = web.server.jobs
    assert first == second
    web.server.answered[first] = end(Report(), None)
    await web.passing(1)
    await task


async def test_while_the_server_is_away_it_is_waited_for(web: Web) -> None:
    task = web.run()
    await web.passing(1)
    web.server.away = True
    await web.passing(KEEP * 2)
    with pytest.raises(StoreError):
        await web.run("berta")
    web.server.away = False
    web.server.answered[web.server.jobs[0][1]] = end(Report(number=1), None)
    await web.passing(1)
    await task


async def test_a_run_that_nobody_takes_fails_where_no_worker_is(web: Web) -> None:
    task = web.run()
    await web.passing(NOBODY + KEEP)
    assert not task.done()  # one is there, and has much to do
    web.server.alive = 0
    await web.passing(KEEP)
    with pytest.raises(Retry, match="no worker is there"):
        await task


async def test_due_times_are_kept_and_not_lost_at_the_end(web: Web) -> None:
    web.deferred.rests("anna", web.clock.now())
    web.server.away = True
    await web.passing(KEEP)
    assert web.server.kept == {}
    web.server.away = False
    web.stop.set()
    await asyncio.gather(*web.works)
    assert {*web.server.kept} == {"anna"}


async def test_at_the_end_nobody_waits_any_more(web: Web) -> None:
    task = web.run()
    await web.passing(1)
    web.stop.set()
    with pytest.raises(Busy):
        await task
    with pytest.raises(Busy):
        await web.run("berta")


async def test_a_sign_in_that_works_again_is_told_with_the_next_jobs(web: Web) -> None:
    tasks = [web.run()]
    await web.passing(1)
    web.deferred.proven("exchange")
    tasks.append(web.run("berta"))
    await web.passing(1)
    assert [[*proven] for _, _, proven in web.server.jobs] == [[], ["exchange"]]
    web.stop.set()
    await asyncio.gather(*tasks, return_exceptions=True)
