"""The suite played from outside pytest: each promise is told, and what stays is named."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from calsync.errors import LoginError, Retry
from calsync.ports import CalendarRequest, Provider
from calsync.testing import MemoryCalendar
from calsync.testing.conformance import FAILED, PASSED, SKIPPED, Promise, play
from tests.testing.broken.writing import cut, with_
from tests.testing.memory_provider import MemoryProvider
from tests.testing.test_connected import somebodys_calendar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager


REQUEST = CalendarRequest(account="tried", settings={}, timezone=ZoneInfo("Europe/Berlin"))


def opening(
    calendar: MemoryCalendar,
) -> Callable[[], AbstractAsyncContextManager[tuple[Provider, CalendarRequest]]]:
    @asynccontextmanager
    async def open_() -> AsyncIterator[tuple[Provider, CalendarRequest]]:
        yield MemoryProvider(calendar), REQUEST

    return open_


def test_every_promise_is_told_and_somebodys_events_stay() -> None:
    calendar, told = somebodys_calendar(), list[Promise]()
    theirs = calendar.events()
    found = play(opening(calendar), told.append)
    assert found.good
    assert found.promises == told
    assert (found.count(PASSED) > 60, found.count(FAILED)) == (True, 0)
    assert all(promise.detail for promise in told if promise.result == SKIPPED)
    assert {promise.group for promise in told} >= {"feed", "reading", "writing", "values", "needs", "trouble"}
    assert calendar.events() == theirs


def test_a_broken_promise_is_told_with_its_place() -> None:
    found = play(opening(with_(normalise=cut)()), lambda _: None, "create stores what it was given")
    [promise] = found.promises
    assert (promise.group, promise.name, promise.result) == (
        "writing",
        "a create stores what it was given",
        FAILED,
    )
    assert "writing.py:" in promise.detail
    assert not found.good


def test_only_some_promises_are_played() -> None:
    found = play(opening(with_()()), lambda _: None, "repeated create")
    assert [(promise.name, promise.result) for promise in found.promises] == [
        ("a repeated create makes no second event", SKIPPED)
    ]


def test_what_stays_is_named() -> None:
    calendar = MemoryCalendar()
    calendar.faults.add("delete", lambda: Retry("busy"), times=None)
    found = play(opening(calendar), lambda _: None, "create stores what it was given")
    assert list(found.left_behind) == list(calendar.markers().values())
    assert not found.good


def test_a_calendar_that_cannot_be_opened_is_an_error_and_no_promise() -> None:
    @asynccontextmanager
    async def refused() -> AsyncIterator[tuple[Provider, CalendarRequest]]:
        raise LoginError("no")
        yield MemoryProvider(MemoryCalendar()), REQUEST

    with pytest.raises(LoginError, match="no"):
        play(refused, lambda _: None)
