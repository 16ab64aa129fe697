"""Limits of requests in a span of time."""

from __future__ import annotations

import pytest

from calsync_sandbox.rate import Rate


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


def test_a_refused_request_may_put_off_the_next_ones(now: list[float]) -> None:
    rate = Rate(lambda: now[0], counts_refused=True)
    assert [rate.wait(2, 10) for _ in range(2)] == [None, None]
    now[0] += 6
    assert rate.wait(2, 10) == 4
    now[0] += 4
    assert rate.wait(2, 10) is None
    assert rate.wait(2, 10) == 10


def test_or_not(now: list[float]) -> None:
    rate = Rate(lambda: now[0], counts_refused=False)
    assert [rate.wait(2, 10) for _ in range(2)] == [None, None]
    now[0] += 6
    assert [rate.wait(2, 10) for _ in range(3)] == [4, 4, 4]
    now[0] += 4
    assert rate.wait(2, 10) is None


def test_a_limit_of_nothing_and_no_limit(now: list[float]) -> None:
    rate = Rate(lambda: now[0], counts_refused=True)
    assert [rate.wait(None, 10) for _ in range(5)] == [None] * 5
    assert rate.wait(0, 10) == 10
