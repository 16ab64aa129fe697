"""Checks of connections are made when somebody looks, and not again for some minutes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.desk.checks import KEPT, Checks
from calsync.ports import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.testing import FakeClock

FOUND = [Finding("warning", "the password expires soon")]


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def checks(clock: FakeClock, asked: list[str]) -> Checks:
    async def check(connection: str) -> Sequence[Finding]:
        asked.append(connection)
        await asyncio.sleep(0)
        return FOUND

    return Checks(check, clock)


async def test_a_connection_is_asked_once_for_all_who_look(checks: Checks, asked: list[str]) -> None:
    found = await asyncio.gather(checks.of("crm"), checks.of("crm"), checks.of("mail"))
    assert [one.findings for one in found] == [FOUND] * 3
    assert sorted(asked) == ["crm", "mail"]
    assert checks.last() == {"crm": FOUND, "mail": FOUND}


async def test_what_was_found_is_forgotten_after_minutes(
    checks: Checks, asked: list[str], clock: FakeClock
) -> None:
    await checks.of("crm")
    clock.advance(KEPT.total_seconds())
    assert checks.last() == {}
    await checks.of("crm")
    assert asked == ["crm", "crm"]


async def test_it_is_asked_anew_when_somebody_wants_it_or_it_was_changed(checks: Checks, asked: list[str]) -> None:
    await checks.of("crm")
    await checks.of("crm", anew=True)
    checks.forget("crm")
    assert checks.last() == {}
    await checks.of("crm")
    await checks.of("mail")
    checks.forget()
    assert checks.last() == {}
    assert asked == ["crm", "crm", "crm", "mail"]


async def test_what_is_changed_while_it_is_asked_is_asked_once_more(clock: FakeClock) -> None:
    """Whoever waits for the check of a mistyped token is told of the right one."""
    token, answered = ["mistyped"], asyncio.Event()

    async def check(connection: str) -> Sequence[Finding]:
        del connection
        shown = token[-1]
        await answered.wait()
        return [Finding("ok" if shown == "right" else "error", shown)]

    checks = Checks(check, clock)
    looking = asyncio.create_task(checks.of("crm"))
    await asyncio.sleep(0)
    token.append("right")
    checks.forget("crm")
    changed = asyncio.create_task(checks.of("crm"))
    await asyncio.sleep(0)
    answered.set()
    found = [(await one).findings for one in (looking, changed)]
    assert found == [[Finding("ok", "right")]] * 2
    assert checks.last() == {"crm": [Finding("ok", "right")]}
