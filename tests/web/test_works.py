"""What a page begins goes on without it: once at a time, with an outcome that is shown for minutes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry
from calsync.web.works import Works
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.testing import FakeClock


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def works(clock: FakeClock, told: list[str]) -> Works:
    return Works(clock, told.extend)


async def test_a_work_is_busy_until_its_outcome_is_there_and_pages_are_told_of_both(
    works: Works, told: list[str], clock: FakeClock
) -> None:
    go = asyncio.Event()

    async def work() -> str:
        await go.wait()
        return "done"

    assert works.of("x") is None
    works.begin("x", "anna", work)
    begun = works.of("x")
    assert begun is not None
    assert (begun.busy, begun.outcome, told) == (True, None, ["anna"])
    go.set()
    await ended(works)
    done = works.of("x")
    assert done is not None
    assert (done.busy, done.outcome, done.error, told) == (False, "done", None, ["anna", "anna"])
    clock.advance(601)
    assert works.of("x") is None


async def test_what_is_under_way_is_not_begun_again(works: Works) -> None:
    go, begun = asyncio.Event(), []

    async def work() -> None:
        begun.append(1)
        await go.wait()

    works.begin("x", "anna", work)
    works.begin("x", "anna", work)
    works.forget("x")
    await asyncio.sleep(0)
    assert len(begun) == 1
    go.set()
    await ended(works)
    works.begin("x", "anna", work)
    await ended(works)
    assert len(begun) == 2
    works.forget("x")
    assert works.of("x") is None


async def test_what_failed_says_why_but_a_bug_says_nothing_of_what_it_met(
    works: Works, caplog: pytest.LogCaptureFixture
) -> None:
    async def away() -> None:
        raise Retry("connection mail: busy")

    async def bug() -> None:
        raise ValueError("canary")

    caplog.set_level(logging.DEBUG)
    for work in (away, bug):
        works.begin(work.__name__, "anna", work)
        await ended(works)
    failed, broken = works.of("away"), works.of("bug")
    assert failed is not None
    assert broken is not None
    assert failed.error == "connection mail: busy"
    assert broken.error is not None
    assert "canary" not in caplog.text + broken.error


async def test_at_the_end_nothing_goes_on(works: Works) -> None:
    cut: list[int] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.append(1)

    works.begin("x", "anna", work)
    await asyncio.sleep(0)
    works.end()
    await ended(works)
    assert cut == [1]
