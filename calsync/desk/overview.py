"""All accounts at a glance: one row each, searched, filtered, sorted and paged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from calsync.desk.repairs import cause_of, has_card, repairs
from calsync.desk.statuses import Health, health
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.conditions import Conditions
    from calsync.desk.repairs import Cause, Condition, Repair
    from calsync.desk.systems import System
    from calsync.service import Status
    from calsync.sync.model import Direction, Side


class Order(StrEnum):
    """What comes first."""

    PROBLEMS = "problems"
    """Accounts that fail, then those that wait for a person, then the others by name."""
    NAME = "name"
    GOOD_AT = "good_at"
    """Accounts that were not read for the longest time."""
    STATE = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which accounts are looked for."""

    search: str = ""
    """A part of an account's or a system's name, of its address or its owner's name, in any case."""
    states: frozenset[Health] = frozenset()
    """None of them: all."""
    problems: bool = False
    """Only accounts that fail, or that somebody should look at."""
    order: Order = Order.PROBLEMS
    reverse: bool = False
    offset: int = 0
    most: int | None = 50
    """Rows of one page; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One account."""

    account: str
    titles: Mapping[Side, str]
    """What both systems are called."""
    direction: Direction
    status: Status
    health: Health
    held: int = 0
    """How many operations a person can decide about, and has not."""
    blocked: int = 0
    """How many events must not be written."""
    card: Repair | None = None
    """The most urgent of what somebody should look at."""
    pairs: int = 0
    linked: int = 0
    """How many of the pairs are synced, and nothing of them waits or is refused."""
    skipped: int = 0
    """How many events take no part."""

    @property
    def off(self) -> bool:
        return self.health is Health.OFF

    @property
    def good_at(self) -> datetime | None:
        """When both sides were last read without an error."""
        return self.status.good_at

    @property
    def failure(self) -> Cause | None:
        """What its last run failed with."""
        word = self.status.error_class
        return None if self.off or word is None else cause_of(word)

    @property
    def problem(self) -> bool:
        """Whether somebody should look at it."""
        return self.health.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A page of accounts."""

    rows: Sequence[Row]
    total: int
    """How many there are on all pages."""
    states: Mapping[Health, int] = field(default_factory=Counter)
    """How many accounts are in each state, whatever is looked for."""
    problems: int = 0


def row(condition: Condition, cards: Sequence[Repair]) -> Row:
    """Return how an account is, which has these cards."""
    held = blocked = 0
    for one in condition.waiting:
        if one.kind is Kind.BLOCK:
            blocked += one.events
        elif condition.can_decide(one.reason, one.kind):
            held += one.events
    return Row(
        account=condition.account,
        titles=condition.titles,
        direction=condition.direction,
        status=condition.status,
        health=health(condition.status, card=bool(cards)),
        held=held,
        blocked=blocked,
        card=cards[0] if cards else None,
    )


class _Judged(NamedTuple):
    """How an account is, which has to be known of all of them to find those of one page."""

    account: str
    status: Status
    health: Health

    @property
    def name(self) -> str:
        return self.account.casefold()

    @property
    def good_at(self) -> float:
        at = self.status.good_at
        return 0.0 if at is None else at.timestamp()


def overview(
    conditions: Conditions,
    systems: Mapping[str, System],
    now: datetime,
    wanted: Wanted,
    also: Collection[str] = (),
) -> Overview:
    """Return the page that is looked for; its rows lack what is counted page by page.

    Cards are made for the accounts of the page alone. `also`: the accounts that are found by whose they are.
    """
    carded = {one.account for one in conditions.telling() if has_card(one, systems, now)}
    every = [
        _Judged(account, status, health(status, card=account in carded))
        for account, status in conditions.states.items()
    ]
    found = [each for each in every if _matches(each, wanted, conditions, also)]
    found.sort(key=_KEYS[wanted.order], reverse=wanted.reverse)
    shown = [conditions.of(each.account) for each in found[wanted.offset :][: wanted.most]]
    states = Counter(each.health for each in every)
    return Overview(
        rows=[row(one, repairs([one], systems, now)) for one in shown],
        total=len(found),
        states=states,
        problems=sum(count for state, count in states.items() if state.problem),
    )


def with_counts(row: Row, links: Counter[str], unready: int, unsynced: Counter[str]) -> Row:
    """Return a row with what is counted for the rows of one page alone.

    `links`: by state; `unready`: how many of the awake ones wait, or are refused; `unsynced`: by kind.
    """
    return replace(row, pairs=links.total(), linked=links["awake"] - unready, skipped=unsynced["skip"])


def _matches(each: _Judged, wanted: Wanted, conditions: Conditions, also: Collection[str]) -> bool:
    if wanted.states and each.health not in wanted.states:
        return False
    if wanted.problems and not each.health.problem:
        return False
    if not (word := wanted.search.strip().casefold()):
        return True
    titles = conditions.titles.of(conditions.accounts[each.account]).values()
    return each.account in also or any(word in text.casefold() for text in (each.account, *titles))


STATES = tuple(Health)
"""All states, what needs somebody first."""


def _urgency(each: _Judged) -> int:
    return STATES.index(each.health) if each.health.problem else len(STATES)


_KEYS: Mapping[Order, Callable[[_Judged], tuple[float | str, ...]]] = {
    Order.PROBLEMS: lambda each: (_urgency(each), each.name),
    Order.NAME: lambda each: (each.name,),
    Order.GOOD_AT: lambda each: (each.good_at, each.name),
    Order.STATE: lambda each: (STATES.index(each.health), each.name),
}
