"""All accounts at a glance: one row each, searched, filtered, sorted and paged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.desk.repairs import cause_of
from calsync.service import State
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.repairs import Cause
    from calsync.service import Status
    from calsync.store.showing import Waiting
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
    states: frozenset[State] = frozenset()
    """None of them: all."""
    problems: bool = False
    """Only accounts that fail, or in which something waits for a person."""
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
    held: int
    """How many operations wait for a person."""
    blocked: int
    """How many events must not be written."""
    linked: int = 0
    """How many pairs are synced."""
    skipped: int = 0
    """How many events take no part."""

    @property
    def off(self) -> bool:
        return self.status.state is State.OFF

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
        return not self.off and (self.status.error is not None or self.held > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A page of accounts."""

    rows: Sequence[Row]
    total: int
    """How many there are on all pages."""
    states: Mapping[State, int] = field(default_factory=Counter)
    """How many accounts are in each state, whatever is looked for."""
    problems: int = 0


def row(
    account: str, titles: Mapping[Side, str], direction: Direction, status: Status, waiting: Sequence[Waiting]
) -> Row:
    held = blocked = 0
    for one in waiting:
        if one.kind is Kind.BLOCK:
            blocked += one.events
        else:
            held += one.events
    return Row(account=account, titles=titles, direction=direction, status=status, held=held, blocked=blocked)


def overview(rows: Sequence[Row], wanted: Wanted, whose: Mapping[str, str] | None = None) -> Overview:
    """Return the page that is looked for; its rows lack what is counted page by page.

    `whose`: what accounts are found by as well, by name.
    """
    found = [each for each in rows if _matches(each, wanted, (whose or {}).get(each.account, ""))]
    found.sort(key=_KEYS[wanted.order], reverse=wanted.reverse)
    return Overview(
        rows=found[wanted.offset :][: wanted.most],
        total=len(found),
        states=Counter(each.status.state for each in rows),
        problems=sum(each.problem for each in rows),
    )


def with_counts(
    page: Overview, links: Mapping[str, Counter[str]], unsynced: Mapping[str, Counter[str]]
) -> Overview:
    """Return the page with what is counted for its rows alone."""
    none: Counter[str] = Counter()
    rows = [
        replace(
            each,
            linked=links.get(each.account, none)["awake"],
            skipped=unsynced.get(each.account, none)["skip"],
        )
        for each in page.rows
    ]
    return replace(page, rows=rows)


def _matches(each: Row, wanted: Wanted, whose: str) -> bool:
    if wanted.states and each.status.state not in wanted.states:
        return False
    if wanted.problems and not each.problem:
        return False
    word = wanted.search.strip().casefold()
    return not word or any(word in text.casefold() for text in (each.account, whose, *each.titles.values()))


STATES = (State.FAILING, State.STARTING, State.RUNNING, State.WAITING, State.OFF)
"""All states, what needs somebody first."""


def _urgency(each: Row) -> int:
    if each.off or not each.problem:
        return 2
    return 0 if each.status.error is not None else 1


_KEYS: Mapping[Order, Callable[[Row], tuple[float | str, ...]]] = {
    Order.PROBLEMS: lambda each: (_urgency(each), each.account.casefold()),
    Order.NAME: lambda each: (each.account.casefold(),),
    Order.GOOD_AT: lambda each: (each.good_at.timestamp() if each.good_at else 0.0, each.account.casefold()),
    Order.STATE: lambda each: (STATES.index(each.status.state), each.account.casefold()),
}
