from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from calsync_exchange_ews.pipeline import in_turn


class Questions:
    """Questions that are answered when a test says so."""

    def __init__(self) -> None:
        self.answers: dict[int, asyncio.Future[int]] = {}

    async def ask(self, number: int) -> int:
        self.answers[number] = asyncio.get_running_loop().create_future()
        return await self.answers[number]


async def at_rest() -> None:
    """Let all tasks come as far as they do without an answer."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_answers_come_in_the_order_of_the_questions() -> None:
    questions = Questions()
    answers = in_turn(map(questions.ask, range(4)), 2)
    first = asyncio.create_task(anext(answers))
    await at_rest()
    assert set(questions.answers) == {0, 1}
    questions.answers[1].set_result(11)
    questions.answers[0].set_result(10)
    assert await first == 10
    second = asyncio.create_task(anext(answers))
    await at_rest()
    assert set(questions.answers) == {0, 1, 2}
    assert await second == 11
    await answers.aclose()


async def test_an_error_comes_out_in_its_turn_and_the_others_are_stopped() -> None:
    questions = Questions()
    answers = in_turn(map(questions.ask, range(3)), 2)
    first = asyncio.create_task(anext(answers))
    await at_rest()
    questions.answers[0].set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await first
    assert questions.answers[1].cancelled()
    assert 2 not in questions.answers


async def test_who_stops_early_leaves_nothing_behind() -> None:
    questions = Questions()
    async with aclosing(in_turn(map(questions.ask, range(3)), 2)) as answers:
        first = asyncio.create_task(anext(answers))
        await at_rest()
        questions.answers[0].set_result(1)
        assert await first == 1
    assert questions.answers[1].cancelled()


async def test_no_questions() -> None:
    questions = Questions()
    assert [one async for one in in_turn(map(questions.ask, ()), 2)] == []
