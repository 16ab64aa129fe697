"""Switches that break what lets an account be left alone until a side tells of something."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import engine, rest
from calsync.engine.rest import unsettled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@contextmanager
def rests_under_other_terms() -> Iterator[None]:
    """Another direction, or other rules, wait until a side tells of something."""
    with ExitStack() as stack:
        for module in (engine, rest):
            stack.enter_context(patch.object(module, "terms", lambda _: "any"))
        yield


def rests_with_work_left() -> AbstractContextManager[Any]:
    """What a run has left open waits until a side tells of something."""
    return patch.object(engine, "unsettled", lambda run: frozenset(run.notebook.touched or ()))


def rests_while_it_learns() -> AbstractContextManager[Any]:
    """What a run has remembered at last is looked at once a side tells of something."""

    def forgetful(run: Any) -> frozenset[tuple[Any, str]] | None:
        run.notebook.touched = set()
        return unsettled(run)

    return patch.object(engine, "unsettled", forgetful)
