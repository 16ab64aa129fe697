"""Runs take turns at connections: urgent ones first, neither kind for good, nobody behind what is free."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.service.turns import AT_ONCE, OF_ONE_KIND, Turn, Turns

if TYPE_CHECKING:
    from collections.abc import Iterable


class Door:
    """Runs that take their turn and stay until a test lets them go."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.inside: list[str] = []
        self.most = 0
        self._go: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.asked: dict[str, Turn] = {}

    async def enter(self, *names: str, urgent: bool = False, connections: Iterable[str] = ("crm", "mail")) -> None:
        for name in names:
            self.asked[name] = self.turns.ask(connections, urgent=urgent)
            self._go[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._run(name))
        await self.quiet()

    async def leave(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
        await self.quiet()

    async def quiet(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _run(self, name: str) -> None:
        async with self.asked[name]:
            self.inside.append(name)
            self.most = max(self.most, len(self.inside))
            try:
                await self._go[name].wait()
            finally:
                self.inside.remove(name)


@pytest.fixture
def door() -> Door:
    return Door()


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


async def test_so_many_run_at_once_and_the_next_one_when_one_has_ended(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 2))
    assert door.inside == names("p", OF_ONE_KIND)
    await door.leave("p3")
    assert door.inside[-1] == f"p{OF_ONE_KIND}"
    assert door.most == OF_ONE_KIND


async def test_what_somebody_waits_for_goes_before_what_nobody_waits_for(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 3))
    await door.enter("u0", urgent=True)
    assert "u0" in door.inside
    await door.enter(*names("v", AT_ONCE), urgent=True)
    assert len(door.inside) == AT_ONCE
    await door.leave("p0")
    assert door.inside[-1].startswith("v")


async def test_neither_kind_keeps_the_other_one_out(door: Door) -> None:
    await door.enter(*names("u", 2 * AT_ONCE), urgent=True)
    assert len(door.inside) == OF_ONE_KIND
    await door.enter("p0")
    assert "p0" in door.inside


async def test_a_full_connection_keeps_nobody_from_another_one(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 1), connections=["crm", "mail"])
    await door.enter("q0", connections=["crm", "other mail"])
    await door.enter("r0", connections=["other crm", "other mail"])
    assert "q0" not in door.inside
    assert "r0" in door.inside
    await door.leave("p0")
    assert "q0" not in door.inside  # another one has waited longer
    await door.leave("p1")
    assert "q0" in door.inside


async def test_one_that_waits_may_become_urgent(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 3))
    late = f"p{OF_ONE_KIND + 2}"
    door.asked[late].hurry()
    await door.quiet()
    assert door.inside[-1] == late
    door.asked["p0"].hurry()  # it runs already
    assert len(door.inside) == OF_ONE_KIND + 1


async def test_one_that_gives_up_takes_no_place(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 2))
    door.tasks[f"p{OF_ONE_KIND}"].cancel()
    await door.leave("p0")
    assert door.inside[-1] == f"p{OF_ONE_KIND + 1}"
    door._go["p1"].set()
    await door.enter("late")
    door.tasks["late"].cancel()
    await door.leave(*(name for name in list(door.inside) if name != "late"))
    await door.enter(*names("x", OF_ONE_KIND))
    assert len(door.inside) == OF_ONE_KIND


async def test_a_turn_that_is_given_to_one_that_is_cancelled_at_that_moment_goes_to_the_next(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 2))
    door._go["p0"].set()
    await asyncio.sleep(0)  # it has left, the next one was told, and has not gone on yet
    door.tasks[f"p{OF_ONE_KIND}"].cancel()
    await door.quiet()
    assert door.inside[-1] == f"p{OF_ONE_KIND + 1}"


async def test_a_turn_that_comes_free_for_one_that_was_just_cancelled_goes_to_the_next(door: Door) -> None:
    await door.enter(*names("p", OF_ONE_KIND + 2))
    door._go["p0"].set()
    door.tasks[f"p{OF_ONE_KIND}"].cancel()  # it still stands in the queue when the first one leaves
    await door.quiet()
    assert door.inside[-1] == f"p{OF_ONE_KIND + 1}"
    assert door.turns.waiting == 0


async def test_all_give_up_at_once_and_places_are_given_back_meanwhile(door: Door) -> None:
    """As when the service stops: who is cancelled stays in the queue until it is its turn on the event loop."""
    await door.enter(*names("p", OF_ONE_KIND + 8))
    tasks = list(door.tasks.values())
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results), results
    assert door.turns.waiting == 0
    door.inside.clear()
    await door.enter(*names("n", OF_ONE_KIND))
    assert len(door.inside) == OF_ONE_KIND
    await door.leave(*names("n", OF_ONE_KIND))
