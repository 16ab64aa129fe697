"""Mutants of what an answer proves: of a delete, of a refusal, and of a write of unknown outcome."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import carry, creates, doubts, outcomes, planning
from calsync.errors import EventError
from calsync.ports import Elsewhere, Gone, NoAccess
from calsync.sync import brakes
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@contextmanager
def _proves(place: type) -> Iterator[None]:
    """Let one answer about an event count as proof of its delete, also when it is asked about once more."""
    located, still_there = doubts._located, carry._still_there

    def rash(run: Any, side: Any, seen: Any, found: Any) -> Any:
        if isinstance(found, place):
            return replace(seen, standing=Standing.DELETED, standing_run=run.number)
        return located(run, side, seen, found)

    async def trusting(run: Any, operation: Any) -> Any:
        found = await run.account.calendars[operation.side.other].locate(operation.source.id)
        return None if isinstance(found, place) else await still_there(run, operation)

    with patch.object(doubts, "_located", rash), patch.object(carry, "_still_there", trusting):
        yield


def elsewhere_is_deleted() -> AbstractContextManager[Any]:
    """What was moved to another calendar counts as deleted."""
    return _proves(Elsewhere)


def no_access_is_deleted() -> AbstractContextManager[Any]:
    """What calsync must not see counts as deleted."""
    return _proves(NoAccess)


def gone_once_is_deleted() -> AbstractContextManager[Any]:
    """What a listing does not show, and one read does not find, counts as deleted."""
    return _proves(Gone)


def refused_stops_account() -> AbstractContextManager[Any]:
    """A write that a server refuses puts an end to the run."""
    hopeless = outcomes.hopeless

    def desperate(sent: Any) -> Exception | None:
        refused = [each.error for each in sent if isinstance(each.error, EventError)]
        return refused[0] if refused else hopeless(sent)

    return patch.object(carry, "hopeless", desperate)


@contextmanager
def no_rewrite_brake() -> Iterator[None]:
    """However much a run rewrites, nobody is asked."""
    held = brakes._held

    def lax(operation: Any, reasons: Any) -> Any:
        return held(operation, reasons - {brakes.REWRITES})

    with patch.object(brakes, "_held", lax):
        yield


@contextmanager
def no_waiting_events() -> Iterator[None]:
    """What an open create may have made counts as a new event of a user."""

    def none(run: Any) -> Any:
        return frozenset(run.notebook.state.tombstones)

    with (
        patch.object(creates, "waiting_events", none),
        patch.object(planning, "waiting_events", none),
        patch.object(planning, "possibly_made", lambda _: frozenset()),
    ):
        yield


def no_waiting_links() -> AbstractContextManager[Any]:
    """A pair is written again before the outcome of its last write is known."""
    view_of = planning.view_of

    def hasty(*arguments: Any) -> Any:
        return replace(view_of(*arguments), waiting_links=frozenset())

    return patch.object(planning, "view_of", hasty)
