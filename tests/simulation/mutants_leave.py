"""Mutants of leaving: that it removes only what may go, takes every marker, and that coming back is careful."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import carry
from calsync.engine import leave as engine_leave
from calsync.engine import unmark as engine_unmark
from calsync.records import SideState
from calsync.sync import leave
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def _removes(*reasons: str) -> AbstractContextManager[Any]:
    """Remove also what stays for one of these reasons."""
    stays = leave._stays

    def rash(*arguments: Any) -> str | None:
        why = stays(*arguments)
        return None if why in reasons else why

    return patch.object(leave, "_stays", rash)


@contextmanager
def leave_removes_the_last_one() -> Iterator[None]:
    """A copy goes, whether its original is there or not."""

    async def here(*_: Any) -> bool:
        return True

    with _removes("leave_alone", "doubt"), patch.object(carry, "_is_here", here):
        yield


@contextmanager
def leave_trusts_the_plan() -> Iterator[None]:
    """It does not look once more whether the original is there, just before its copy goes."""

    async def here(*_: Any) -> bool:
        return True

    with patch.object(carry, "_is_here", here):
        yield


def leave_removes_edits() -> AbstractContextManager[Any]:
    """A copy goes, whatever somebody has made of it."""
    return _removes("leave_edited", "leave_unsure")


@contextmanager
def leave_removes_originals() -> Iterator[None]:
    """Both events of a pair count as copies."""
    planned = leave.leave

    def rash(view: Any, side: Any, alone: Any) -> Any:
        links = {key: replace(link, origin=side.other) for key, link in view.links.items()}
        return planned(replace(view, links=links), side, alone)

    with patch.object(engine_leave, "leave", rash), patch.object(leave, "leave", rash):
        yield


def leave_forgets_all_pairs() -> AbstractContextManager[Any]:
    """Nothing is kept of pairs that match-up cannot tell."""
    return patch.object(engine_leave, "remembered", lambda view: dict.fromkeys(view.links))


def leave_leaves_markers() -> AbstractContextManager[Any]:
    """The markers stay."""

    async def nothing(_: Any) -> list[Any]:
        return []

    return patch.object(engine_leave, "unmark", nothing)


def leave_comes_back_at_once() -> AbstractContextManager[Any]:
    """Who comes back is not asked first."""

    def asked(**values: Any) -> SideState:
        return SideState(**{**values, "written": None})

    return patch.object(engine_leave, "SideState", asked)


def unmark_mails() -> AbstractContextManager[Any]:
    """A marker is taken from meetings, too, whether their provider refuses that or not."""
    return patch.object(engine_unmark, "may_mail", lambda _: None)
