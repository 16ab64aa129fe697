"""The board says how each account is, and who reads slowly is told each change once."""

from __future__ import annotations

import asyncio

import pytest

from calsync.service import Board, State
from calsync.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def board(clock: FakeClock) -> Board:
    board = Board(clock)
    board.begin("bert", None)
    board.begin("anna", clock.now())
    return board


def test_an_account_that_is_served_is_starting(board: Board, clock: FakeClock) -> None:
    assert [(one.account, one.state, one.good_at) for one in board.all()] == [
        ("anna", State.STARTING, clock.now()),
        ("bert", State.STARTING, None),
    ]
    board.end("anna")
    with pytest.raises(KeyError):
        board.status("anna")


def test_since_when_is_kept_while_the_state_stays(board: Board, clock: FakeClock) -> None:
    began = clock.now()
    board.note("anna", State.RUNNING, progress=(1, 9))
    clock.advance(5)
    board.note("anna", State.RUNNING, progress=(2, 9))
    assert (board.status("anna").since, board.status("anna").progress) == (began, (2, 9))
    board.note("anna", State.WAITING)
    assert board.status("anna").since == clock.now()


async def test_changes_of_one_moment_are_told_together_and_once(board: Board) -> None:
    changes, other = board.changes(), board.changes()
    board.note("anna", State.WAITING)
    board.note("bert", State.WAITING)
    board.note("anna", State.FAILING, error="down")
    assert await anext(changes) == {"anna", "bert"}
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    assert not waiting.done()
    board.note("anna", State.FAILING, error="down")  # nothing new
    board.end("bert")
    assert await waiting == {"bert"}
    assert await anext(other) == {"anna", "bert"}
