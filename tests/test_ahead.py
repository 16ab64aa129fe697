from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from calsync.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Source:
    """Three parts, each fetched when it is told to be."""

    def __init__(self, *, broken: bool = False) -> None:
        self.fetched: list[int] = []
        self.closed = False
        self._broken = broken

    async def parts(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                await asyncio.sleep(0)
                self.fetched.append(number)
                if self._broken and number == 1:
                    raise ValueError("broken")
                yield number
        finally:
            self.closed = True


async def turns() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_part_is_fetched_while_one_is_worked_on() -> None:
    source = Source()
    seen = []
    async for part in ahead(source.parts()):
        seen.append(part)
        await turns()
        assert source.fetched == list(range(min(part + 2, 3)))
    assert seen == source.fetched == [0, 1, 2]


async def test_an_error_comes_out_behind_the_parts_before_it() -> None:
    parts = ahead(Source(broken=True).parts())
    assert await anext(parts) == 0
    with pytest.raises(ValueError, match="broken"):
        await anext(parts)


async def test_a_caller_that_stops_early_leaves_nothing_on_its_way() -> None:
    source = Source()
    async with aclosing(ahead(source.parts())) as parts:
        await anext(parts)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert not tasks
    assert source.closed
