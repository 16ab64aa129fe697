"""An agency: accounts between calendars in memory, run by the real engine and kept by the real chronicle."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.config import AccountConfig
from calsync.config.model import SideConfig, WindowConfig
from calsync.desk import Audit, Explaining, Known, People, Showing, Steering
from calsync.desk.accounts import Accounts
from calsync.desk.decisions import decide, waiting
from calsync.desk.systems import System
from calsync.engine import Account, Confirmation, Engine, Leaving, Report
from calsync.errors import CalsyncError
from calsync.people import OPERATOR, Role
from calsync.service import Board, Chronicle
from calsync.store import MemoryRuns
from calsync.sync.model import Capabilities, Direction, Event, Side, Timed
from calsync.sync.rules import Chain, Rule
from calsync.testing import FakeClock, MemoryCalendar
from calsync.testing.clock import START
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.series_skip import SeriesSkip

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from calsync.config import Config
    from calsync.desk.repairs import Disabled
    from calsync.engine import Undone
    from calsync.loader import Loaded
    from calsync.people import Person
    from calsync.ports import Finding
    from calsync.records import Selection
    from calsync.store import SqliteStore
    from calsync.sync.choices import Choice
    from calsync.sync.rules import Rule

BERLIN = ZoneInfo("Europe/Berlin")
MEETING = Event(
    summary="Besichtigung Haus Meyer",
    when=Timed(START + timedelta(days=1), START + timedelta(days=1, hours=1)),
    description="Schlüssel",
)
SYSTEMS = {
    "crm": System(connection="crm", title="FLOWFACT"),
    "mail": System(connection="mail", title="Outlook", by_person=True),
}


def config(name: str, **changes: Any) -> AccountConfig:
    """Return an account as it is written down."""
    found = AccountConfig(
        name=name,
        left=SideConfig(connection="crm", settings={}, line=1),
        right=SideConfig(connection="mail", settings={}, line=1),
        direction=Direction.BOTH,
        timezone=BERLIN,
        window=WindowConfig(past_days=90, future_days=365),
        policy="right",
        on_target_edit="keep",
        line=1,
    )
    return replace(found, **changes)


class Office:
    """Two accounts, anna and bernd, and what people get to see of them."""

    def __init__(self, store: SqliteStore, clock: FakeClock, people: People) -> None:
        self.store = store
        self.clock = clock
        self.people = people
        self.accounts = {name: config(name) for name in ("anna", "bernd")}
        self.systems = dict(SYSTEMS)
        self.findings: dict[str, Sequence[Finding]] = {}
        self.disabled: list[Disabled] = []
        self.calendars = {
            (name, side): MemoryCalendar(f"{name}-{side}", now=clock.now, capabilities=_capabilities(side))
            for name in self.accounts
            for side in Side
        }
        self.runs = MemoryRuns()
        self.chronicle = Chronicle(store.history, clock)
        self.board = Board(clock)
        """Says how an account is once it has begun there; until then the store does."""
        self.rules: Sequence[Rule] = (SeriesSkip(), AttendeeStripping())
        known = Known(
            accounts=lambda: self.accounts,
            systems=lambda: self.systems,
            board=self.board,
            findings=lambda: self.findings,
            disabled=lambda: self.disabled,
            chain=lambda _: Chain(self.rules),
        )
        self.showing = Showing(store, people, clock, known)
        self.explaining = Explaining(store, self.showing, known)
        self.boss = OPERATOR
        self.woken: list[str] = []
        """Accounts that were woken."""
        self.audit = Audit(store.settings, clock)
        self.steering = Steering(
            store,
            people,
            clock,
            lambda: self.accounts,
            Accounts(store.settings, self._names, clock, self.wake),
            self,
            self.audit,
        )

    @property
    def left(self) -> MemoryCalendar:
        """Anna's FLOWFACT."""
        return self.calendars["anna", Side.LEFT]

    @property
    def right(self) -> MemoryCalendar:
        """Anna's Outlook."""
        return self.calendars["anna", Side.RIGHT]

    async def run(self, name: str = "anna", *, times: int = 1, error: Exception | None = None) -> Report:
        """Run an account, or let its run fail before it begins."""
        for _ in range(times):
            self.clock.advance(60)
            report = Report()
            with suppress(CalsyncError):
                async with self.chronicle.of(name, report):
                    if error is not None:
                        raise error
                    await self._engine.run(await self._account(name), report)
        return report

    def wake(self, account: str, reason: str) -> None:
        del reason
        self.woken.append(account)

    def proven(self, connection: str) -> None:
        self.woken.append(f"all of {connection}")

    async def plan(self, account: str) -> Report:
        report = Report()
        await self._engine.run(await self._account(account), report, write=False)
        return report

    async def first_run(self, config: Config, loaded: Loaded, account: str) -> Report:
        """Say what the first run of an account would do, between the calendars of anna's."""
        del config, loaded, account
        return await self.plan("anna")

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        return await self._engine.confirm(await self._account(account), plan_hash)

    async def undo(self, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        report = Report()
        async with self.chronicle.of(account, report):
            return await self._engine.undo(await self._account(account), selection, report, plan_hash)

    async def leave(self, account: str, remove: Side | None, who: str, plan_hash: str | None) -> Leaving:
        return await self._engine.leave(await self._account(account), remove, who, Report(), plan_hash)

    async def user(self, name: str, *accounts: str) -> Person:
        """Return somebody who looks after these accounts only."""
        return (await self.people.invite(name, Role.USER, accounts)).person

    async def causes(self, person: Person | None = None) -> list[str]:
        return [card.cause.value for card in await self.showing.repairs(person or self.boss)]

    async def conflict(self) -> None:
        """Let both sides of one of anna's events say something else, and a person decide about it."""
        self.accounts["anna"] = replace(self.accounts["anna"], policy="hold")
        await self.edit_both()

    async def edit_both(self) -> None:
        """Let somebody change one of anna's events on both sides before the next run."""
        event = self.left.user_create(MEETING)
        await self.run()
        (copy,) = self.right.events()
        self.left.user_edit(event, summary="links")
        self.right.user_edit(copy, summary="rechts")
        await self.run()

    async def decide(self, choice: Choice) -> None:
        """Say the same about all that waits in anna's account."""
        now, direction = self.clock.now(), self.accounts["anna"].direction
        names = [case.name for case in await waiting(self.store, "anna", direction, now)]
        assert len(await decide(self.store, "anna", direction, names, choice, now)) == len(names)

    async def confirm_all(self) -> None:
        """Confirm what would be done in anna's account."""
        report = await self.plan("anna")
        assert (await self.confirm("anna", report.plan.hash)).problem is None

    @property
    def _engine(self) -> Engine:
        return Engine(self.store, self.runs, self.clock, random.Random(1), "test")

    async def _names(self) -> Collection[str]:
        return self.accounts.keys()

    async def _account(self, name: str) -> Account:
        account = self.accounts[name]
        return Account(
            name=name,
            calendars={side: self.calendars[name, side] for side in Side},
            direction=(await self.store.settings.get(name)).direction or account.direction,
            policy=account.policy,
            on_target_edit=account.on_target_edit,
            chain=Chain(self.rules),
            first_sync=account.first_sync,
            past=timedelta(days=90),
            future=timedelta(days=365),
        )


def _capabilities(side: Side) -> Capabilities:
    return Capabilities(writes_may_mail=side is Side.RIGHT)
