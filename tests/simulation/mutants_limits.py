"""Mutants of what limits calsync: the budget of writes, and what a server grants to its requests."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import planning
from calsync.http import Http
from calsync.http.budget import Budget, Lane
from calsync.http.pause import Pause
from calsync.store import statements
from calsync.sync.budget import NOTHING, Spent, hold_excess
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def no_budget() -> AbstractContextManager[Any]:
    """However much was written lately, everything is written at once."""
    return patch.object(planning, "hold_excess", lambda plan, *_: plan)


@contextmanager
def budget_is_of_one_run() -> Iterator[None]:
    """What other runs have written does not count."""

    def fresh(plan: Any, view: Any, spent: Spent, *rest: Any) -> Any:
        del spent
        return hold_excess(plan, view, NOTHING, *rest)

    with patch.object(planning, "hold_excess", fresh):
        yield


@contextmanager
def budget_has_no_day() -> Iterator[None]:
    """Only the hour counts."""

    def of_the_hour(plan: Any, view: Any, spent: Spent, *rest: Any) -> Any:
        return hold_excess(plan, view, replace(spent, day=spent.hour), *rest)

    with patch.object(planning, "hold_excess", of_the_hour):
        yield


def budget_never_comes_back() -> AbstractContextManager[Any]:
    """What was written counts for ever."""
    return patch.object(statements, "SPENT", statements.SPENT.replace(" AND at >= :since", ""))


def pauses_are_not_shared() -> AbstractContextManager[Any]:
    """A pause holds for the request that was told of it alone."""
    return patch.object(Budget, "lane", lambda self, _: Lane(Pause(self._name, self._clock), self.concurrency))


def pauses_are_not_kept() -> AbstractContextManager[Any]:
    """What a server says of a pause is not read."""
    return patch.object(Http, "_heed", lambda *_: None)


def everything_at_once() -> AbstractContextManager[Any]:
    """Each mailbox has places of its own, and the server counts all of them."""
    return patch.object(Budget, "places", lambda *_: nullcontext())
