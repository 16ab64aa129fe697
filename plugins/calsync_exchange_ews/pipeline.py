"""Several requests on their way at once, their answers in the order of the questions."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Iterable

T = TypeVar("T")


async def in_turn(questions: Iterable[Coroutine[None, None, T]], width: int) -> AsyncGenerator[T, None]:
    """Yield the results in order, while up to `width` questions are asked: one is worked on, others travel.

    An error comes out in its turn. To be used with `aclosing`: a caller that stops early waits until nothing is
    on its way any more.
    """
    waiting = iter(questions)
    asked: deque[asyncio.Task[T]] = deque()
    try:
        while True:
            while len(asked) < width and (question := next(waiting, None)) is not None:
                asked.append(asyncio.create_task(question))
            if not asked:
                return
            yield await asked[0]
            asked.popleft()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
