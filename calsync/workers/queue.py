"""The queue of turns: Procrastinate, on the store's server.

It keeps nothing that must not be lost: who is due stands in the store, and so does what a run came to. So it has a
schema of the database for itself, named after Procrastinate's version, and none of its migrations is ever needed:
processes of two versions do not see each other's jobs.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from calsync.beside import until
from calsync.errors import StoreError, reason
from calsync.service.service import STOP_SECONDS
from calsync.store.postgresql.connection import REACH, place_of
from calsync.store.postgresql.failures import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from procrastinate.jobs import Job
    from psycopg import AsyncConnection

    from calsync.ports import Clock

SCHEMA = f"calsync_queue_{version('procrastinate').replace('.', '_')}"
NAME = "turns"
"""Of the queue, and of what is done with a job."""
MAKING = 0x63616C7300000003
"""`cals` in ASCII, and a number: a lock while the schema is made."""
CONNECTIONS = 4
"""Of one process, besides one that listens."""
HEARTBEAT, STALLED = 5.0, 20.0
"""Seconds between two signs of life of a worker, and from the last one until its jobs are given to others."""
ALIVE = """
SELECT count(*) AS workers FROM procrastinate_workers
WHERE last_heartbeat > now() - make_interval(secs => %(seconds)s)
"""
AGAIN = 2.0
"""Seconds until a worker whom the server has left tries again."""
log = logging.getLogger("calsync.workers")
for _library in ("procrastinate", "psycopg.pool"):
    # They log each job and each connection, and errors with their texts. What matters is told here.
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


class _Pool(AsyncConnectionPool):
    """Replaces connections that the server has ended. To ask it each time would double the way to it and back."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "check": _expect_open})


async def _expect_open(connection: AsyncConnection[Any]) -> None:
    """Raise psycopg.OperationalError where the server has said that it ends the connection, or is gone."""
    for _ in range(2):  # the first look finds its last words, the second one that there is nothing behind them
        connection.pgconn.consume_input()


class _Jobs(JobManager):
    """Tells the end of each job, however long that takes: its account has no other turn before."""

    def __init__(self, connector: PsycopgConnector, clock: Clock) -> None:
        super().__init__(connector)
        self._clock = clock

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        while True:
            try:
                return await super().finish_job(job, status, delete_job)
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return None  # it was given to another worker, and perhaps done
            await self._clock.sleep(AGAIN)


class Queue:
    """Opened by `open`. Of each account one job waits and one is done, at most. Errors are StoreError."""

    def __init__(self, app: App, clock: Clock, place: str) -> None:
        self._app = app
        self._clock = clock
        self._place = place

    @classmethod
    @asynccontextmanager
    async def open(cls, conninfo: str, clock: Clock) -> AsyncIterator[Queue]:
        """Connect to a database as the store does, and make what is missing there."""
        whole = make_conninfo(
            conninfo,
            application_name="calsync",
            options=f"-c search_path={SCHEMA} -c synchronous_commit=on",
            **REACH,
        )
        connector = PsycopgConnector(pool_factory=_Pool, conninfo=whole, min_size=1, max_size=CONNECTIONS)
        app = App(connector=connector)
        app.job_manager = _Jobs(connector, clock)
        queue = cls(app, clock, place_of(conninfo))
        with queue._told():
            await asyncio.to_thread(_make, conninfo)
            await queue._app.open_async()
        try:
            yield queue
        finally:
            await queue._app.close_async()

    async def put(self, account: str, job: str, proven: Mapping[str, str]) -> str:
        """Have an account run; return which job does it: this one, or the one that waits already.

        `proven` tells the worker to which connections it may sign in again, each with a word of its own.
        """
        deferred = self._app.configure_task(NAME, queue=NAME, lock=account, queueing_lock=account)
        with self._told():
            while True:
                try:
                    await deferred.defer_async(account=account, job=job, proven=dict(proven))
                except AlreadyEnqueued:
                    found = await self._app.job_manager.list_jobs_async(queueing_lock=account, status="todo")
                    for waiting in found:
                        return str(waiting.task_kwargs["job"])
                else:
                    return job

    async def give_back(self) -> None:
        """Have done by others what workers have begun who show no sign of life."""
        with self._told():
            stalled = await self._app.job_manager.get_stalled_jobs(queue=NAME, seconds_since_heartbeat=STALLED)
        for one in stalled:
            given: dict[str, Any] = {**one.task_kwargs}
            log.warning("account %s: its worker does not answer, so another one is asked", given["account"])
            await self._app.job_manager.finish_job(one, Status.FAILED, delete_job=True)
            await self.put(**given)

    async def workers(self) -> int:
        """Return how many workers show signs of life."""
        with self._told():
            found = await self._app.connector.execute_query_one_async(ALIVE, seconds=STALLED)
        return int(found["workers"])

    async def work(self, do: Callable[..., Awaitable[None]], at_once: int, stop: asyncio.Event) -> None:
        """Do jobs, so many at once, until `stop` is set: then those that were begun end, or are cut off.

        `do` gets what `put` was given, by its names. What it raises is a bug, and ends that job only.
        """

        async def job(**given: Any) -> None:
            try:
                await do(**given)
            except Exception as error:
                log.error("a turn came to nothing: %s", reason(error))  # noqa: TRY400 - its text may be a customer's
                raise

        self._app.task(name=NAME, queue=NAME)(job)
        while not stop.is_set():
            worker = Worker(
                self._app,
                queues=[NAME],
                concurrency=at_once,
                shutdown_graceful_timeout=STOP_SECONDS,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
            )
            try:
                with self._told():
                    await _until(stop, worker)
            except StoreError as error:
                log.warning("no turn is taken for now: %s", error)
            await until(stop, self._clock.sleep(AGAIN))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise StoreError instead of what psycopg or Procrastinate say."""
        try:
            yield
        except psycopg.Error as error:
            raise told(self._place, error) from error
        except ConnectorException as error:
            cause = error.__cause__
            known = cause if isinstance(cause, psycopg.Error) else psycopg.OperationalError()
            raise told(self._place, known) from error


async def _until(stop: asyncio.Event, worker: Worker) -> None:
    """Let a worker run until `stop` is set, or the server has left it."""
    running, asked = asyncio.ensure_future(worker.run()), asyncio.ensure_future(stop.wait())  # type: ignore[no-untyped-call]
    try:
        await asyncio.wait([running, asked], return_when=asyncio.FIRST_COMPLETED)
        worker.stop()  # type: ignore[no-untyped-call]
        await running
    finally:
        asked.cancel()
        running.cancel()


def _make(conninfo: str) -> None:
    with psycopg.connect(make_conninfo(conninfo, **REACH)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
        if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() == (None,):
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(SCHEMA)))
            connection.execute(SQL("SET LOCAL search_path TO {}").format(Identifier(SCHEMA)))
            connection.execute(SchemaManager.get_schema())
