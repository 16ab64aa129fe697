"""An agency: many people with two calendars each, who work on both sides for as long as they are let."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from calsync.ports import SystemClock
from calsync.store import SqliteStore
from calsync.sync.model import Side
from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import Agent
from tests.e2e.people import People

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from aiohttp.web import Request

    from calsync.store import SqlStore
    from calsync_sandbox.sandbox import Sandbox

AT_FIRST = 3
"""Appointments on each side of each account."""
DELETES = 4
"""Of one account: with more of its few appointments deleted, calsync's brake would ask a person."""
EVERYTHING = 1_000_000


class Agency:
    """Everybody's calendars, and what everybody has entered into them."""

    def __init__(self, sandbox: Sandbox, folder: Path, accounts: int, seed: int) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.requests = 0
        """What calsync has asked for so far."""
        self._chance = random.Random(seed)
        self._violations: list[str] = []
        self._agents = [self._agent(number) for number in range(accounts)]
        self._people = [
            People(one, random.Random(f"{seed} {one.account}"), deletes=DELETES) for one in self._agents
        ]
        self._by_owner = {
            str(one.anna.user["id"]): people for one, people in zip(self._agents, self._people, strict=True)
        }
        for server in sandbox.servers:
            server.arrived = self._arrived

    @property
    def accounts(self) -> list[Account]:
        """What is to be configured."""
        return [Account(name=one.account, person=one.anna) for one in self._agents]

    @property
    def entered(self) -> int:
        """How many values people have entered."""
        return sum(len(people.entered) for people in self._people)

    @property
    def overwritten(self) -> int:
        """How many of them calsync wrote over that had been read before they were entered (`People`)."""
        return sum(one.unseen for people in self._people for one in people.entered)

    def begin(self) -> None:
        """Give everybody something to begin with."""
        for people in self._people:
            for side in list(Side) * AT_FIRST:
                people.create(side)

    async def work(self, pace: float) -> None:
        """Let somebody do something about each `pace` seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0, 2 * pace))
            self._chance.choice(self._people).act()

    def forget_requests(self) -> None:
        """Take note of what the servers have to say about calsync, and let them forget it."""
        self._violations += self.sandbox.violations()
        self.requests += sum(len(server.requests) for server in self.sandbox.servers)
        self.sandbox.clear()
        self.sandbox.graph.schema_violations.clear()
        self.sandbox.graph.not_allowed.clear()
        self.sandbox.graph.subscriptions.deliveries.made.clear()

    def apart(self) -> list[str]:
        """Return the accounts whose calendars differ."""
        return [one.account for one in self._agents if not self.sandbox.judge(one.anna).converged]

    def open_writes(self) -> list[Any]:
        """Return the writes of which calsync does not know how they ended."""
        return self.stored("SELECT account, kind FROM intent")

    def later(self) -> set[str]:
        """Return the accounts in which something that failed waits for its next try."""
        return {account for (account,) in self.stored("SELECT DISTINCT account FROM attempt")}

    async def complaints(self) -> list[str]:
        """Return what is wrong with the calendars, with reasons, and what calsync did that it may not do."""
        self.forget_requests()
        store = await self.store()
        found = [*self._violations]
        for one, people in zip(self._agents, self._people, strict=True):
            ledger = await store.ledger(one.account, EVERYTHING)
            found += [f"{one.account}: {complaint}" for complaint in people.complaints(ledger)]
            differences = self.sandbox.judge(one.anna).differences
            found += [f"{one.account}: {difference}" for difference in differences]
        await store.close()
        holds = self.stored("SELECT account, kind, reason, count(*) FROM hold GROUP BY 1, 2, 3")
        return found + [f"{account}: {number} {kind} wait: {reason}" for account, kind, reason, number in holds]

    def stored(self, sql: str) -> list[Any]:
        """Ask the store, also while calsync works on it."""
        return self._agents[0].stored(sql)

    async def store(self) -> SqlStore:
        """Open the store as it is now."""
        return await SqliteStore.copy(self.folder / "calsync.db")

    def leave_out(self, some: int) -> Collection[str]:
        """Choose some accounts."""
        return self._chance.sample([one.account for one in self._agents], min(some, len(self._agents) - 1))

    def _agent(self, number: int) -> Agent:
        person = self.sandbox.add_person(f"a{number}@example.de", first="Anna", last=f"Beispiel {number}")
        return Agent(self.sandbox, SystemClock(), person, self.folder, f"account-{number:03}")

    def _arrived(self, request: Request) -> None:
        """Tell whoever owns an appointment of FLOWFACT what calsync does about it."""
        entity = self.sandbox.flowfact.entities.get(request.path.rpartition("/entities/")[2])
        for owner in entity["assignee"]["values"] if entity is not None else ():
            if owner in self._by_owner:
                self._by_owner[owner].watch(request)
