"""How accounts are, from one look at all of them. Most of thousands have nothing to tell, and cost little."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.desk.repairs import Condition
from calsync.service import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync.config import AccountConfig
    from calsync.desk.systems import Titles
    from calsync.service import Status
    from calsync.store.showing import Failing, Remembered, Waiting
    from calsync.sync.model import Direction, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is known of accounts, by name. What is not there is as it should be."""

    accounts: Mapping[str, AccountConfig]
    states: Mapping[str, Status]
    """Of each account."""
    titles: Titles
    directions: Mapping[str, Direction] = field(default_factory=dict)
    """Those that people have chosen."""
    remembered: Mapping[str, Remembered] = field(default_factory=dict)
    """Of those that fail, at least."""
    rebuilds: Mapping[str, str] = field(default_factory=dict)
    unwritten: Mapping[str, Collection[Side]] = field(default_factory=dict)
    waiting: Mapping[str, Sequence[Waiting]] = field(default_factory=dict)
    failing: Mapping[str, Sequence[Failing]] = field(default_factory=dict)

    def of(self, account: str) -> Condition:
        """Return how an account is."""
        config, remembered = self.accounts[account], self.remembered.get(account)
        direction = self.directions.get(account, config.direction)
        return Condition(
            account=account,
            titles=self.titles.of(config),
            connections={config.left.connection, config.right.connection},
            status=self.states[account],
            direction=direction,
            kept=config.kept,
            failing_since=None if remembered is None else remembered.failing_since,
            rebuild=self.rebuilds.get(account),
            unconfirmed=sorted(side for side in self.unwritten.get(account, ()) if direction.writes(side)),
            asks=config.first_sync == "ask",
            waiting=self.waiting.get(account, ()),
            failing=self.failing.get(account, ()),
        )

    def telling(self) -> Sequence[Condition]:
        """Return how those are of which there may be something to tell; all others are quiet."""
        told = self.rebuilds.keys() | self.unwritten.keys() | self.waiting.keys() | self.failing.keys()
        return [
            self.of(account)
            for account, status in self.states.items()
            if status.state is not State.OFF and (account in told or status.error_class is not None)
        ]
