"""Many accounts on one loop: each is run again and again, they come and go, and a stop ends them."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from calsync.service.turns import OF_ONE_KIND
from tests.service.accounts import POLL, Running

WHOSE = ContextVar("WHOSE", default="nobody")


async def test_accounts_are_run_again_and_again(running: Running) -> None:
    running.start("anna")
    for count in range(1, 4):
        await running.accounts.reached("anna", count)
        await running.poll()


async def test_polls_are_spread(running: Running) -> None:
    running.start("anna", "bert")
    await running.accounts.reached("bert", 1)
    await running.clock.until_sleeping(2)
    running.clock.advance(POLL * 0.89)
    assert running.accounts.runs == {"anna": 1, "bert": 1}
    running.clock.advance(POLL * 0.22)
    await running.accounts.reached("anna", 2)
    await running.accounts.reached("bert", 2)


async def test_accounts_come_and_go_while_it_runs_also_the_last_one(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.doorbell.called(1)
    await running.service.remove("anna", "nobody")
    assert running.doorbell.ended == 1
    assert running.service.board.all() == []
    running.service.add("bert")
    await running.accounts.reached("bert", 1)
    running.service.add("anna")
    await running.accounts.reached("anna", 2)
    assert running.task is not None
    assert not running.task.done()


async def test_an_account_is_removed_behind_the_run_that_goes_on(running: Running) -> None:
    running.accounts.held.clear()
    running.start("anna", "bert")
    await running.accounts.reached("anna", 1)
    removing = asyncio.create_task(running.service.remove("anna"))
    await asyncio.sleep(0)
    assert not removing.done()
    running.accounts.held.set()
    await removing
    assert running.accounts.ended["anna"] == 1
    assert set(running.service.accounts) == {"bert"}


async def test_a_stop_waits_also_for_accounts_that_are_leaving_but_not_for_long(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.01)
    running.accounts.stuck.add("anna")
    running.start("anna", "bert")
    await running.accounts.reached("anna", 1)
    removing = asyncio.create_task(running.service.remove("anna"))
    await asyncio.sleep(0)
    running.stop.set()
    assert running.task is not None
    await running.task
    await removing
    assert asyncio.all_tasks() == {asyncio.current_task()}
    running.service.add("carl")
    assert "carl" not in running.service.accounts


async def test_a_bug_of_its_own_ends_the_service_and_is_told(running: Running) -> None:
    running.start("anna")
    await running.accounts.reached("anna", 1)
    running.accounts.at_connections = KeyError("a bug")
    await running.poll()
    assert running.task is not None
    with pytest.raises(KeyError, match="a bug"):
        await running.task
    running.task = None


async def test_so_many_first_runs_go_on_at_once(running: Running) -> None:
    running.accounts.held.clear()
    names = [f"a{number}" for number in range(OF_ONE_KIND + 5)]
    running.start(*names)
    await running.accounts.reached(names[OF_ONE_KIND - 1], 1)
    for _ in range(9):
        await asyncio.sleep(0)
    assert running.accounts.runs.total() == OF_ONE_KIND
    running.service.wake(names[-1], "somebody waits for it")
    await running.accounts.reached(names[-1], 1)
    running.accounts.held.set()
    for name in names:
        await running.accounts.reached(name, 1)


async def test_the_runs_that_wait_for_their_turn_are_counted(running: Running) -> None:
    running.accounts.held.clear()
    names = [f"account {number}" for number in range(OF_ONE_KIND + 3)]
    running.start(*names)
    await running.accounts.reached(names[OF_ONE_KIND - 1], 1)
    assert running.service.waiting == 3
    running.accounts.held.set()
    await running.accounts.reached(names[-1], 1)
    assert running.service.waiting == 0


def tasks() -> set[str]:
    """Return what goes on."""
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


async def test_an_account_that_waits_for_its_next_run_has_no_task_but_one_that_listens(running: Running) -> None:
    others = {*tasks(), "Service.run", "Event.wait"}
    running.start("anna")
    assert tasks() - others == {"ServedAccount._round"}
    await running.doorbell.called(1)
    await running.clock.until_sleeping()
    assert tasks() - others == {"Doorbell.listen"}


async def test_runs_are_begun_in_the_context_of_their_account_whoever_rings(running: Running) -> None:
    running.start("anna")
    await running.doorbell.called(1)
    seen: list[str] = []
    running.accounts.looks = lambda: seen.append(WHOSE.get())
    WHOSE.set("somebody who rings")
    running.doorbell.ring()
    await running.settle()
    await running.accounts.reached("anna", 2)
    assert seen == ["nobody"]
