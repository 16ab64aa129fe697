"""Fixtures that every test may use."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aioresponses.core
import psycopg
import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses as Wire  # noqa: N812 - a class with a function's name
from psycopg.sql import SQL, Identifier

import calsync.app
from calsync.http import Http
from calsync_sandbox.ews import promise
from tests.fake_app import FakeApp
from tests.free_port import free_port
from tests.house import House
from tests.postgresql import Server, demanded_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calsync.http import Answer


class _Response(ClientResponse):
    """The response that aioresponses 0.7.9 builds.

    aiohttp 3.14 asks for the `stream_writer` that sent the request, which aioresponses does not pass: nothing
    was sent. A later release of it may, and is then left alone.
    """

    def __init__(self, method: str, url: Any, **arguments: Any) -> None:
        arguments.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(method, url, **arguments)


def pytest_configure() -> None:
    """Let Ctrl-C mean what it means at a terminal: a shell has what it runs in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, in one line each, what is missing so that tests were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2].removeprefix("Skipped: ") for report in skipped}
    for reason in sorted(reason for reason in reasons if "NOT THERE" in reason):
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def _aioresponses_on_new_aiohttp() -> Iterator[None]:
    """Make `aioresponses` work on aiohttp from 3.14 on, in every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aioresponses.core, "ClientResponse", _Response)
        yield


@pytest.fixture(autouse=True)
def _nobody_is_mailed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at the bytes of every request of the test: none to an Exchange Server may be able to mail anybody."""
    broken: list[str] = []
    request = Http.request

    async def watched(self: Http, *arguments: Any, **named: Any) -> Answer:
        broken.extend(promise.broken(named.get("body") or b""))
        return await request(self, *arguments, **named)

    monkeypatch.setattr(Http, "request", watched)
    yield
    assert broken == []


@pytest.fixture(autouse=True)
def _each_house_has_its_own_plugin() -> Iterator[None]:
    yield
    sys.modules.pop("calsync_memory", None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Return a configuration in a folder, with a plugin that serves systems in memory."""
    return House(tmp_path)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> type[FakeApp]:
    """Put an app into the command line that answers what the test puts into it."""
    fake = type("App", (FakeApp,), {})
    monkeypatch.setattr(calsync.app, "App", fake)
    monkeypatch.setenv("LC_ALL", "C")
    return fake


@pytest.fixture
def port() -> int:
    """Return a port that a service of this test may listen at."""
    return free_port()


@pytest.fixture
def wire(_aioresponses_on_new_aiohttp: None) -> Iterator[Wire]:
    """Answer requests of aiohttp clients in this test; an unexpected one fails as a refused connection."""
    with Wire() as answers:
        yield answers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with demanded_server() as found:
        yield found


@pytest.fixture
def empty_database(postgresql: Server) -> str:
    """Return how to connect to a database in which nothing is."""
    with psycopg.connect(postgresql.conninfo, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        for (queue,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'calsync_queue%'"):
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(queue)))
        connection.execute("CREATE SCHEMA public")
    return postgresql.conninfo
