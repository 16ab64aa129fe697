"""Switches that break what lets a run plan for some events only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import engine
from calsync.engine.notebook import Notebook
from calsync.engine.rest import scope_of
from calsync.store import statements
from calsync.sync.model import Direction, State
from calsync.sync.view import View
from calsync.values import replace

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def _finds_nothing(statement: str) -> AbstractContextManager[Any]:
    nothing = f"SELECT * FROM ({getattr(statements, statement)}) AS found WHERE 1 = 0"  # noqa: S608 - a statement's own
    return patch.object(statements, statement, nothing)


def scope_without_candidates() -> AbstractContextManager[Any]:
    """Where only one side is written, what rests without a link on the other one is nobody's partner."""

    def rash(account: Any, *known: Any) -> Any:
        return scope_of(replace(account, direction=Direction.BOTH), *known)

    return patch.object(engine, "scope_of", rash)


def scope_without_copies() -> AbstractContextManager[Any]:
    """Who else carries the uid of an event is not looked up."""
    return _finds_nothing("SEEN_OF_UID")


def scope_without_tombstones() -> AbstractContextManager[Any]:
    """An event whose id calsync has buried counts as new."""
    return _finds_nothing("TOMBSTONES_OF")


def scope_without_partners() -> AbstractContextManager[Any]:
    """Links of the events are not looked up."""
    return _finds_nothing("LINKS_OF")


def brakes_count_the_scope() -> AbstractContextManager[Any]:
    """The pairs of which nothing was told are not there for brakes and budgets."""

    def awake(view: View) -> int:
        return sum(link.state is State.AWAKE for link in view.links.values())

    return patch.object(View, "awake", property(awake))


def scope_is_never_outgrown() -> AbstractContextManager[Any]:
    """A uid that only a read by id has shown is not looked up."""
    return patch.object(Notebook, "outgrown", lambda _: False)
