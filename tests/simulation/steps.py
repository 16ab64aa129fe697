"""A process of an operating system: it makes steps, and may be killed or frozen at any of them."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from tests.simulation.loop import PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.simulation.world import World


class Steps:
    """What runs in its context belongs to it."""

    def __init__(self, world: World, holder: str) -> None:
        """`holder` is its name among those that share the store."""
        self.world = world
        self.holder = holder
        self.dead = False
        self.frozen = False
        self.freezes = 0
        """How often it went on after it had been frozen: a write of its last step before that is late."""
        self.may_be_off = False
        """It writes although the account was switched off when it began."""
        self.steps = 0
        self._at: dict[int, Callable[[], None]] = {}

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin what it does."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def after_steps(self, steps: int, action: Callable[[], None]) -> None:
        """Do something when the process has made so many more steps: each is what runs between two awaits."""
        self._at[self.steps + steps] = action

    def step(self) -> bool:
        """Count a step that is about to be made; return whether it may be."""
        if self.dead or self.frozen:
            return False
        self.steps += 1
        if self.steps in self._at:
            self._at.pop(self.steps)()
        return not self.dead

    def kill(self) -> None:
        """End it at once. What it had sent is sent; what it had not committed is gone."""
        if not self.dead:
            self.world.note(f"killed {self.holder}")
            self.world.mix["killed"] += 1
            self.ended()

    def ended(self) -> None:
        """Take note that nothing more comes from it."""
        self.dead = True
        self.world.process_ended()

    def freeze(self, seconds: float) -> None:
        """Stop it in the middle of what it does, and let it go on later, as a stopped virtual machine does."""
        self.frozen = True
        self.world.note(f"frozen {self.holder} for {seconds:.0f} s")
        self.world.mix["frozen"] += 1
        self.world.loop.call_later(seconds, self._thaw, context=self.world.context)

    def _thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.freezes += 1
            self.world.note(f"{self.holder} goes on")
            self.world.loop.thaw(self)
