"""Fixtures of the end-to-end tests: the sandbox, an agent with two calendars, and syncs of the real program."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.app import App
from calsync.ports import SystemClock
from calsync.testing import FakeClock
from calsync_sandbox.configuration import RULES
from calsync_sandbox.sandbox import Account, Person, Sandbox

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from aiohttp.web import Request

    from calsync.ports import Clock
    from calsync.results import AccountResult, SyncResult
    from calsync_sandbox.configuration import Exchange
    from calsync_sandbox.judge import Direction
    from calsync_sandbox.server import Recorded

ROUNDS = 8
"""Runs after which what has not arrived never will."""
GLANCE_SECONDS = 0.005
SECONDS_TO_STOP = 10
"""Within which a service that is asked to stop has ended, whatever is under way."""
PATIENCE = 60
"""Seconds within which anything else comes about, on a machine that has other things to do."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    output: str
    errors: str

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.errors.splitlines() if " WARNING " in line]


@dataclass
class Agent:
    """The sandbox, and what one person does in it."""

    sandbox: Sandbox
    clock: Clock
    anna: Person
    folder: Path
    """Where calsync's store is."""
    account: str = "anna"

    def at(self, hours: float = 0) -> datetime:
        """Return an instant: so many hours after the same full hour of tomorrow."""
        hour = self.clock.now().replace(minute=0, second=0, microsecond=0)
        return hour + timedelta(days=1, hours=hours)

    def stored(self, sql: str) -> list[Any]:
        """Ask the store, also while calsync works on it. Where it is not made yet, the answer is empty."""
        database = sqlite3.connect(self.folder / "calsync.db", timeout=10)
        try:
            return database.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            database.close()

    def appointment(self, subject: str = "Besichtigung", *, hours: float = 0, **fields: Any) -> dict[str, Any]:
        """Create an appointment in FLOWFACT, as its user interface does."""
        times = {"start_date": ms(self.at(hours)), "end_date": ms(self.at(hours + 1))}
        given = {"subject": subject, "assignee": [self.anna.user["id"]], **times, **fields}
        return self.sandbox.flowfact.create("appointments", given, user=dict(self.anna.user))

    def event(self, subject: str = "Besichtigung", *, hours: float = 0, **properties: Any) -> dict[str, Any]:
        """Create an event in Outlook."""
        times = {"start": utc(self.at(hours)), "end": utc(self.at(hours + 1))}
        return self.anna.mailbox.create({"subject": subject, **times, **properties})

    def patch(self, entity: dict[str, Any], **fields: Any) -> None:
        self.sandbox.flowfact.patch(entity["id"], fields, user=dict(self.anna.user))

    def move(self, entity: dict[str, Any], hours: float) -> None:
        """Move an appointment in FLOWFACT."""
        names = ("start_date", "end_date")
        self.patch(entity, **{name: entity[name]["values"][0] + int(hours * HOUR_MS) for name in names})

    def delete(self, entity: dict[str, Any]) -> None:
        self.sandbox.flowfact.delete(entity["id"], user=dict(self.anna.user))


@dataclass
class World(Agent):
    """An agent, and what calsync does."""

    configuration: Path = field(init=False)

    def __post_init__(self) -> None:
        self.configure()

    def configure(
        self,
        direction: Direction = "both",
        *,
        rules: Sequence[Any] = RULES,
        accounts: Sequence[Account] | None = None,
    ) -> None:
        """Write the configuration anew; the database stays."""
        given = accounts or [Account(name="anna", person=self.anna, direction=direction)]
        self.configuration = self.sandbox.write_configuration(self.folder, given, rules=rules)

    def rewrite(self, old: str, new: str) -> None:
        """Replace a text of the configuration, as somebody with an editor would."""
        text = self.configuration.read_text("utf-8")
        assert old in text
        self.configuration.write_text(text.replace(old, new), "utf-8")

    def without_marker(self) -> None:
        """Configure no field for the marker, as calsync does by default."""
        self.rewrite('field: "calsync_marker"', "field: null")

    async def sync_all(self) -> SyncResult:
        async with App.open(self.configuration, clock=self.clock) as app:
            return await app.sync(None)

    async def sync(self) -> AccountResult:
        """Run anna's account once and expect that it did not fail."""
        result = (await self.sync_all()).accounts["anna"]
        assert result.ok, result.error
        assert result.left.failed == result.right.failed == 0
        return result

    async def settle(self) -> AccountResult:
        """Sync until nothing is left to do; return the last run. Nobody may have been mailed."""
        for _ in range(ROUNDS):
            result = await self.sync()
            if not (result.left.writes or result.right.writes or result.left.linked or result.right.linked):
                self.expect_no_mail()
                return result
        pytest.fail("there is always something left to do")

    def expect_no_mail(self) -> None:
        assert self.sandbox.mails.sent == []
        assert self.sandbox.violations() == []

    def expect_converged(self, paired: int, *, direction: Direction = "both") -> None:
        verdict = self.sandbox.judge(self.anna, direction=direction)
        assert verdict.converged, [str(one) for one in verdict.differences[:5]]
        assert verdict.paired == paired

    async def start(self, command: str, *options: str) -> Process:
        """Start a command of calsync with the configuration, in a process of its own."""
        assert isinstance(self.clock, SystemClock), "another process has another clock"
        arguments = ["-m", "calsync", command, *options, "-c", str(self.configuration)]
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)

    async def command(self, command: str, *options: str) -> Ended:
        """Run a command to its end."""
        return await ended(await self.start(command, *options))

    def clear(self) -> None:
        """Forget the requests so far."""
        self.sandbox.clear()

    def flowfact_writes(self) -> list[Recorded]:
        """Return the requests that wanted to change an appointment; those about a user's rights only ask."""
        entities = self.sandbox.flowfact.sent(path_contains="/entity-service/")
        return [one for one in entities if one.method != "GET" and "/hasaccess/" not in one.path]

    def graph_writes(self) -> list[Recorded]:
        """Return the requests that wanted to change an event. A batch holds reads only, which is checked."""
        batches = self.sandbox.graph.sent("POST", "/$batch")
        asked = {one["method"] for batch in batches for one in json.loads(batch.body)["requests"]}
        assert asked <= {"GET"}
        return [one for one in self.sandbox.graph.sent() if one.method in WRITES and one not in batches]

    def writes(self) -> list[Recorded]:
        return [*self.flowfact_writes(), *self.graph_writes()]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something has become true."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - what is waited for is in the servers' stores, not in a task
                await asyncio.sleep(GLANCE_SECONDS)

    def at_request(self, number: int, act: Callable[[], object]) -> None:
        """Call `act` when the request of this number, counted from now on at all servers, arrives."""
        arrived = 0

        def count(_: Request) -> None:
            nonlocal arrived
            arrived += 1
            if arrived == number:
                act()

        self.at_each_request(count)

    def at_each_request(self, act: Callable[[Request], object]) -> None:
        """Call `act` with each request that arrives at any server from now on, before it is carried out."""
        for server in (self.sandbox.flowfact, self.sandbox.graph, self.sandbox.authority):
            server.arrived = act

    def subjects(self) -> tuple[list[str], list[str]]:
        """Return all subjects of FLOWFACT and of Outlook, each sorted."""
        entities, events = self.sandbox.flowfact.entities.values(), self.anna.mailbox.events.values()
        return sorted(str(value(one, "subject")) for one in entities), sorted(one["subject"] for one in events)

    def arrived(self, subject: str) -> bool:
        """Tell whether FLOWFACT has an appointment with this subject."""
        return any(value(one, "subject") == subject for one in self.sandbox.flowfact.entities.values())

    def in_flowfact(self, subject: str = "Besichtigung") -> dict[str, Any]:
        """Return the only appointment with this subject."""
        (entity,) = [one for one in self.sandbox.flowfact.entities.values() if value(one, "subject") == subject]
        return entity

    def in_outlook(self, subject: str = "Besichtigung") -> dict[str, Any]:
        """Return the only event with this subject."""
        (event,) = [one for one in self.anna.mailbox.events.values() if one["subject"] == subject]
        return event


async def ended(process: Process, log: str = "") -> Ended:
    """Wait for a command's end. `log` is what has been read of its errors before (`logged`)."""
    output, errors = await process.communicate()
    return Ended(process.returncode or 0, output.decode(), log + errors.decode())


async def logged(process: Process, awaited: str) -> str:
    """Wait until a service has logged something; return its log so far."""
    assert process.stderr is not None
    log = ""
    async with asyncio.timeout(PATIENCE):
        while awaited not in log:
            line = await process.stderr.readline()
            assert line, f"it has ended: {log}"
            log += line.decode()
    return log


async def stopped(process: Process, log: str = "") -> Ended:
    """Ask a service that runs to stop, and wait for that. `log` is as in `ended`."""
    process.terminate()
    return await asyncio.wait_for(ended(process, log), PATIENCE)


WRITES = ("POST", "PATCH", "PUT", "DELETE")
HOUR_MS = 3_600_000


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def utc(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def value(entity: dict[str, Any], name: str) -> Any:
    """Return the first value of a FLOWFACT field, None where there is none."""
    values = entity.get(name, {}).get("values", [])
    return values[0] if values else None


async def world_at(clock: Clock, folder: Path, exchange: Exchange = "graph") -> AsyncIterator[World]:
    async with Sandbox(exchange=exchange, now=lambda: clock.now().timestamp()) as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        yield World(sandbox, clock, anna, folder)
        assert sandbox.violations() == []


@pytest.fixture
def clock() -> FakeClock:
    """The time of `world`."""
    return FakeClock()


@pytest.fixture
async def world(clock: FakeClock, tmp_path: Path) -> AsyncIterator[World]:
    """The sandbox and calsync in this process, at a time of their own."""
    async for world in world_at(clock, tmp_path):
        yield world


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[World]:
    """The sandbox in this process at the present time, for commands in processes of their own."""
    async for world in world_at(SystemClock(), tmp_path):
        yield world
