"""The queue on a real server: each account once at a time, in the order of their turns, and never forgotten."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

import calsync.workers.queue
from calsync.errors import StoreError
from calsync.ports import SystemClock
from calsync.workers.queue import SCHEMA, Queue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.postgresql import Server

SECONDS = 30.0
END_ALL = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class Done:
    """What a worker has done, and is told to wait for."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, str]] = []
        self.running: set[str] = set()
        self.together: set[frozenset[str]] = set()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._changed = asyncio.Event()

    async def do(self, account: str, job: str, proven: dict[str, str]) -> None:
        assert account not in self.running
        self.running.add(account)
        self.together.add(frozenset(self.running))
        self._changed.set()
        try:
            await self.may_end.wait()
            if account == "broken":
                raise ValueError("what a customer wrote")
        finally:
            self.running.remove(account)
        self.jobs.append((account, job))
        self._changed.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def at_work(queue: Queue, done: Done, at_once: int = 4) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(queue.work(done.do, at_once, stop))
    yield
    stop.set()
    await task


async def test_a_job_is_done_and_gone(queue: Queue, empty_database: str) -> None:
    done = Done()
    assert await queue.put("anna", "1", {}) == "1"
    async with at_work(queue, done):
        await done.until(lambda: done.jobs == [("anna", "1")])
        assert await queue.put("anna", "2", {}) == "2"
        await done.until(lambda: done.jobs == [("anna", "1"), ("anna", "2")])
    assert left(empty_database) == []


async def test_an_account_waits_once_only(queue: Queue) -> None:
    assert await queue.put("anna", "1", {}) == "1"
    assert await queue.put("anna", "2", {}) == "1"
    assert await queue.put("berta", "3", {}) == "3"


async def test_an_account_runs_once_at_a_time_and_others_meanwhile(queue: Queue) -> None:
    done = Done()
    done.may_end.clear()
    await queue.put("anna", "1", {})
    async with at_work(queue, done):
        await done.until(lambda: "anna" in done.running)
        assert await queue.put("anna", "2", {}) == "2"
        await queue.put("berta", "3", {})
        await done.until(lambda: done.running == {"anna", "berta"})
        done.may_end.set()
        await done.until(lambda: len(done.jobs) == 3)
    assert frozenset({"anna", "berta"}) in done.together


async def test_a_bug_ends_its_job_only(
    queue: Queue, empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    done = Done()
    await queue.put("broken", "1", {})
    await queue.put("anna", "2", {})
    async with at_work(queue, done, 1):
        await done.until(lambda: done.jobs == [("anna", "2")])
    assert left(empty_database) == []
    assert "a turn came to nothing: a bug, ValueError" in caplog.text
    assert "customer" not in caplog.text


async def test_what_a_stop_cuts_off_is_gone(
    queue: Queue, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calsync.workers.queue, "STOP_SECONDS", 0.01)
    done = Done()
    done.may_end.clear()
    await queue.put("anna", "1", {})
    async with at_work(queue, done):
        await done.until(lambda: done.running)
    assert not done.running
    assert left(empty_database) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_what_a_worker_has_begun_that_does_not_answer_is_done_by_another(
    queue: Queue, empty_database: str, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(calsync.workers.queue, "STALLED", 1.0)
    await queue.put("anna", "1", {"m365": "word"})
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=take_and_hang, args=(empty_database, theirs))
    process.start()
    try:
        assert await asyncio.to_thread(mine.recv) == "anna"
        await until_one_lives(queue)
        assert process.pid is not None
        os.kill(process.pid, how)
        done = Done()
        async with asyncio.timeout(SECONDS), at_work(queue, done):
            while not done.jobs:
                await queue.give_back()
                await asyncio.sleep(0.05)
        assert done.jobs == [("anna", "1")]
    finally:
        process.kill()
        process.join()


async def until_one_lives(queue: Queue) -> None:
    """Wait until one worker shows signs of life: it may be as late with them as the machine is busy."""
    async with asyncio.timeout(SECONDS):
        while await queue.workers() != 1:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


def take_and_hang(conninfo: str, pipe: Any) -> None:
    async def hang(account: str, job: str, proven: dict[str, str]) -> None:
        pipe.send(account)
        await asyncio.Event().wait()

    async def work() -> None:
        calsync.workers.queue.HEARTBEAT = 0.2
        async with Queue.open(conninfo, SystemClock()) as queue:
            await queue.work(hang, 1, asyncio.Event())

    asyncio.run(work())


async def test_a_worker_goes_on_when_the_server_is_back(
    postgresql: Server, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calsync.workers.queue, "HEARTBEAT", 0.2)
    monkeypatch.setattr(calsync.workers.queue, "AGAIN", 0.1)
    done = Done()
    async with Queue.open(empty_database, SystemClock()) as queue, at_work(queue, done):
        await queue.put("anna", "1", {})
        await done.until(lambda: len(done.jobs) == 1)
        done.may_end.clear()
        await queue.put("anna", "2", {})
        await done.until(lambda: done.running)
        await asyncio.to_thread(postgresql.stop)
        done.may_end.set()
        await done.until(lambda: len(done.jobs) == 2)
        await asyncio.to_thread(postgresql.start)
        await until_put(queue, "anna", "3")
        await done.until(lambda: done.jobs[-1] == ("anna", "3"))


async def until_put(queue: Queue, account: str, job: str) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await queue.put(account, job, {})
            except StoreError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_connection_that_the_server_has_ended_is_replaced(queue: Queue, empty_database: str) -> None:
    await queue.put("anna", "1", {})
    with psycopg.connect(empty_database, autocommit=True) as connection:
        ended = connection.execute(END_ALL).fetchall()
    assert {(True,)} == set(ended)
    assert await queue.put("bert", "2", {}) == "2"


async def test_a_server_that_is_not_there_is_told(tmp_path: Any) -> None:
    with pytest.raises(StoreError, match="the server cannot be reached"):
        async with Queue.open(f"host={tmp_path} dbname=none user=nobody", SystemClock()):
            pytest.fail("it was opened")


async def test_several_processes_may_make_it_at_once(empty_database: str) -> None:
    async def opened() -> int:
        async with Queue.open(empty_database, SystemClock()) as queue:
            return await queue.workers()

    assert [*await asyncio.gather(opened(), opened(), opened())] == [0, 0, 0]


def left(conninfo: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        query = SQL("SELECT args FROM {}.procrastinate_jobs").format(Identifier(SCHEMA))
        return connection.execute(query).fetchall()
