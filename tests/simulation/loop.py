"""An event loop in virtual time. It runs what is ready in an order that the seed decides, and whole processes die.

A task belongs to the process in whose context it was made. What a dead process had ready is dropped: no `finally`
of it runs, as after a kill. What a frozen one had ready waits.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
import warnings
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import random

    from tests.simulation.steps import Steps

T = TypeVar("T")
PROCESS: ContextVar[Steps | None] = ContextVar("process", default=None)


REGISTERED: Any = vars(asyncio.tasks)["_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks"]
"""Where asyncio keeps all tasks, weakly, which costs more than to make them. A virtual loop keeps its own ones."""


class Timer:
    """What is called at a time, unless it is cancelled before."""

    __slots__ = ("args", "callback", "cancelled", "context")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self.cancelled = False

    def __lt__(self, other: Timer) -> bool:
        """Tell which one comes first of two that are due at the same time: none of them."""
        return False

    def cancel(self) -> None:
        """Cancelled timers are dropped when they are due."""
        self.cancelled = True


Turn = tuple[Context, Callable[..., Any], tuple[Any, ...], Timer | None]
"""What is called with which arguments, in whose context; None, or the timer that may be cancelled until then."""


class Stuck(Exception):  # noqa: N818 - what it is
    """Nothing is left to run, and nothing is due: the simulated world waits for ever."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`time()` jumps to the next timer when nothing is ready."""

    _ready: list[Turn]
    _scheduled: list[tuple[float, Timer]]
    _stopping: bool
    get_debug: Any = bool
    """Never: asked by every future, so it is a type of C that answers False and takes no frame."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self._ready = []
        self._dice = dice
        self._time = 0.0
        self._frozen: dict[Steps, list[Turn]] = {}
        self.steps = 0
        self._kept: list[Any] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self._time

    def pass_time(self, seconds: float) -> None:
        """Let time pass at once, while nobody gets a turn: a process that computes, a machine that sleeps."""
        self._time += seconds

    def thaw(self, process: Steps) -> None:
        """Let a process go on that was frozen."""
        self._ready += self._frozen.pop(process, [])

    def bury(self) -> None:
        """Put an end to what dead processes left, without letting it say or do anything more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # coroutines that were never awaited
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined] # they are meant to be
                    with suppress(BaseException):
                        task.get_coro().close()
            self._kept.clear()
            self._tasks.clear()

    def run_until_complete(self, future: Coroutine[Any, Any, T]) -> T:  # type: ignore[override] # no futures
        REGISTERED.add = self._tasks.append
        try:
            return super().run_until_complete(future)
        finally:
            del REGISTERED.add

    def _asyncgen_firstiter_hook(self, agen: object) -> None:
        """Nobody asks for them."""

    def _asyncgen_finalizer_hook(self, agen: object) -> None:
        """What a dead process was in the middle of is not brought to an end."""

    def call_soon(  # type: ignore[override] # the base checks the types of `args`
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> None:
        """Return no handle, for nobody cancels such a turn, and there are a thousand in each history."""
        self._ready.append((copy_context() if context is None else context, callback, args, None))

    def call_later(  # type: ignore[override] # as `call_at`
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Timer:
        return self.call_at(self._time + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override] # the base has timers of its own, which take four times as long
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Timer:
        timer = Timer(callback, args, copy_context() if context is None else context)
        heapq.heappush(self._scheduled, (when, timer))
        return timer

    def create_task(  # type: ignore[override] # without a factory
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def _run_once(self) -> None:
        """Run what is ready until the loop is told to stop: one call, for histories have a thousand steps."""
        ready, scheduled, draw = self._ready, self._scheduled, self._dice.random
        while not self._stopping:
            if scheduled and scheduled[0][0] <= self._time:
                self._wake()
            while not ready:
                if not scheduled:
                    raise Stuck
                self._time = max(self._time, scheduled[0][0])
                self._wake()
            if len(ready) > 1:  # the last one gives way to one of all
                drawn = int(draw() * len(ready))
                ready[drawn], ready[-1] = ready[-1], ready[drawn]
            turn = ready.pop()
            context, callback, args, timer = turn
            if timer is not None and timer.cancelled:
                continue
            process = context.get(PROCESS)
            if process is not None and not process.step():
                self._put_aside(process, turn)
                continue
            self.steps += 1
            context.run(callback, *args)  # what it raises is a bug, and ends the history

    def _put_aside(self, process: Steps, turn: Turn) -> None:
        if process.dead:
            self._kept.append(turn)  # were it collected, its coroutine's `finally` would run
        else:
            self._frozen.setdefault(process, []).append(turn)

    def _wake(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0][0] <= self._time:
            _, timer = heapq.heappop(scheduled)
            if not timer.cancelled:
                self._ready.append((timer.context, timer.callback, timer.args, timer))

    def _process_events(self, event_list: object) -> None:
        raise AssertionError("there are no sockets")

    def _write_to_self(self) -> None:
        raise AssertionError("there are no threads")
