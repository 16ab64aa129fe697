"""How each account is, as of now: what pages show. It is kept in memory and derived from runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from calsync.values import Struct, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calsync.engine import Notices
    from calsync.ports import Clock


class State(StrEnum):
    """What an account does."""

    OFF = "off"
    """A person has switched it off."""
    STARTING = "starting"
    """It has not run yet."""
    WAITING = "waiting"
    """Its last run went well."""
    RUNNING = "running"
    FAILING = "failing"
    """Its last run failed; it is tried again."""


class Status(Struct, frozen=True, kw_only=True):
    """One account at one moment."""

    account: str
    state: State
    since: datetime
    """When it came into this state; of one that fails, when it failed first."""
    good_at: datetime | None = None
    """When the last run began that read both sides without an error."""
    error: str | None = None
    """What the last run failed with, in one sentence."""
    error_class: str | None = None
    """Its class of calsync.errors, or that of a bug."""
    next_try: datetime | None = None
    progress: tuple[int, int] | None = None
    """How many of how many writes are done; None where nothing is written."""
    notices: Notices = field(default_factory=Counter)
    """What the last run that went well did not carry out, and why."""
    held_since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when the oldest of what nobody had decided by then waits, by its reason."""
    doorbell: bool = False
    """Whether both calendars would ring about a change."""


class Board:
    """The status of all accounts that are served."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._statuses: dict[str, Status] = {}
        self._readers: WeakSet[Changes] = WeakSet()

    def status(self, account: str) -> Status:
        """Return the status of an account. Raises KeyError for one that is not served."""
        return self._statuses[account]

    def all(self) -> Sequence[Status]:
        """Return the status of each account, by name."""
        return [status for _, status in sorted(self._statuses.items())]

    def changes(self) -> Changes:
        """Return an iterator of the names of accounts whose status changed, those of one moment together."""
        changes = Changes()
        self._readers.add(changes)
        return changes

    def begin(self, account: str, good_at: datetime | None) -> None:
        """Begin to keep the status of an account."""
        starting = Status(account=account, state=State.STARTING, since=self._clock.now(), good_at=good_at)
        self._put(starting)

    def note(self, account: str, state: State | None = None, **what: Any) -> None:
        """Take note of what changed in an account's status."""
        before = self._statuses[account]
        if state is not None and state is not before.state:
            what = {"state": state, "since": self._clock.now()} | what
        after = replace(before, **what)
        if after != before:
            self._put(after)

    def end(self, account: str) -> None:
        """Forget an account."""
        if self._statuses.pop(account, None) is not None:
            self._tell(account)

    def _put(self, status: Status) -> None:
        self._statuses[status.account] = status
        self._tell(status.account)

    def _tell(self, account: str) -> None:
        for reader in self._readers:
            reader.add(account)


class Changes:
    """Names of accounts that changed since they were last asked for. A slow reader gets each name once."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._any = asyncio.Event()

    def add(self, account: str) -> None:
        self._names.add(account)
        self._any.set()

    def __aiter__(self) -> Changes:
        return self

    async def __anext__(self) -> frozenset[str]:
        await self._any.wait()
        names = frozenset(self._names)
        self._names.clear()
        self._any.clear()
        return names
