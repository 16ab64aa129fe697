"""What a person asks for is done between two runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.errors import AccountError, Retry

if TYPE_CHECKING:
    from tests.service.accounts import Running


async def test_an_errand_is_done_between_two_runs_and_a_run_follows(rung: Running) -> None:
    rung.accounts.held.clear()
    await rung.poll()
    await rung.accounts.reached("anna", 2)
    seen: list[int] = []

    async def errand() -> str:
        seen.append(rung.accounts.ended["anna"])
        return "done"

    asked = asyncio.create_task(rung.service.ask("anna", errand))
    await asyncio.sleep(0)
    assert seen == []
    rung.accounts.held.set()
    assert await asked == "done"
    assert seen == [2]
    await rung.accounts.reached("anna", 3)

    async def fail() -> None:
        raise AccountError("no")

    with pytest.raises(AccountError, match="no"):
        await rung.service.ask("anna", fail)
    await rung.accounts.reached("anna", 4)


async def test_an_errand_of_an_account_that_leaves_is_refused(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    running.accounts.stuck.add("anna")
    running.start("anna")
    await running.accounts.reached("anna", 1)

    async def errand() -> None:
        await asyncio.Event().wait()

    asked = asyncio.create_task(running.service.ask("anna", errand))
    await asyncio.sleep(0)
    await running.service.remove("anna")
    with pytest.raises(Retry, match="not served any more"):
        await asked
    with pytest.raises(Retry, match="not served now"):
        await running.service.ask("anna", errand)
    running.service.add("bert")
    await running.accounts.reached("bert", 1)
    asked = asyncio.create_task(running.service.ask("bert", errand))
    await running.clock.until_sleeping()
    await asyncio.sleep(0)
    await running.service.remove("bert")
    with pytest.raises(Retry, match="not served any more"):
        await asked


async def test_no_run_begins_behind_an_errand_of_an_account_that_leaves(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def errand() -> str:
        begun.set()
        await may_end.wait()
        return "done"

    asked = asyncio.create_task(running.service.ask("anna", errand))
    await begun.wait()
    leaving = asyncio.create_task(running.service.remove("anna"))
    await asyncio.sleep(0)
    may_end.set()
    assert await asked == "done"
    await leaving
    assert running.accounts.runs["anna"] == 1


async def test_an_errand_is_refused_at_once_while_the_last_run_comes_to_its_end(rung: Running) -> None:
    rung.accounts.held.clear()
    await rung.poll()
    await rung.accounts.reached("anna", 2)
    rung.stop.set()
    while rung.doorbell.ended == 0:  # noqa: ASYNC110 - the service is to stop
        await asyncio.sleep(0)

    async def errand() -> None:
        raise AssertionError

    with pytest.raises(Retry, match="not served any more"):
        await asyncio.wait_for(rung.service.ask("anna", errand), 20)
    rung.accounts.held.set()


async def test_an_errand_that_is_broken_off_by_itself_fails_and_its_account_is_served_on(rung: Running) -> None:
    async def errand() -> None:
        raise asyncio.CancelledError

    with pytest.raises(Retry, match="broken off"):
        await asyncio.wait_for(rung.service.ask("anna", errand), 20)
    await rung.accounts.reached("anna", 2)
    await rung.poll()
    await rung.accounts.reached("anna", 3)
