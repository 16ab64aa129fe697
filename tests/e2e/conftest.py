"""Fixtures of the end-to-end tests: the sandbox, an agent with two calendars, and syncs of the real program."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calsync.app import App
from calsync_sandbox.configuration import RULES
from calsync_sandbox.sandbox import Account, Person, Sandbox
from calsync_sandbox.seed import SCHEMA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.results import AccountResult, SyncResult
    from calsync_sandbox.server import Recorded

CALENDARS = Path(__file__).parents[3] / "shared" / "data" / "calendars"
TOMORROW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a real calendar once for each; skip it where there are none."""
    if "calendar" in metafunc.fixturenames:
        found = sorted(CALENDARS.glob("*.ics"))
        no_calendars = pytest.param(
            None, marks=pytest.mark.skip(reason="the real calendars are not on this machine")
        )
        metafunc.parametrize("calendar", found or [no_calendars], ids=lambda path: path.stem if path else "none")


@dataclass
class World:
    """The sandbox, and what people and calsync do in it."""

    sandbox: Sandbox
    anna: Person
    folder: Path
    configuration: Path = field(init=False)

    def __post_init__(self) -> None:
        self.configure()

    def configure(
        self, direction: Any = "both", rules: Any = RULES, accounts: list[Account] | None = None
    ) -> None:
        """Write the configuration anew; the database stays."""
        given = accounts or [Account(name="anna", person=self.anna, direction=direction)]
        self.configuration = self.sandbox.write_configuration(self.folder, given, rules=rules)

    async def sync_all(self) -> SyncResult:
        async with App.open(self.configuration) as app:
            return await app.sync(None)

    async def sync(self) -> AccountResult:
        """Run anna's account once and expect that it did not fail."""
        result = (await self.sync_all()).accounts["anna"]
        assert result.ok, result.error
        assert result.left.failed == result.right.failed == 0
        return result

    async def settle(self) -> AccountResult:
        """Sync until nothing is left to do; return the last run. Nobody may have been mailed."""
        for _ in range(6):
            result = await self.sync()
            if not (result.left.writes or result.right.writes or result.left.linked or result.right.linked):
                assert self.sandbox.mails.sent == []
                assert self.sandbox.graph.schema_violations == []
                return result
        pytest.fail("there is always something left to do")

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run `calsync` in a process of its own; return exit code, standard output and standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "calsync",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    def clear(self) -> None:
        """Forget the requests so far."""
        self.sandbox.flowfact.clear()
        self.sandbox.graph.clear()
        self.sandbox.authority.clear()

    def changing_requests(self) -> list[Recorded]:
        """Return the requests that wanted to change an event."""
        entities = self.sandbox.flowfact.sent(path_contains="/entity-service/")
        found = [*entities, *self.sandbox.graph.sent()]
        return [request for request in found if request.method != "GET" and not request.path.endswith("/$batch")]

    def appointment(self, subject: str = "Besichtigung", *, hours: int = 0, **fields: Any) -> dict[str, Any]:
        """Create an appointment in FLOWFACT, as its user interface does."""
        start = TOMORROW + timedelta(hours=hours)
        times = {"start_date": ms(start), "end_date": ms(start + timedelta(hours=1))}
        given = {"subject": subject, "assignee": [self.anna.user["id"]], **times, **fields}
        return self.sandbox.flowfact.create(SCHEMA, given, user=dict(self.anna.user))

    def event(self, subject: str = "Besichtigung", *, hours: int = 0, **properties: Any) -> dict[str, Any]:
        """Create an event in Outlook."""
        start = TOMORROW + timedelta(hours=hours)
        times = {"start": utc(start), "end": utc(start + timedelta(hours=1))}
        return self.anna.mailbox.create({"subject": subject, **times, **properties})

    def patch(self, entity: dict[str, Any], **fields: Any) -> None:
        self.sandbox.flowfact.patch(entity["id"], fields, user=dict(self.anna.user))

    def delete(self, entity: dict[str, Any]) -> None:
        self.sandbox.flowfact.delete(entity["id"], user=dict(self.anna.user))

    def in_flowfact(self, subject: str = "Besichtigung") -> dict[str, Any]:
        """Return the only appointment with this subject."""
        found = [one for one in self.sandbox.flowfact.entities.values() if one["subject"]["values"] == [subject]]
        (entity,) = found
        return entity

    def in_outlook(self, subject: str = "Besichtigung") -> dict[str, Any]:
        """Return the only event with this subject."""
        (event,) = [one for one in self.anna.mailbox.events.values() if one["subject"] == subject]
        return event


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def utc(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with Sandbox() as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        yield World(sandbox, anna, tmp_path)
