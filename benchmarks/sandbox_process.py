"""The sandbox in a process of its own, so that its servers' work is not counted as a client's."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from yarl import URL

from benchmarks.bare_loop import Request
from benchmarks.cost import cpu_seconds
from calsync_sandbox.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from types import TracebackType

    from calsync_sandbox.configuration import Exchange
    from calsync_sandbox.sandbox import Person

    Fill = Callable[[Sandbox, Person], None]

ADDRESS = "anna@example.de"
SKIPPED_HEADERS = frozenset({"content-length", "host"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where Anna's mailbox is, and who may sign in to it on behalf of its owner."""

    url: str
    username: str
    password: str
    mailbox: str = ADDRESS


class SandboxProcess:
    """Runs a sandbox with one person from entering to leaving. `fill` puts events into her calendars."""

    def __init__(self, exchange: Exchange, fill: Fill) -> None:
        self._pipe, self._theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_run, args=(self._theirs, exchange, fill))

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()  # so that a question to a process that has died is an error, and not asked for ever
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.is_alive():
            self._pipe.send(None)
        self._process.join(timeout=30)

    def place(self) -> Place:
        """Return where the mailbox is served as Exchange Web Services."""
        found: Place = self.ask(_place)
        return found

    def write_configuration(self, folder: str) -> str:
        """Write a configuration for the person's account and return its path."""
        path: str = self.ask(_write_configuration, folder)
        return path

    def requests(self, since: float = 0.0) -> list[Request]:
        """Return what has arrived since an instant of the monotonic clock, in the order of its arrival."""
        found: list[Request] = self.ask(_requests, since)
        return found

    def cpu(self) -> float:
        """Return the seconds of CPU that the servers have used so far."""
        return float(self.ask(_cpu))

    def ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns there: it gets the sandbox, the person and the arguments."""
        self._pipe.send((question, arguments))
        return self._pipe.recv()


def _run(pipe: Connection, exchange: Exchange, fill: Fill) -> None:
    asyncio.run(_serve(pipe, exchange, fill))


async def _serve(pipe: Connection, exchange: Exchange, fill: Fill) -> None:
    """Answer questions until there are no more."""
    loop = asyncio.get_running_loop()
    async with Sandbox(exchange=exchange) as sandbox:
        anna = sandbox.add_person(ADDRESS, first="Anna", last="Beispiel")
        fill(sandbox, anna)
        while (message := await loop.run_in_executor(None, pipe.recv)) is not None:
            question, arguments = message
            pipe.send(question(sandbox, anna, *arguments))


def _cpu(_sandbox: Sandbox, _anna: Person) -> float:
    return cpu_seconds(resource.RUSAGE_SELF)


def _place(sandbox: Sandbox, _anna: Person) -> Place:
    return Place(sandbox.ews.ews_url, sandbox.service.login, sandbox.service.password)


def _write_configuration(sandbox: Sandbox, anna: Person, folder: str) -> str:
    return str(sandbox.write_configuration(Path(folder), [Account(name="anna", person=anna)]))


def _requests(sandbox: Sandbox, _anna: Person, since: float) -> list[Request]:
    servers = [server for server in sandbox.servers if server is not sandbox.authority]
    found = [
        Request(
            server=server.name,
            method=request.method,
            url=str(URL(server.url + request.path).with_query(request.query)),
            headers={name: value for name, value in request.headers.items() if name not in SKIPPED_HEADERS},
            body=request.body,
            began=request.started,
        )
        for server in servers
        for request in server.requests
        if request.started >= since
    ]
    return sorted(found, key=lambda request: request.began)
