"""What people do with accounts that are served: administrators with every one, users with their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from calsync.desk.decisions import decide
from calsync.desk.refused import Refused, expect_administrator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

    from calsync.config import AccountConfig
    from calsync.desk.accounts import Accounts
    from calsync.desk.audit import Audit
    from calsync.desk.decisions import Case
    from calsync.desk.people import People
    from calsync.engine import Confirmation, Leaving, Report, Undone
    from calsync.people import Person
    from calsync.ports import Clock
    from calsync.records import Selection
    from calsync.store import SqlStore
    from calsync.sync.choices import Choice
    from calsync.sync.model import Direction, Side


T = TypeVar("T")


class Steered(Protocol):
    """What serves the accounts."""

    def wake(self, account: str, reason: str) -> None:
        """Have an account run soon."""

    def proven(self, connection: str) -> None:
        """Run those again whose sign-in to a connection was refused: it has just worked."""

    async def plan(self, account: str) -> Report:
        """Say what a run would do."""

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        """Let what waits be written, if its plan is still the one that a person saw."""

    async def undo(self, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        """Undo writes, if that does what a person saw; without a hash only say what it would do."""

    async def leave(self, account: str, remove: Side | None, who: str, plan_hash: str | None) -> Leaving:
        """Let an account leave, if that does what a person saw; without a hash only say what it would do."""


class Steering:
    """Reached as `Desk.steering`. Every method is told who asks. Refused, account_unknown: it is not theirs."""

    def __init__(
        self,
        store: SqlStore,
        people: People,
        clock: Clock,
        known: Callable[[], Mapping[str, AccountConfig]],
        accounts: Accounts,
        steered: Steered,
        audit: Audit,
    ) -> None:
        """`known` returns the accounts that are served, by name."""
        self._store = store
        self._people = people
        self._clock = clock
        self._known = known
        self._accounts = accounts
        self._steered = steered
        self._audit = audit

    async def switch(self, person: Person, account: str, *, on: bool) -> None:
        """Switch an account on or off; off deletes nothing. Raises Refused, StoreError."""
        await self._expect(person, account)
        await self._accounts.switch(account, person.name, on=on)

    async def switch_all(self, person: Person, accounts: Collection[str], *, on: bool) -> None:
        """Switch many accounts on or off, all at once, but for those that have left meanwhile.

        Raises Refused, administrators_only; StoreError, and then none is switched.
        """
        expect_administrator(person)
        known = self._known()
        there = [account for account in dict.fromkeys(accounts) if account in known]
        await self._accounts.switch_all(there, person.name, on=on)

    async def direct(self, person: Person, account: str, direction: Direction) -> None:
        """Choose an account's direction. Raises Refused, StoreError."""
        await self._expect(person, account)
        await self._accounts.direct(account, direction, person.name)

    async def sync_now(self, person: Person, account: str) -> None:
        """Have an account run soon. Raises Refused."""
        await self._expect(person, account)
        self._steered.wake(account, "a person asked")

    async def sync_connection(self, person: Person, connection: str) -> None:
        """Have all accounts of a connection run soon. Raises Refused, administrators_only."""
        expect_administrator(person)
        for account, config in self._known().items():
            if connection in {config.left.connection, config.right.connection}:
                self._steered.wake(account, "a person asked")

    async def decide(self, person: Person, account: str, names: Collection[str], choice: Choice) -> Sequence[Case]:
        """Take a person's word about cases, as desk.decisions.decide does. Raises Refused, StoreError.

        The account runs soon, and carries it out.
        """
        config = await self._expect(person, account)
        direction = (await self._store.settings.get(account)).direction or config.direction
        taken = await decide(self._store, account, direction, names, choice, self._clock.now())
        if taken:
            await self._audit.note(person, "decision", f"{choice}: {len(taken)}", account=account)
            self._steered.wake(account, "a person decided")
        return taken

    async def plan(self, person: Person, account: str) -> Report:
        """Say what a run of an account would do, behind the one that goes on.

        Raises Refused; Retry, LoginError, AccountError, ConfigError, StoreError, as a run does.
        """
        await self._expect(person, account)
        return await self._steered.plan(account)

    async def confirm(self, person: Person, account: str, plan_hash: str) -> Confirmation:
        """Let what waits be written, if its plan is still the one that the person saw. Raises as `plan`."""
        await self._expect(person, account)

        async def confirmed() -> Confirmation:
            found = await self._steered.confirm(account, plan_hash)
            if found.problem is None:
                await self._audit.note(person, "plan_confirmed", plan_hash, account=account)
            return found

        return await _to_its_end(confirmed())

    async def undo(self, person: Person, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        """Undo writes, if that does what the person saw; without a hash only say what it would do.

        Of other accounts' writes nothing is undone, whatever their numbers. Raises as `plan`.
        """
        await self._expect(person, account)

        async def undone() -> Undone:
            found = await self._steered.undo(account, selection, plan_hash)
            if plan_hash is not None and found.problem is None:
                await self._audit.note(person, "undone", plan_hash, account=account)
            return found

        return await _to_its_end(undone())

    async def leave(self, person: Person, account: str, remove: Side | None, plan_hash: str | None) -> Leaving:
        """Let an account leave, if that does what the person saw; without a hash only say what it would do.

        `remove`: the side whose copies are removed. Raises as `plan`.
        """
        await self._expect(person, account)

        async def left() -> Leaving:
            found = await self._steered.leave(account, remove, person.name, plan_hash)
            if plan_hash is not None and found.problem is None:
                await self._audit.note(person, "left", remove, account=account)
            return found

        return await _to_its_end(left())

    async def _expect(self, person: Person, account: str) -> AccountConfig:
        """Return an account that somebody may steer. Nobody learns which others there are."""
        config = self._known().get(account)
        if config is None or not await self._people.may_see(person, account):
            raise Refused("account_unknown")
        return config


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Do what an account is asked for, and note it, also where who asked waits no longer: it is not broken off."""
    return await asyncio.shield(asyncio.ensure_future(work))
