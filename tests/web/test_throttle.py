"""Guessing passwords is slow, per name and per sender, and locks nobody out."""

from __future__ import annotations

import asyncio

import pytest

from calsync.testing import FakeClock
from calsync.web.throttle import FORGOTTEN, LONGEST, WAITING, Throttle, TooMany, sender_of


def fail(throttle: Throttle, times: int, name: str = "anna", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        throttle.failed(name, address)


def test_who_mistypes_does_not_wait() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, 2)
    assert throttle.delay("name", "anna") == throttle.delay("sender", "10.0.0.1") == 0


def test_each_failure_makes_the_next_wait_longer_up_to_a_bound() -> None:
    throttle, waits = Throttle(FakeClock()), []
    for _ in range(30):
        throttle.failed("Anna ", "10.0.0.1")
        waits.append(throttle.delay("sender", "10.0.0.1"))
    assert waits == sorted(waits)
    assert (waits[2], waits[3], waits[-1]) == (0.5, 1.0, LONGEST["sender"])
    assert throttle.delay("name", "anna") == LONGEST["name"]  # its owner waits some seconds, and gets in


def test_others_do_not_wait() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, 10)
    assert throttle.delay("name", "bernd") == throttle.delay("sender", "10.0.0.2") == 0


def test_success_is_forgiven_to_the_name_and_not_to_the_sender() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, 10)
    throttle.succeeded("ANNA")
    assert throttle.delay("name", "anna") == 0
    assert throttle.delay("sender", "10.0.0.1") > 0


def test_failures_are_forgotten() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    fail(throttle, 10)
    clock.advance(FORGOTTEN.total_seconds() + 1)
    assert throttle.delay("name", "anna") == 0
    fail(throttle, 1)
    assert throttle.delay("name", "anna") == 0


async def test_one_sender_tries_one_after_the_other_and_few_at_once() -> None:
    clock = FakeClock()
    throttle, under_way, most = Throttle(clock), 0, 0
    fail(throttle, 3)

    async def attempt() -> None:
        nonlocal under_way, most
        async with throttle.attempt("anna", "10.0.0.1"):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    tasks = [asyncio.create_task(attempt()) for _ in range(WAITING)]
    await asyncio.sleep(0)  # each has begun to wait
    await clock.until_sleeping()
    with pytest.raises(TooMany):
        await attempt()
    async with throttle.attempt("bernd", "10.0.0.2"):
        pass
    for _ in range(100):
        clock.advance(0.5)
        await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [True] * WAITING
    assert most == 1
    async with throttle.attempt("bernd", "10.0.0.2"):
        pass


def test_memory_is_bounded() -> None:
    throttle = Throttle(FakeClock())
    for number in range(6_000):
        throttle.failed(f"name {number}", f"10.1.{number // 250}.{number % 250}")
    assert len(throttle._failures) == 10_000


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("person 3", "person 3"),
    ],
)
def test_an_ipv6_network_is_one_sender(address: str, sender: str) -> None:
    assert sender_of(address) == sender
